/** A folder of the target that people and Sluice change, a cluster, and the applier between them. */
import { ClusterApplier, type DriftOptions, type PassReport, readParentName } from "../../src/apply/cluster-applier.ts";
import type { Adoption } from "../../src/apply/decide.ts";
import { type ClusterParts, findFolder } from "../../src/apply/open-applier.ts";
import { type ApplyAction, isTrouble } from "../../src/apply/outcome.ts";
import { PolicyReader } from "../../src/apply/owner-policies.ts";
import type { TargetHead } from "../../src/apply/target-follower.ts";
import { parseYaml11Stream } from "../../src/go-template/index.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import type { Clock } from "../../src/ports/system.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../fakes/fake-git-repository.ts";

const folder = "rendered/fleet/eu-1";
export const parentName = "sluice-0123456789ab";
const clusterFile = `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${parentName}
  namespace: default
data:
  name: eu-1
`;

/** An owned object's file: its path below the cluster's folder, and its text. */
export function objectFile(
  identity: string,
  more: { readonly owner?: string; readonly annotations?: Record<string, string>; readonly body?: string } = {},
): readonly [path: string, text: string] {
  const { owner = "login", annotations = {}, body = "" } = more;
  const [kindName = "", ...names] = identity.split("/");
  const [namespace, name] = names.length === 1 ? ["", names[0]!] : (names as [string, string]);
  const [apiVersion, kindPart] = types[kindName] ?? ["example.com/v1", `${kindName.toLowerCase()}.example.com`];
  const lines = [
    `apiVersion: ${apiVersion}`,
    `kind: ${kindName}`,
    "metadata:",
    `  name: ${name}`,
    ...(namespace === "" ? [] : [`  namespace: ${namespace}`]),
    "  labels:",
    `    sluice.dev/owner: EventTrigger.${owner}`,
    ...(Object.keys(annotations).length === 0 ? [] : ["  annotations:"]),
    ...Object.entries(annotations).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`),
  ];
  const scope = namespace === "" ? "_cluster" : namespace;
  return [`triggers/${owner}/${scope}/${kindPart}/${name}.yaml`, `${lines.join("\n")}\n${body}`];
}

const types: Readonly<Record<string, readonly [string, string]>> = {
  Namespace: ["v1", "namespace"],
  ConfigMap: ["v1", "configmap"],
  Secret: ["v1", "secret"],
  Job: ["batch/v1", "job.batch"],
  APIService: ["apiregistration.k8s.io/v1", "apiservice.apiregistration.k8s.io"],
  CustomResourceDefinition: ["apiextensions.k8s.io/v1", "customresourcedefinition.apiextensions.k8s.io"],
};

export const widgetDefinition = objectFile("CustomResourceDefinition/widgets.example.com", {
  body: `spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`,
});

export class ApplyWorld {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly #remote = new FakeGitRemote();
  readonly #git = new FakeGitRepository(this.#remote);
  #applier: ClusterApplier | undefined;
  #manager: string;
  readonly #policies = new PolicyReader(this.#git);
  #drift: DriftOptions | undefined;

  constructor(cluster: Cluster, clock: Clock, manager = "sluice") {
    this.cluster = cluster;
    this.clock = clock;
    this.#manager = manager;
  }

  /** Commits files of the cluster's folder; undefined removes one. The cluster's own file is there from the first on. */
  commit(files: Readonly<Record<string, string | undefined>>, parent = clusterFile): string {
    const isFirst = !this.#remote.branches.has("main");
    const own = isFirst ? { [`${folder}/base/sluice-cluster.yaml`]: parent } : {};
    const below = Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
    return this.#remote.commitAsPerson("main", { ...own, ...below });
  }

  /** The folder of another cluster of the same Sluice changes too; its own file is there from the first on. */
  commitFor(name: string, files: Readonly<Record<string, string>>): string {
    const below = `rendered/${name}`;
    const all = { "base/sluice-cluster.yaml": clusterFile, ...files };
    const paths = Object.fromEntries(Object.entries(all).map(([path, text]) => [`${below}/${path}`, text]));
    return this.#remote.commitAsPerson("main", paths);
  }

  /** Something else than the cluster's folder changes in the target. */
  commitElsewhere(text: string): string {
    return this.#remote.commitAsPerson("main", { "README.md": text });
  }

  /** What the catalog in force says of an EventTrigger. */
  commitTrigger(name: string, spec: string): void {
    const path = `config/lib.projectsveltos.io/eventtrigger/_cluster/${name}.yaml`;
    const text = `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
    this.#remote.commitAsPerson("sluice/state", { [path]: text });
  }

  /** What the catalog in force says of a ClusterProfile. */
  commitProfile(name: string, spec: string): void {
    const path = `config/config.projectsveltos.io/clusterprofile/_cluster/${name}.yaml`;
    const text = `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
    this.#remote.commitAsPerson("sluice/state", { [path]: text });
  }

  /** The catalog in force has no documents of EventTriggers and ClusterProfiles any more. */
  withdrawOwners(...paths: readonly string[]): void {
    this.#remote.commitAsPerson("sluice/state", Object.fromEntries(paths.map((path) => [`config/${path}`, undefined])));
  }

  /** From now on drift is watched, where owners want that. */
  watchDrift(drift: DriftOptions): void {
    this.#drift = drift;
    this.#applier = undefined;
  }

  /** The target's head can be read from now on; the applier does not see it. */
  async fetch(): Promise<void> {
    await this.#git.fetchHeads(["main"]);
  }

  /** One pass at the target's head, or at an earlier commit, for the cluster of that name; undefined: there was nothing to do. */
  async step(
    more: { at?: string; full?: "look" | "apply-all"; adoption?: Adoption; as?: string } = {},
  ): Promise<PassReport | undefined> {
    const key = more.as ?? "fleet/eu-1";
    const revision = await findFolder(this.clusterParts(), await this.readHead(more.at));
    if (more.adoption !== undefined) this.#applier = undefined;
    this.#applier ??= new ClusterApplier(
      {
        key,
        reader: this.cluster,
        writer: this.cluster,
        git: this.#git,
        clock: this.clock,
        manager: this.#manager,
        adoption: more.adoption ?? { kind: "none" },
        holder: "here",
        ...(this.#drift === undefined ? {} : { drift: this.#drift }),
      },
      await readParentName(this.#git, revision),
    );
    return this.#applier.step(revision, more.full ?? "if-needed");
  }

  /** What it takes to work on the cluster in a loop of its own. */
  clusterParts(): ClusterParts {
    return {
      key: "fleet/eu-1",
      connect: () => this.cluster,
      git: this.#git,
      clock: this.clock,
      policies: this.#policies,
      outputPath: "rendered",
      manager: this.#manager,
      adoption: { kind: "none" },
      holder: "here",
    };
  }

  /** The target's head, or an earlier commit of it. */
  async readHead(at?: string): Promise<TargetHead> {
    const heads = await this.#git.fetchHeads(["main", "sluice/state"]);
    const commit = at ?? heads.get("main")!;
    const { tree, parents } = await this.#git.readCommit(commit);
    const of = parents[0] === undefined ? {} : { parent: parents[0] };
    const state = heads.get("sluice/state");
    return {
      commit,
      ...of,
      tree,
      ...(state === undefined ? {} : { stateTree: (await this.#git.readCommit(state)).tree }),
    };
  }

  /** What became of each object of a pass, as `<action> <kind>/<name>`, without the cluster's own file. */
  async actions(more: Parameters<ApplyWorld["step"]>[0] = {}): Promise<string[]> {
    const report = await this.step(more);
    return (report?.outcomes ?? [])
      .filter(({ path }) => path !== "base/sluice-cluster.yaml")
      .map(
        (outcome) =>
          `${nameAction(outcome.action, isTrouble(outcome))} ${outcome.identity.kind}/${outcome.identity.name}`,
      );
  }

  /** Monotonic milliseconds when something is to be done again. */
  get nextRetryAt(): number {
    return this.#applier!.nextRetryAt;
  }

  /** Starts anew, as a process that was killed does; perhaps as another field manager. */
  restart(manager = this.#manager): void {
    this.#applier = undefined;
    this.#manager = manager;
  }

  /** What the parent says of failures. */
  async failures(): Promise<readonly JsonObject[]> {
    const data = (await this.#parent()).get("data") as JsonObject;
    return parseYaml11Stream(String(data.get("failures")))[0] as readonly JsonObject[];
  }

  async annotation(name: string): Promise<unknown> {
    const metadata = (await this.#parent()).get("metadata") as JsonObject;
    return (metadata.get("annotations") as JsonObject).get(name);
  }

  async #parent(): Promise<JsonObject> {
    const kind = (await this.cluster.findKind("", "ConfigMap"))!;
    return (await this.cluster.readObject({ kind, namespace: "default", name: parentName }))!;
  }
}

function nameAction(action: ApplyAction, waits: boolean): string {
  return action === "skipped" && waits ? "waiting" : action;
}

/** A world in memory: nothing happens in it but what a test does. */
export function createApplyWorld(): {
  readonly cluster: FakeCluster;
  readonly clock: FakeClock;
  readonly world: ApplyWorld;
} {
  const cluster = new FakeCluster();
  const clock = createFakeClock();
  return { cluster, clock, world: new ApplyWorld(cluster, clock) };
}
