/**
 * A helm in memory, which keeps its releases as helm does: as Secrets of a cluster, one for each revision. It runs nothing of
 * a chart.
 */
import type { Json, JsonObject } from "../../src/model/json.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { Helm, HelmCommand, HelmResult } from "../../src/ports/helm.ts";
import type { FakeCluster } from "./fake-cluster.ts";

const secrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true };

export class FakeHelm implements Helm {
  readonly #cluster: FakeCluster;
  /** `<verb> <release>`, in order. */
  readonly runs: string[] = [];
  /** The last that was handed over, whole. */
  last: HelmCommand | undefined;
  isMissing = false;
  /** Says why it does not do that; undefined: it does. */
  refuse: (run: string) => string | undefined = () => undefined;
  /** What a run waits for before it is done. */
  delay: (signal: AbortSignal) => Promise<void> = async () => undefined;
  major = 3;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  async version() {
    if (this.isMissing) throw new SluiceError({ code: "PROGRAM_MISSING", message: "helm is not installed" });
    return { major: this.major, minor: 22 };
  }

  async run(command: HelmCommand, _kubeconfig: string, signal: AbortSignal): Promise<HelmResult> {
    const { args } = command;
    const [verb = ""] = args;
    const namespace = flagOf(args, "namespace");
    const name = args[args.indexOf("--") + 1] ?? "";
    if (verb !== "get" && verb !== "list") {
      this.last = command;
      this.runs.push(`${verb} ${name}`);
    }
    await this.delay(signal);
    if (signal.aborted) throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "helm was given up" });
    const revisions = await this.#revisions(namespace, name);
    const newest = revisions.at(-1);
    const why = this.refuse(`${verb} ${name}`);
    switch (verb) {
      case "upgrade": {
        if (newest?.labels.get("status")?.startsWith("pending-")) return failed("another operation is in progress");
        const labels = new Map(newest?.labels ?? []);
        for (const pair of flagOf(args, "labels").split(",")) {
          const [key = "", value = ""] = pair.split("=");
          if (value === "null") labels.delete(key);
          else labels.set(key, value);
        }
        const revision = Number(newest?.labels.get("version") ?? 0) + 1;
        await this.store(namespace, name, revision, why === undefined ? "deployed" : "failed", labels);
        for (const { ref, uid } of revisions) await this.#cluster.remove(ref, uid);
        break;
      }
      case "uninstall":
        if (why === undefined) for (const { ref, uid } of revisions) await this.#cluster.remove(ref, uid);
        break;
      case "rollback":
        await this.store(namespace, name, Number(newest?.labels.get("version")) + 1, "deployed", revisions[0]!.labels);
        break;
      case "list":
        return { code: 0, stdout: JSON.stringify([{ chart: "tenant-chart-1.4.2" }]), stderr: "" };
      case "get":
        return { code: 0, stdout: "kind: ConfigMap\nmetadata: {name: a}\n", stderr: "" };
    }
    return why === undefined ? { code: 0, stdout: "", stderr: "" } : failed(why);
  }

  /** As if helm had been run by somebody, or had been ended on its way. */
  async store(
    namespace: string,
    name: string,
    revision: number,
    status: string,
    labels: ReadonlyMap<string, string> = new Map(),
    changedAt = 0,
  ): Promise<void> {
    const own = { owner: "helm", name, version: String(revision), status, modifiedAt: String(changedAt) };
    const all = new Map<string, Json>([...labels, ...Object.entries(own)]);
    const secret = `sh.helm.release.v1.${name}.v${revision}`;
    const metadata = new Map<string, Json>([
      ["name", secret],
      ["namespace", namespace],
      ["labels", all],
    ]);
    const object: JsonObject = new Map<string, Json>([
      ["apiVersion", "v1"],
      ["kind", "Secret"],
      ["metadata", metadata],
    ]);
    await this.#cluster.apply({ kind: secrets, namespace, name: secret }, object, "helm");
  }

  async #revisions(namespace: string, name: string) {
    const found = [];
    for await (const { uid, labels, name: secret } of this.#cluster.listMetadata(secrets, {
      namespace,
      labelSelector: `owner=helm,name=${name}`,
    })) {
      found.push({ uid, labels, ref: { kind: secrets, namespace, name: secret } });
    }
    return found.sort((one, other) => Number(one.labels.get("version")) - Number(other.labels.get("version")));
  }
}

function failed(why: string): HelmResult {
  return { code: 1, stdout: "", stderr: `WARNING: this is old\nError: ${why}\n` };
}

function flagOf(args: readonly string[], name: string): string {
  return args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? "";
}
