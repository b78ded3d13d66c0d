/**
 * What Sluice takes for granted of helm: the real program, against as much of an API server as it asks for its own account
 * and for one ConfigMap. With a real server it is tried in e2e/apply-charts.
 *
 * Needs helm: `npm run tools helm` builds it, then `npm run test:all`.
 */
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../src/adapters/git/git-program.ts";
import { HelmProgram } from "../../src/adapters/programs/helm.ts";
import type { HelmCommand } from "../../src/ports/helm.ts";
import { buildTool, isBuilt } from "../tools/build-tool.ts";

const isReady = process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("helm"));

interface Stored {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
}

const kinds = { namespaces: "Namespace", configmaps: "ConfigMap", secrets: "Secret" } as const;

/** Objects of three kinds, by path. */
class SmallApiServer {
  readonly objects = new Map<string, Stored>();
  readonly server: Server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { status, answer } = this.#answer(request, body);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });

  secrets(): readonly Readonly<Record<string, string>>[] {
    const found = [...this.objects]
      .filter(([path]) => path.includes("/secrets/sh.helm.release."))
      .map(([, { metadata }]) => metadata.labels ?? {});
    return found.sort((one, other) => Number(one.version) - Number(other.version));
  }

  #answer({ method, url = "", headers }: IncomingMessage, body: Buffer): { status: number; answer: object } {
    const { pathname, searchParams } = new URL(url, "http://a");
    const ok = (answer: object, status = 200) => ({ status, answer });
    const missing = {
      status: 404,
      answer: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 },
    };
    if (pathname === "/version") return ok({ major: "1", minor: "37", gitVersion: "v1.37.0" });
    if (pathname === "/api") return ok({ kind: "APIVersions", versions: ["v1"] });
    if (pathname === "/apis") return ok({ kind: "APIGroupList", apiVersion: "v1", groups: [] });
    if (pathname === "/api/v1") {
      const verbs = ["get", "list", "create", "update", "patch", "delete"];
      const resources = Object.entries(kinds).map(([name, kind]) => ({
        name,
        kind,
        namespaced: kind !== "Namespace",
        verbs,
      }));
      return ok({ kind: "APIResourceList", groupVersion: "v1", resources });
    }
    const [, plural = "", name] =
      /^\/api\/v1\/(?:namespaces\/[^/]+\/)?(namespaces|configmaps|secrets)(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const kind = kinds[plural as keyof typeof kinds];
    if (kind === undefined) return missing;
    const typed = (object: object) => ({ apiVersion: "v1", kind, ...object });
    if (name === undefined && method === "POST") {
      const object = parseStored(body);
      this.objects.set(`${pathname}/${object.metadata.name}`, object);
      return ok(typed(object), 201);
    }
    if (name === undefined) {
      const wanted = (searchParams.get("labelSelector") ?? "").split(",").filter((term) => term !== "");
      const isMeant = ({ metadata: { labels = {} } }: Stored) =>
        wanted.every((term) => labels[term.split("=")[0]!] === term.split("=").at(-1));
      const within = [...this.objects].filter(([path]) => path.startsWith(`${pathname}/`)).map(([, object]) => object);
      return ok({ apiVersion: "v1", kind: `${kind}List`, metadata: {}, items: within.filter(isMeant).map(typed) });
    }
    const there = this.objects.get(pathname);
    if (there === undefined) return missing;
    if (method === "DELETE") this.objects.delete(pathname);
    if (method === "PUT") this.objects.set(pathname, parseStored(body));
    if (method === "PATCH") {
      expect(headers["content-type"]).toContain("merge-patch");
      const { data = {} } = parseStored(body);
      this.objects.set(pathname, { ...there, data: { ...there.data, ...data } });
    }
    return ok(typed(this.objects.get(pathname) ?? there));
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** JSON, or a Secret as helm's own client sends it: `k8s`, and runtime.Unknown around the object (k8s.io/api/core/v1). */
function parseStored(body: Buffer): Stored {
  if (!body.subarray(0, 3).equals(Buffer.from("k8s"))) return JSON.parse(body.toString()) as Stored;
  const [raw] = membersOf(body.subarray(4), 2);
  const [metadata] = membersOf(raw!, 1);
  const textOf = (member: number) => membersOf(metadata!, member)[0]?.toString() ?? "";
  const mapOf = (entries: readonly Buffer[], encoding: BufferEncoding) =>
    Object.fromEntries(
      entries.map((one) => [membersOf(one, 1)[0]!.toString(), membersOf(one, 2)[0]?.toString(encoding) ?? ""]),
    );
  return {
    metadata: { name: textOf(1), namespace: textOf(3), labels: mapOf(membersOf(metadata!, 11), "utf8") },
    data: mapOf(membersOf(raw!, 2), "base64"),
  };
}

/** The members of that number in a message of protocol buffers, which are texts or messages. */
function membersOf(message: Buffer, wanted: number): readonly Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    const length = number();
    if ((tag & 7) !== 2) continue;
    if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}

describe.skipIf(!isReady)("needs helm (npm run tools helm): helm", () => {
  let api: SmallApiServer;
  let folder: string;
  let chart: string;
  let kubeconfig: string;
  let helm: HelmProgram;

  const run = (args: readonly string[], values?: string) => {
    const command: HelmCommand = { args, durationMsMax: 60_000, ...(values === undefined ? {} : { values }) };
    return helm.run(command, kubeconfig, new AbortController().signal);
  };
  const where = "--namespace=tenants";
  const install = (flags: readonly string[] = [], values?: string) =>
    run(["upgrade", "--install", where, "--disable-openapi-validation", ...flags, "--", "a", chart], values);
  const plan = () => api.objects.get("/api/v1/namespaces/tenants/configmaps/a")?.data?.plan;

  beforeEach(async () => {
    api = new SmallApiServer();
    api.server.listen(0, "127.0.0.1");
    await once(api.server, "listening");
    const server = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
    const entry = (member: string, value: object) => [{ name: "it", [member]: value }];
    kubeconfig = JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": "it" },
      clusters: entry("cluster", { server }),
      users: entry("user", {}),
      contexts: entry("context", { cluster: "it", user: "it" }),
    });
    folder = await mkdtemp(join(tmpdir(), "sluice-helm-"));
    chart = join(folder, "tenant");
    await mkdir(join(chart, "templates"), { recursive: true });
    await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: tenant\nversion: 1.4.2\n");
    await writeFile(join(chart, "values.yaml"), "plan: small\n");
    const map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {plan: {{ .Values.plan }}}\n";
    const secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: pa55word}\n";
    await writeFile(join(chart, "templates", "all.yaml"), map + secret);
    const env = { ...process.env, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
    helm = new HelmProgram({ program: await buildTool("helm"), run: runProgram, env });
  });
  afterEach(async () => {
    api.server.closeAllConnections();
    api.server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** As if helm had been ended then: by what it writes down, and by its own label. */
  const endAs = async (status: string) => {
    const { gunzipSync, gzipSync } = await import("node:zlib");
    const [path, secret] = [...api.objects].filter(([one]) => one.includes("/sh.helm.release.")).at(-1)!;
    const decode = (text: string) => Buffer.from(text, "base64");
    const release = JSON.parse(gunzipSync(decode(decode(secret.data!.release!).toString())).toString());
    release.info.status = status;
    const written = gzipSync(JSON.stringify(release)).toString("base64");
    const data = { release: Buffer.from(written).toString("base64") };
    api.objects.set(path, {
      ...secret,
      data,
      metadata: { ...secret.metadata, labels: { ...secret.metadata.labels, status } },
    });
  };

  it("keeps our labels from revision to revision, and takes away what is null", { timeout: 120_000 }, async () => {
    expect(await install(["--labels=sluice.dev/part-of=set,sluice.dev/left=true"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(api.secrets().at(-1)).toMatchObject({
      owner: "helm",
      name: "a",
      status: "deployed",
      "sluice.dev/part-of": "set",
    });
    expect(await install([], '{"plan":"large"}'), "by hand").toMatchObject({ code: 0 });
    expect(plan()).toBe("large");
    expect(api.secrets().at(-1)).toMatchObject({
      version: "2",
      "sluice.dev/part-of": "set",
      "sluice.dev/left": "true",
    });
    expect(
      await install(["--labels=sluice.dev/part-of=other,sluice.dev/left=null", "--history-max=2", "--reset-values"]),
    ).toMatchObject({ code: 0 });
    const [older, newest] = api.secrets();
    expect([older?.version, newest?.version, newest?.["sluice.dev/part-of"]]).toEqual(["2", "3", "other"]);
    expect(newest).not.toHaveProperty(["sluice.dev/left"]);
    expect(plan(), "the chart's own").toBe("small");
    expect(Number(newest?.modifiedAt)).toBeGreaterThan(1_700_000_000);
  });

  it.each([
    ["pending-install", 1, "uninstall"],
    ["pending-upgrade", 2, "rollback"],
    ["uninstalling", 1, "uninstall"],
  ])("touches none that is %s, until that is undone", { timeout: 120_000 }, async (status, revisions, remedy) => {
    for (let revision = 1; revision <= revisions; revision++) await install(["--labels=sluice.dev/part-of=set"]);
    await endAs(status);
    expect(await install()).toMatchObject({ code: 1 });
    expect(await run([remedy, where, "--no-hooks", "--", "a"])).toMatchObject({ code: 0 });
    expect(await install(["--labels=sluice.dev/part-of=set"])).toMatchObject({ code: 0 });
    expect(api.secrets().at(-1)).toMatchObject({ status: "deployed", "sluice.dev/part-of": "set" });
  });

  it("says what would come, without what Secrets hold, and changes nothing", { timeout: 120_000 }, async () => {
    await install();
    const before = JSON.stringify([...api.objects]);
    const dry = await install(["--dry-run=server", "--hide-secret", "--output=json"], '{"plan":"large"}');
    const { manifest, chart: of } = JSON.parse(dry.stdout) as {
      manifest: string;
      chart: { metadata: { version: string } };
    };
    expect([of.metadata.version, manifest.includes("plan: large"), manifest.includes("pa55word")]).toEqual([
      "1.4.2",
      true,
      false,
    ]);
    expect(JSON.stringify([...api.objects])).toBe(before);
    const { stdout } = await run(["list", where, "--filter=^a$", "--output=json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "a", chart: "tenant-1.4.2", status: "deployed" }]);
    expect((await run(["get", "manifest", where, "--", "a"])).stdout).toContain("kind: ConfigMap");
  });

  it("uninstalls with its flags, and says why it does not install", { timeout: 120_000 }, async () => {
    await writeFile(
      join(chart, "templates", "no.yaml"),
      '{{ if eq .Values.plan "none" }}{{ fail "no such plan" }}{{ end }}',
    );
    const refused = await install([], '{"plan":"none"}');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Error: ") });
    expect(refused.stderr).toContain("no such plan");
    await install();
    expect(plan()).toBe("small");
    expect(
      await run([
        "uninstall",
        where,
        "--no-hooks",
        "--keep-history",
        "--cascade=foreground",
        "--timeout=90s",
        "--",
        "a",
      ]),
    ).toMatchObject({ code: 0 });
    expect([plan(), api.secrets().at(-1)?.status]).toEqual([undefined, "uninstalled"]);
    expect(await install(), "one that is uninstalled is there no more").toMatchObject({ code: 0 });
    expect(api.secrets().at(-1)?.status).toBe("deployed");
  });
});
