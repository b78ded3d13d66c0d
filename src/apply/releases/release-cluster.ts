/**
 * A cluster in which releases of Helm charts are objects like others: helm applies and removes them, its Secrets say what
 * is there. So whose a release is, what it waits for, what of it stays and what becomes of one that fails is decided as for
 * any object.
 */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { memberOf, textOf } from "../../model/json-members.ts";
import { SluiceError } from "../../model/problem.ts";
import type {
  Applied,
  Cluster,
  ClusterWriter,
  DeletionOrder,
  LeaseClaim,
  LeaseName,
  LeaseState,
  ListOptions,
  LiveMetadata,
  MeantObject,
  ObjectRef,
  ResourceKind,
  WatchEvent,
} from "../../ports/cluster.ts";
import type { Helm, HelmCommand } from "../../ports/helm.ts";
import type { Clock } from "../../ports/system.ts";
import { partOfLabel } from "../apply-set.ts";
import { textAt } from "../members.ts";
import {
  dryInstallCommand,
  holdsSecrets,
  installCommand,
  isLeft,
  listCommand,
  manifestCommand,
  ownLabels,
  recoverCommand,
  testCommand,
  uninstallCommand,
} from "./helm-commands.ts";
import { readManifest } from "./read-manifest.ts";
import type { ReleaseJobs } from "./release-jobs.ts";
import {
  describeRelease,
  isUnfinished,
  type Release,
  readReleases,
  releaseKind,
  releaseLabels,
  releaseSelector,
  secretKind,
} from "./release-labels.ts";

export interface ReleaseClusterParts {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly clock: Clock;
  /** The field manager: settings' `name`. */
  readonly manager: string;
  readonly jobs: ReleaseJobs;
}

/** What helm left unfinished counts as left by one who is gone when it has not been touched for so long. */
const unfinishedMs = 30_000;

export class ReleaseCluster implements Cluster {
  readonly #parts: ReleaseClusterParts;
  readonly #cluster: Cluster;

  constructor(parts: ReleaseClusterParts) {
    this.#parts = parts;
    this.#cluster = parts.cluster;
  }

  guardedBy(assertMayWrite: () => void): ClusterWriter {
    return new ReleaseWriter(this.#parts, this.#cluster.guardedBy(assertMayWrite), assertMayWrite);
  }

  async findKind(group: string, kind: string, version?: string): Promise<ResourceKind | undefined> {
    const isRelease = group === releaseKind.group && kind.toLowerCase() === releaseKind.kind.toLowerCase();
    return isRelease ? releaseKind : this.#cluster.findKind(group, kind, version);
  }

  async readMetadata(ref: ObjectRef): Promise<LiveMetadata | undefined> {
    if (!isRelease(ref.kind)) return this.#cluster.readMetadata(ref);
    const release = await readRelease(this.#cluster, ref);
    return release === undefined ? undefined : describeRelease(release, this.#parts.manager);
  }

  /** Of a release: its chart, and what is installed, without what Secrets hold. */
  async readObject(ref: ObjectRef): Promise<JsonObject | undefined> {
    if (!isRelease(ref.kind)) return this.#cluster.readObject(ref);
    if ((await readRelease(this.#cluster, ref)) === undefined) return undefined;
    const [listed] = JSON.parse(await this.#ask(listCommand(ref))) as readonly { readonly chart?: string }[];
    return describeInstalled(ref, listed?.chart ?? "", readManifest(await this.#ask(manifestCommand(ref))));
  }

  async *listMetadata(kind: ResourceKind, options: ListOptions): AsyncIterable<LiveMetadata> {
    if (!isRelease(kind)) {
      yield* this.#cluster.listMetadata(kind, options);
      return;
    }
    const said = options.labelSelector?.replaceAll(partOfLabel, releaseLabels.set);
    const labelSelector = said === undefined ? releaseSelector : `${releaseSelector},${said}`;
    const secrets: LiveMetadata[] = [];
    for await (const secret of this.#cluster.listMetadata(secretKind, { ...options, labelSelector }))
      secrets.push(secret);
    // Where what is asked for is behind another revision, somebody else has made that.
    const newest = readReleases(secrets).filter(({ status }) => status !== "superseded");
    for (const release of newest) yield describeRelease(release, this.#parts.manager);
  }

  listObjects(kind: ResourceKind, options: ListOptions): AsyncIterable<JsonObject> {
    return this.#cluster.listObjects(kind, options);
  }

  async listIfFew(
    kind: ResourceKind,
    options: ListOptions,
    objectsMax: number,
  ): Promise<readonly LiveMetadata[] | undefined> {
    // Revisions are no objects, and what is listed are revisions.
    return isRelease(kind) ? undefined : this.#cluster.listIfFew(kind, options, objectsMax);
  }

  async *watchMetadata(
    ...[kind, options, signal, onTrouble]: Parameters<Cluster["watchMetadata"]>
  ): AsyncIterable<WatchEvent> {
    // Nobody corrects what others change in a release.
    if (!isRelease(kind)) yield* this.#cluster.watchMetadata(kind, options, signal, onTrouble);
  }

  async tryApply(ref: ObjectRef, object: JsonObject, manager: string): Promise<JsonObject> {
    if (!isRelease(ref.kind)) return this.#cluster.tryApply(ref, object, manager);
    const known = await readRelease(this.#cluster, ref);
    if (isLeft(object) && known !== undefined) return (await this.readObject(ref))!;
    const command = dryInstallCommand(object, known?.secret.labels ?? new Map(), await versionOf(this.#parts.helm));
    const { chart, manifest } = JSON.parse(await this.#ask(command, holdsSecrets(memberOf(object, "spec")))) as DryRun;
    const { name = "", version = "" } = chart?.metadata ?? {};
    return describeInstalled(ref, `${name}-${version}`, readManifest(manifest ?? ""));
  }

  /** Without the Lease nobody is guarded: only who may write at any time calls these. */
  apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied> {
    return this.#unguarded.apply(ref, object, manager, meant);
  }

  remove(ref: ObjectRef, uid: string, order: DeletionOrder): Promise<boolean> {
    return this.#unguarded.remove(ref, uid, order);
  }

  patch(ref: ObjectRef, uid: string, change: JsonObject): Promise<LiveMetadata> {
    return this.#unguarded.patch(ref, uid, change);
  }

  renameManager(ref: ObjectRef, from: string, to: string): Promise<void> {
    return this.#unguarded.renameManager(ref, from, to);
  }

  readLease(name: LeaseName): Promise<LeaseState | undefined> {
    return this.#cluster.readLease(name);
  }

  takeLease(name: LeaseName, claim: LeaseClaim, expected: LeaseState | undefined): Promise<LeaseState> {
    return this.#cluster.takeLease(name, claim, expected);
  }

  releaseLease(name: LeaseName, holder: string): Promise<void> {
    return this.#cluster.releaseLease(name, holder);
  }

  writeKubeconfig(): Promise<string> {
    return this.#cluster.writeKubeconfig();
  }

  async endWork(): Promise<void> {
    await this.#parts.jobs.end();
    await this.#cluster.endWork();
  }

  close(): void {
    this.#cluster.close();
  }

  get #unguarded(): ClusterWriter {
    return new ReleaseWriter(this.#parts, this.#cluster, () => undefined);
  }

  #ask(command: HelmCommand, isSecret = false): Promise<string> {
    return runHelm(this.#parts, command, isSecret, new AbortController().signal);
  }
}

interface DryRun {
  readonly manifest?: string;
  readonly chart?: { readonly metadata?: { readonly name?: string; readonly version?: string } };
}

class ReleaseWriter implements ClusterWriter {
  readonly #parts: ReleaseClusterParts;
  readonly #writer: ClusterWriter;
  readonly #assertMayWrite: () => void;

  constructor(parts: ReleaseClusterParts, writer: ClusterWriter, assertMayWrite: () => void) {
    this.#parts = parts;
    this.#writer = writer;
    this.#assertMayWrite = assertMayWrite;
  }

  apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied> {
    if (!isRelease(ref.kind)) return this.#writer.apply(ref, object, manager, meant);
    const id = `install ${[...ownLabels(object)].join(" ")}`;
    const work = (signal: AbortSignal) => this.#install(ref, object, meant, signal);
    return this.#parts.jobs.take(nameOf(ref), id, this.#assertMayWrite, work);
  }

  remove(ref: ObjectRef, uid: string, order: DeletionOrder): Promise<boolean> {
    if (!isRelease(ref.kind)) return this.#writer.remove(ref, uid, order);
    const work = (signal: AbortSignal) => this.#uninstall(ref, signal);
    return this.#parts.jobs.take(nameOf(ref), "uninstall", this.#assertMayWrite, work);
  }

  /** The one change that there is: it leaves the set. */
  async patch(ref: ObjectRef, uid: string, change: JsonObject): Promise<LiveMetadata> {
    if (!isRelease(ref.kind)) return this.#writer.patch(ref, uid, change);
    const release = await readRelease(this.#parts.cluster, ref);
    if (release === undefined) throw new ClusterRefusal("not-found", `the release ${ref.name} is not there`);
    return this.#label(release, new Map());
  }

  async renameManager(ref: ObjectRef, from: string, to: string): Promise<void> {
    // Labels say whose a release is, and they come with being applied.
    if (!isRelease(ref.kind)) await this.#writer.renameManager(ref, from, to);
  }

  async #install(
    ref: ObjectRef,
    chart: JsonObject,
    meant: MeantObject | undefined,
    signal: AbortSignal,
  ): Promise<Applied> {
    const { cluster, helm, manager } = this.#parts;
    const before = await readRelease(cluster, ref);
    if (meant === "absent" && before !== undefined) {
      throw new ClusterRefusal("conflict", "somebody else has installed one of this name just now");
    }
    const isOthers = before !== undefined && !before.secret.labels.has(releaseLabels.set);
    if (isOthers && typeof meant === "object" && before.secret.uid !== meant.uid) {
      throw new ClusterRefusal("conflict", "somebody else has another of this name by now");
    }
    if (before !== undefined && (isLeft(chart) || (!isOthers && isInstalledOnce(before, chart)))) {
      const metadata = await this.#label(before, ownLabels(chart));
      return { isNew: false, metadata };
    }
    const isSecret = holdsSecrets(memberOf(chart, "spec"));
    const version = await versionOf(helm);
    if (before !== undefined) await this.#finish(before, chart, signal);
    const known = (await readRelease(cluster, ref))?.secret.labels ?? new Map();
    await runHelm(this.#parts, installCommand(chart, known, version), isSecret, signal);
    const tests = testCommand(chart);
    if (tests !== undefined) await runHelm(this.#parts, tests, isSecret, signal);
    const after = await readRelease(cluster, ref);
    if (after === undefined) throw new ClusterRefusal("other", "helm has installed it, and it is not there");
    return { isNew: before === undefined, metadata: describeRelease(after, manager) };
  }

  /** Helm touches no release that is being worked on, nor one that it was ended in the middle of. */
  async #finish(release: Release, chart: JsonObject, signal: AbortSignal): Promise<void> {
    if (!isUnfinished(release)) return;
    const isOurs = release.secret.labels.get(releaseLabels.set) === ownLabels(chart).get(releaseLabels.set);
    const idleMs = this.#parts.clock.now() - release.changedAt * 1000;
    if (!isOurs || idleMs < unfinishedMs) {
      throw new ClusterRefusal(
        "under-way",
        `helm is at work on it, or was ended in the middle of that (${release.status})`,
      );
    }
    const isInstallation = release.status === "pending-install" || release.status === "uninstalling";
    await runHelm(this.#parts, recoverCommand(release, isInstallation), false, signal);
  }

  async #uninstall(ref: ObjectRef, signal: AbortSignal): Promise<boolean> {
    const release = await readRelease(this.#parts.cluster, ref);
    if (release?.secret.labels.has(releaseLabels.set) !== true) return false;
    await versionOf(this.#parts.helm);
    await runHelm(this.#parts, uninstallCommand(release, release.secret.labels), false, signal);
    return true;
  }

  /** Our labels are these from now on. Nothing else of the release changes, and helm is not needed. */
  async #label({ namespace, name, secret }: Release, labels: ReadonlyMap<string, string>): Promise<LiveMetadata> {
    const own = Object.values(releaseLabels).map((key): [string, Json] => [key, labels.get(key) ?? null]);
    const change = new Map([["metadata", new Map([["labels", new Map(own)]])]]);
    const ref = { kind: secretKind, namespace, name: secret.name };
    const patched = await this.#writer.patch(ref, secret.uid, change);
    const [release] = readReleases([patched]);
    if (release === undefined) throw new ClusterRefusal("conflict", `the release ${name} is another by now`);
    return describeRelease(release, this.#parts.manager);
  }
}

/** Its owner wants it installed once: what its file says later is for those who have none. */
function isInstalledOnce({ status }: Release, chart: JsonObject): boolean {
  return status === "deployed" && textOf(memberOf(chart, "spec"), "syncMode") === "OneTime";
}

function isRelease({ group, kind }: ResourceKind): boolean {
  return group === releaseKind.group && kind === releaseKind.kind;
}

function nameOf({ namespace, name }: ObjectRef): string {
  return `${namespace}/${name}`;
}

async function readRelease(cluster: Cluster, { namespace, name }: ObjectRef): Promise<Release | undefined> {
  const secrets: LiveMetadata[] = [];
  const options = { namespace, labelSelector: `${releaseSelector},name=${name}` };
  for await (const secret of cluster.listMetadata(secretKind, options)) secrets.push(secret);
  return readReleases(secrets)[0];
}

function describeInstalled({ namespace, name }: ObjectRef, chart: string, objects: JsonObject): JsonObject {
  return new Map<string, Json>([
    ["apiVersion", `${releaseKind.group}/${releaseKind.version}`],
    ["kind", releaseKind.kind],
    [
      "metadata",
      new Map([
        ["name", name],
        ["namespace", namespace],
      ]),
    ],
    ["chart", chart],
    ["objects", objects],
  ]);
}

/** That there is none is this release's trouble, and nobody else's. */
async function versionOf(helm: Helm) {
  try {
    return await helm.version();
  } catch (error) {
    throw asRefusal(error);
  }
}

/** What it printed. Throws a ClusterRefusal where helm does not do it. */
async function runHelm(
  { helm, cluster }: Pick<ReleaseClusterParts, "helm" | "cluster">,
  command: HelmCommand,
  isSecret: boolean,
  signal: AbortSignal,
): Promise<string> {
  const kubeconfig = await cluster.writeKubeconfig();
  const { code, stdout, stderr } = await helm.run(command, kubeconfig, signal).catch((error: unknown) => {
    if (signal.aborted) throw new ClusterRefusal("under-way", "helm was ended before it was done");
    throw asRefusal(error);
  });
  if (code === 0) return stdout;
  const verb = command.args[0] ?? "";
  // What fails within a Secret is never quoted.
  const said = isSecret ? "what it says may quote a Secret, and is not shown" : describeSaid(stderr);
  throw new ClusterRefusal("other", `helm ${verb} failed: ${said}`, undefined, "HELM_FAILED");
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof SluiceError) || error instanceof ClusterRefusal) return error;
  const { code, message, hint } = error.problem;
  return new ClusterRefusal("other", message, hint, code);
}

const saidCharsMax = 600;

/** Helm's errors go over several lines; the one that counts is behind its warnings. */
function describeSaid(stderr: string): string {
  const from = stderr.lastIndexOf("Error: ");
  const said = (from < 0 ? stderr : stderr.slice(from + "Error: ".length)).replace(/\s*\n\s*/g, "; ").trim();
  if (said === "") return "it did not say why";
  return said.length > saidCharsMax ? `${said.slice(0, saidCharsMax)}…` : said;
}

/** The version of the chart that is installed, of a release as it is read; undefined: not known. */
export function versionOfRelease(object: JsonObject | undefined): string | undefined {
  // Helm says `<name>-<version>`, and either may have dashes.
  return /-(v?\d+\.\d+\.\d+.*)$/.exec(textAt(object, "chart") ?? "")?.[1];
}
