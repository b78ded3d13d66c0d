/**
 * The schema check against a real API server: what it refuses is refused there, and what it takes is taken; also for values
 * of hostile kinds put into every place of common objects.
 *
 * Needs kube-apiserver and etcd: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "../../src/model/json.ts";
import type { ManifestOptions } from "../../src/render/manifests/manifest-options.ts";
import { readManifests } from "../../src/render/read-manifests.ts";
import { writeCanonicalYaml } from "../../src/render/yaml/write-canonical-yaml.ts";
import { interpolate, sourceOf } from "../render/interpolate.ts";
import { refusedObjects, takenObjects } from "../render/schema/cases.ts";
import { type ApiKind, readApiKinds } from "../tools/api-kinds.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { baseObjects, hostileValues, knownDifferences } from "./kube-objects.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

/** The server takes these, and nothing good comes of it: no node pulls the image, and no second apply succeeds. */
const stricter: ReadonlySet<string> = new Set(["an image with a blank", "a resourceVersion"]);

const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
};

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): the schema check", () => {
  let server: KubeApiServer;
  let kinds: ReadonlyMap<string, ApiKind>;

  beforeAll(async () => {
    server = await startKubeApiServer();
    kinds = await readApiKinds(server);
    await server.request("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "a" },
    });
  });
  afterAll(async () => {
    await server?.stop();
  });

  /** What the server says of an object, as Flux asks it: server-side apply, dry run. */
  async function ask(manifest: string): Promise<{ isTaken: boolean; message: string }> {
    const object = parseAllDocuments(manifest)[0]!.toJS() as {
      apiVersion: string;
      kind: string;
      metadata: { name: string; namespace?: string };
    };
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`);
    if (kind === undefined) return { isTaken: false, message: "no such kind" };
    const scope = kind.isNamespaced ? `/namespaces/${object.metadata.namespace ?? "default"}` : "";
    const path = `${kind.base}${scope}/${kind.plural}/${encodeURIComponent(object.metadata.name)}`;
    const { status, body } = await server.apply(path, manifest, "fieldManager=test&force=true&dryRun=All");
    return { isTaken: status < 300, message: String((body as { message?: unknown } | undefined)?.message) };
  }

  it.each(refusedObjects)("%s is refused by the server too", async (name, text) => {
    if (stricter.has(name)) return;
    const { value } = readManifests(interpolate(text, {}), sourceOf(text), { ...options, checks: "off" });
    const answers = await Promise.all(value.map(({ text: manifest }) => ask(manifest)));
    expect(answers.some(({ isTaken }) => isTaken)).toBe(false);
  });

  it.each(takenObjects)("%s: taken by the server too", async (name, text) => {
    if (name === "a kind that nobody knows") return;
    const { value } = readManifests(interpolate(text, {}), sourceOf(text), options);
    expect(value.length).toBeGreaterThan(0);
    for (const { text: manifest } of value) {
      const { isTaken, message } = await ask(manifest);
      expect(isTaken, message).toBe(true);
    }
  });

  it("agrees with the server on hostile values in every place of common objects", async () => {
    const differences: string[] = [];
    let count = 0;
    for (const text of baseObjects) {
      const base = parseJson(JSON.stringify(parseAllDocuments(text)[0]!.toJS())) as JsonObject;
      const told = await ask(writeCanonicalYaml(base));
      expect(told, text).toMatchObject({ isTaken: true });
      for (const path of leafPaths(base)) {
        if (["apiVersion", "kind"].includes(path[0]!) || path.join(".") === "metadata.namespace") continue;
        for (const value of hostileValues) {
          // Null in a list of texts is an empty one to the server, and so to be refused or not.
          if (value === null && /^[0-9]+$/.test(path.at(-1)!)) continue;
          const manifest = writeCanonicalYaml(replaceAt(base, path, value));
          const { value: own, problems } = readManifests(interpolate(manifest, {}), sourceOf(manifest), options);
          // What is a doubt is refused where an event prints it.
          const isOurs = own.length > 0 && problems.length === 0;
          const theirs = await ask(own[0]?.text ?? manifest);
          count++;
          const difference = `${base.get("kind")} ${path.join(".")}`;
          if (isOurs === theirs.isTaken || knownDifferences.has(difference)) continue;
          const why = isOurs ? theirs.message : (problems[0]?.message ?? "");
          differences.push(
            `${difference} = ${writeJson(value)}: ours ${isOurs}, the server's ${theirs.isTaken}: ${why}`,
          );
        }
      }
    }
    expect(count).toBeGreaterThan(1000);
    expect(differences.join("\n")).toBe("");
  });
});

function leafPaths(value: Json, path: readonly string[] = []): string[][] {
  if (isJsonObject(value)) return [...value].flatMap(([key, member]) => leafPaths(member, [...path, key]));
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, index) => leafPaths(item, [...path, String(index)]));
  }
  return [[...path]];
}

function replaceAt(value: Json, [key, ...rest]: readonly string[], leaf: Json): Json {
  if (key === undefined) return leaf;
  if (isJsonObject(value)) return new Map([...value].map(([k, v]) => [k, k === key ? replaceAt(v, rest, leaf) : v]));
  return (value as readonly Json[]).map((item, index) => (String(index) === key ? replaceAt(item, rest, leaf) : item));
}
