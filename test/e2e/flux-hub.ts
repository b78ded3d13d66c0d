/**
 * A hub with Flux's kustomize-controller beside the built program: each commit of the target is offered to Flux, as
 * source-controller does, and what ArtifactGenerators take it apart into, as source-watcher does. Hub and cluster are one
 * API server; Flux reaches the cluster by its kubeconfig.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { HostSnapshot } from "../../src/app/host/host-snapshot.ts";
import { addKubeconfig } from "../tools/add-kubeconfig.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type Flux, generatorsPath, rootPath, startFlux } from "../tools/start-flux.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { usersConnection } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

const tools = ["etcd", "kube-apiserver", "kustomize-controller"] as const;
const run = promisify(execFile);

/** Whether what this needs is built; only where all suites are asked for. */
export async function hasHubTools(): Promise<boolean> {
  if (process.env.SLUICE_TEST_ALL === undefined) return false;
  return (await Promise.all(tools.map((name) => isBuilt(name)))).every(Boolean);
}

export interface FluxHubOptions {
  /** Documents, by file; their one cluster is `fleet/eu`. */
  readonly config: Readonly<Record<string, string>>;
  /** Further members of `delivery`. */
  readonly delivery?: string;
  /** Further settings. */
  readonly settings?: string;
}

/** A Kustomization of the hub as far as tests look at it. */
export interface HubKustomization {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly prune: boolean;
    readonly suspend?: boolean;
    readonly wait?: boolean;
    readonly sourceRef: { readonly kind: string; readonly name: string };
    readonly dependsOn?: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly lastAppliedRevision?: string;
    readonly inventory?: { readonly entries?: readonly { readonly id: string }[] };
  };
}

/** An ArtifactGenerator as Sluice writes it. */
interface Generator {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly artifacts: readonly { readonly name: string; readonly copy: readonly { readonly from: string }[] }[];
  };
}

export class FluxHub {
  readonly server: KubeApiServer;
  readonly flux: Flux;
  readonly bench: Workbench;
  /** Names of the sources that are offered. */
  sources: readonly string[] = ["fleet"];
  /** Revisions of the artifacts that are offered, by name. */
  readonly #artifacts = new Map<string, string>();
  /** The commit that all of is offered. */
  #offered = "";
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;

  private constructor(server: KubeApiServer, flux: Flux, bench: Workbench) {
    this.server = server;
    this.flux = flux;
    this.bench = bench;
    this.#following = this.#follow();
  }

  static async open({ config, delivery = "", settings = "" }: FluxHubOptions): Promise<FluxHub> {
    const server = await startKubeApiServer();
    const flux = await startFlux(server, { path: "./delivery/hub" });
    const bench = await Workbench.open({
      config,
      connection: usersConnection,
      settings: `output: {secrets: plain}
delivery: {kind: flux, ${delivery}retryInterval: 1s, timeout: 60s, hub: {kubeconfig: {file: ${server.kubeconfigFile}}}}
${settings}`,
    });
    await addKubeconfig(server, { namespace: "fleet", secret: "eu-sveltos-kubeconfig", key: "kubeconfig" });
    await bench.start();
    return new FluxHub(server, flux, bench);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#following;
    await this.bench.close();
    await this.flux.stop();
    await this.server.stop();
  }

  async #follow(): Promise<void> {
    let last = "";
    const folder = join(this.bench.folder, "source");
    while (!this.#stopped.signal.aborted) {
      const head = (await this.bench.git("rev-parse", "main").catch(() => "")).trim();
      const text = `${head} ${this.sources.join()}`;
      const hasHub = head !== "" && (await this.bench.git("ls-tree", "main", "delivery/hub").catch(() => "")) !== "";
      if (hasHub && text !== last) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder);
        await run("bash", [
          "-c",
          `git -C ${join(this.bench.folder, "fleet.git")} archive ${head} | tar -x -C ${folder}`,
        ]);
        await this.flux.offer(folder, head, this.sources);
        last = text;
      }
      if (hasHub) await this.#offerArtifacts(head);
      if (hasHub) this.#offered = head;
      await sleep(200, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  /** Each folder that a generator on the hub asks for, where it is not as it was. */
  async #offerArtifacts(commit: string): Promise<void> {
    const { body } = await this.server.request("GET", generatorsPath);
    const wanted = (body as { items: readonly Generator[] }).items.flatMap(({ metadata: { namespace }, spec }) =>
      spec.artifacts.map(({ name, copy: [{ from } = { from: "" }] }) => ({
        ...{ namespace, name, folder: /^@[^/]+\/(.+)\/\*\*$/.exec(from)![1]! },
      })),
    );
    if (wanted.length === 0) return;
    const trees = await this.bench.git("rev-parse", ...wanted.map(({ folder }) => `${commit}:${folder}`));
    for (const [index, tree] of trees.trim().split("\n").entries()) {
      const { namespace, name } = wanted[index]!;
      const revision = `latest@sha1:${tree}`;
      if (this.#artifacts.get(name) === revision) continue;
      const file = join(this.bench.folder, "artifact.tar.gz");
      await this.bench.git("archive", "--format=tar.gz", `--output=${file}`, tree);
      await this.flux.offerArtifact({ namespace, name, revision }, await readFile(file));
      this.#artifacts.set(name, revision);
    }
  }

  async send(type: string, ...subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      await this.bench.publish(
        "user-operation",
        JSON.stringify({ specversion: "1.0", id: `${type}-${subject}`, type, source: "auth", subject }),
      );
    }
  }

  /** Namespaces that are called so and not on their way out, with their uids. */
  async namespaces(isMeant: RegExp): Promise<ReadonlyMap<string, string>> {
    const { body } = await this.server.request("GET", "/api/v1/namespaces");
    const { items } = body as {
      items: readonly { metadata: { name: string; uid: string; deletionTimestamp?: string } }[];
    };
    const there = items.filter(
      ({ metadata: { name, deletionTimestamp } }) => isMeant.test(name) && deletionTimestamp === undefined,
    );
    return new Map(there.map(({ metadata: { name, uid } }) => [name, uid]));
  }

  async leading(): Promise<NonNullable<HostSnapshot["leading"]>> {
    const { stdout, stderr } = await this.bench.sluice("status", "-o", "json");
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as HostSnapshot).leading!;
  }

  /** Of clusters, by name. */
  async kustomizations(): Promise<ReadonlyMap<string, HubKustomization>> {
    const path = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/fleet/kustomizations";
    const { body } = await this.server.request("GET", path);
    const { items } = body as { items: readonly HubKustomization[] };
    return new Map(items.map((one) => [one.metadata.name, one]));
  }

  /** As `until` of the workbench; where it waits in vain it says how the units stand. */
  async until(isTrue: () => boolean | Promise<boolean>, what: string, msMax = 120_000): Promise<void> {
    await until(isTrue, what, msMax).catch(async (error: Error) => {
      const path = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
      const { body } = await this.server.request("GET", path);
      const { items } = body as { items: readonly { metadata: { name: string }; status?: { conditions?: unknown } }[] };
      const units = items.map(({ metadata, status }) => [metadata.name, status?.conditions]);
      throw new Error(
        `${error.message}: ${JSON.stringify(units)}\n${await this.bench.git("log", "--oneline", "-5", "main")}`,
      );
    });
  }

  /** Whether the one that applies all of the hub has applied what the target holds now. */
  async isRootApplied(): Promise<boolean> {
    const head = (await this.bench.git("rev-parse", "main")).trim();
    const { body } = await this.server.request("GET", rootPath);
    return (body as HubKustomization).status?.lastAppliedRevision === `main@sha1:${head}`;
  }

  /** Whether all units of clusters have applied what the target holds now, or their artifacts of it. */
  async isApplied(): Promise<boolean> {
    const head = (await this.bench.git("rev-parse", "main")).trim();
    const all = [...(await this.kustomizations()).values()];
    return (
      all.length > 0 &&
      this.#offered === head &&
      all.every(({ spec: { sourceRef }, status }) => {
        const wanted =
          sourceRef.kind === "ExternalArtifact" ? this.#artifacts.get(sourceRef.name) : `main@sha1:${head}`;
        return wanted !== undefined && status?.lastAppliedRevision === wanted;
      })
    );
  }
}
