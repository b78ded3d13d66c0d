/**
 * One cluster and its folder: which revision is applied, what is tried again, and the pass that comes next.
 *
 * Between full passes nothing is kept of objects that are as they should be: what has changed is the difference of two
 * trees. A pass that was cut short counts for nothing, and is begun anew from what it began with.
 */
import type { ClusterKey } from "../model/cluster.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import { baseFolder, clusterFileName, releaseKindPart } from "../plan/paths.ts";
import type { ClusterReader, ClusterWriter, LiveMetadata } from "../ports/cluster.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import { AppliedParent, parentNamespace } from "./applied-parent.ts";
import { type AppliedObject, runPass } from "./apply-pass.ts";
import { applySetId, type GroupKind } from "./apply-set.ts";
import type { Bell } from "./bell.ts";
import type { Adoption } from "./decide.ts";
import { type DesiredFile, keyOfPath, type ObjectKey, objectKey, readDesired } from "./desired-object.ts";
import { DriftWatch } from "./drift-watch.ts";
import type { FullPasses } from "./full-passes.ts";
import { leaveOutExclusions } from "./leave-out.ts";
import { listMembers } from "./list-members.ts";
import { kindPartOf, rankOf } from "./object-rank.ts";
import { isTrouble, type ObjectOutcome } from "./outcome.ts";
import { dependenciesOf, type OwnerPolicies, policyOf } from "./owner-policies.ts";
import { type ApplyItem, listFolder, type PassPlan, planDifference, planFull, type RemovalItem } from "./pass-plan.ts";
import { PendingObjects } from "./pending-objects.ts";
import { Prerequisites } from "./prerequisites.ts";
import type { OwnerDependencies } from "./removal-rounds.ts";
import { type UnhealthyObject, waitUntilHealthy } from "./wait-until-healthy.ts";
import { refuseMistaken } from "./whose-cluster.ts";

/** Where the target is, and the cluster's folder in it. */
export interface Revision {
  readonly commit: ObjectId;
  /** The commit's first parent; undefined: it has none, or it is not known. */
  readonly parent?: ObjectId;
  readonly folder: ObjectId;
  /** Of the catalog in force: another object where they have changed. */
  readonly policies: OwnerPolicies;
}

/** What others change is noticed and corrected, where the owner wants that. */
export interface DriftOptions {
  readonly watchedMax: number;
  readonly bell: Bell;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  readonly onTrouble: (problem: Problem) => void;
  readonly onCorrected: (correction: Correction) => void;
}

export interface Correction {
  readonly outcome: ObjectOutcome;
  /** Somebody changes it again and again, and it is left to him for so many milliseconds; 0: there is no fight. */
  readonly truceMs: number;
  /** Who else applies or updates it, by field manager. */
  readonly others: readonly string[];
}

export interface ApplierParts {
  readonly key: ClusterKey;
  readonly reader: ClusterReader;
  /** Throws where the lease is not ours. */
  readonly writer: ClusterWriter;
  readonly git: BlobReader & Pick<TreeReader, "readTree" | "findEntry">;
  readonly clock: Clock;
  /** The field manager: settings' `name`. */
  readonly manager: string;
  readonly adoption: Adoption;
  /** Who applies, for people. */
  readonly holder: string;
  /** Undefined: for one pass, nothing is watched. */
  readonly drift?: DriftOptions;
  /** Shared with other clusters of the process; undefined: there are none. */
  readonly fullPasses?: FullPasses;
}

/** Metadata of an object take so many times what the mention of one does. */
const weightOfLive = 5;

export type PassKind = "full" | "difference" | "retry" | "drift";

export interface PassReport {
  readonly kind: PassKind;
  readonly commit: ObjectId;
  /** Of what was looked at. */
  readonly outcomes: readonly ObjectOutcome[];
  /** How many were as they should be, and were not looked at. */
  readonly unchanged: number;
  readonly problems: readonly Problem[];
}

/** The name of the set's parent, which is the cluster's file in the folder. Throws TARGET_MISSING. */
export async function readParentName(git: ApplierParts["git"], { folder }: Revision): Promise<string> {
  const path = `${baseFolder}/${clusterFileName}`;
  const entry = await git.findEntry(folder, path);
  const read = entry === undefined ? undefined : await readDesired(git, [{ path, id: entry.id }]);
  const identity = read?.value[0]?.identity;
  if (identity?.kind === "ConfigMap" && identity.namespace === parentNamespace) return identity.name;
  throw new SluiceError({
    code: "TARGET_MISSING",
    message: `the cluster's folder has no ${path} that names its ConfigMap`,
    hint: "Sluice writes it for every cluster. Nothing is changed in the cluster without it.",
  });
}

export class ClusterApplier {
  readonly #parts: ApplierParts;
  readonly #parent: AppliedParent;
  readonly #parentName: string;
  readonly #setId: string;
  readonly #pending = new PendingObjects();
  readonly #drift: DriftWatch | undefined;
  readonly #prerequisites: Prerequisites;
  #applied: Revision | undefined;
  /** Also of owners whose documents are gone by now: their objects may still be going. */
  #dependsOn: OwnerDependencies = new Map();

  constructor(parts: ApplierParts, parentName: string) {
    this.#parts = parts;
    this.#parentName = parentName;
    this.#setId = applySetId(parentName, parentNamespace);
    const { reader, writer, manager, clock, drift, key } = parts;
    this.#prerequisites = new Prerequisites({ ...parts, setId: this.#setId });
    if (drift !== undefined) this.#drift = new DriftWatch({ ...drift, reader, clock, manager, setId: this.#setId });
    this.#parent = new AppliedParent(writer, { cluster: key, name: parentName, setId: this.#setId, manager });
  }

  get applied(): Revision | undefined {
    return this.#applied;
  }

  /** What of the set is not well when all is, or when time is up. */
  waitUntilHealthy(timeoutMs: number, signal: AbortSignal): Promise<readonly UnhealthyObject[]> {
    const { reader, clock } = this.#parts;
    return waitUntilHealthy({ reader, clock, setId: this.#setId }, this.#parent.kinds, timeoutMs, signal);
  }

  /** Resolves when nothing is watched any more: after the signal of the drift options has aborted. */
  async ended(): Promise<void> {
    await this.#drift?.ended();
  }

  /** Everything that is not as the folder wants it. */
  get troubles(): readonly ObjectOutcome[] {
    return this.#pending.outcomes;
  }

  /** Monotonic milliseconds when something is to be tried again; infinite: nothing is. */
  get nextRetryAt(): number {
    return Math.min(this.#pending.nextAt, this.#drift?.nextAt ?? Number.POSITIVE_INFINITY);
  }

  /** Whatever is known of the cluster counts no more: somebody else may have worked on it. */
  forget(): void {
    this.#applied = undefined;
    this.#pending.clear();
  }

  /**
   * Brings the cluster to the revision: by a full pass where nothing is known of it or one is asked for, else by what has
   * changed, and what is due to be tried again. Undefined: there was nothing to do. Throws where it has to be begun anew.
   */
  async step(revision: Revision, full: "if-needed" | "look" | "apply-all"): Promise<PassReport | undefined> {
    if (this.#applied === undefined) this.#parent.take(await this.refuseMistaken(revision));
    if (full !== "apply-all") this.#refuseBehind(revision);
    const isNew = this.#applied?.policies !== revision.policies;
    if (full !== "if-needed" || this.#applied === undefined || isNew) {
      const look = () => this.#planFull(revision, full === "apply-all");
      const carryOut = (plan: PassPlan) => this.#run("full", revision, plan);
      return this.#parts.fullPasses?.run(look, carryOut) ?? carryOut(await look());
    }
    const { plan, kind, drifted } = await this.#planChanges(this.#applied, revision);
    if (plan.apply.length + plan.remove.length + plan.problems.length === 0) {
      if (!this.#parent.isBehind(revision.commit)) this.#parent.pass(revision);
      this.#applied = revision;
      return undefined;
    }
    try {
      const others = new Map<ObjectKey, readonly string[]>();
      const report = await this.#run(kind, revision, plan, others);
      this.#tellCorrections(drifted, report, others);
      return report;
    } catch (error) {
      this.#drift?.giveBack(drifted);
      throw error;
    }
  }

  /** Throws CLUSTER_MISTAKEN: see `refuseMistaken`. To be asked before the Lease is taken; the first step asks it again. */
  refuseMistaken(revision: Revision): Promise<LiveMetadata | undefined> {
    const { reader, git, key: cluster, manager } = this.#parts;
    const question = { cluster, name: this.#parentName, setId: this.#setId, manager };
    return refuseMistaken(reader, question, async () =>
      unionOfKinds([], (await listFolder(git, revision.folder)).files.keys()),
    );
  }

  /** How many objects others change again and again, and that are left to them for a while. */
  get fights(): number {
    return this.#drift?.fights ?? 0;
  }

  #tellCorrections(
    drifted: readonly ApplyItem[],
    { outcomes }: PassReport,
    others: ReadonlyMap<ObjectKey, readonly string[]>,
  ): void {
    const keys = new Set(drifted.map(({ key }) => key));
    for (const outcome of outcomes) {
      const key = objectKey(outcome.identity);
      const isCorrected = outcome.action === "configured" || outcome.action === "created";
      if (!isCorrected || !keys.has(key)) continue;
      const truceMs = this.#drift?.noteCorrection(key) ?? 0;
      this.#parts.drift?.onCorrected({ outcome, truceMs, others: others.get(key) ?? [] });
    }
  }

  /** A server that lags, or a branch that was set back: what was applied since is not taken back by that. */
  #refuseBehind({ commit, folder }: Revision): void {
    const { mark } = this.#parent;
    if (!this.#parent.isBehind(commit) || this.#applied?.folder === folder) return;
    throw new SluiceError({
      code: "TARGET_BEHIND",
      message: `the target is at ${commit.slice(0, 12)}, which is behind ${mark.commit.slice(0, 12)}, which was applied`,
      hint: "If it was set back on purpose, sluice apply --full applies it all the same.",
    });
  }

  async #planChanges(
    before: Revision,
    after: Revision,
  ): Promise<{ plan: PassPlan; kind: PassKind; drifted: readonly ApplyItem[] }> {
    const { git, clock } = this.#parts;
    const hasChanged = before.folder !== after.folder;
    const changed = hasChanged
      ? await planDifference(git, before.folder, after.folder)
      : { apply: [], remove: [], live: new Map(), problems: [], unchanged: 0 };
    const keys = new Set([...changed.apply, ...changed.remove].map(({ key }) => key));
    for (const key of keys) this.#pending.forget(key);
    // What waits for a kind or a Namespace may go on as soon as that has come.
    const hasDefinitions = changed.apply.some(({ key }) => rankOf(key) === "definitions");
    const now = hasDefinitions ? Number.POSITIVE_INFINITY : clock.monotonic();
    const due = this.#pending.due(now, changed.remove.length > 0);
    const apply: ApplyItem[] = [...changed.apply];
    const remove: RemovalItem[] = [...changed.remove];
    for (const { item } of due) {
      if ("apply" in item) apply.push(item.apply);
      else remove.push(item.remove);
    }
    const known = new Set([...apply, ...remove].map(({ key }) => key));
    const drifted = (this.#drift?.take() ?? []).filter(({ key }) => !known.has(key));
    const kind = hasChanged ? "difference" : drifted.length > 0 ? "drift" : "retry";
    return { plan: { ...changed, apply: [...apply, ...drifted], remove }, kind, drifted };
  }

  async #planFull(revision: Revision, all: boolean): Promise<PassPlan & { readonly weight: number }> {
    const { git, reader } = this.#parts;
    const folder = await listFolder(git, revision.folder);
    const kinds = unionOfKinds(this.#parent.kinds, folder.files.keys());
    const listing = await listMembers(reader, kinds, { setId: this.#setId, managers: this.#parent.managers });
    // Of what is watched has to be known what of it is ours, which applying tells; what is as it was then is known.
    const isWatched = (file: DesiredFile) => this.#drift !== undefined && correctsDrift(revision, file);
    this.#drift?.keepOnly(isWatched);
    const plan = planFull(
      folder,
      listing.members,
      (key, file, live) => all || (isWatched(file) && this.#drift?.isAsApplied(key, live) !== true),
    );
    this.#pending.clear();
    const weight = plan.apply.length + plan.remove.length + weightOfLive * plan.live.size;
    return { ...plan, problems: [...plan.problems, ...listing.problems], weight };
  }

  /** `others` is filled: who else has fields of the objects that were applied. */
  async #run(
    kind: PassKind,
    revision: Revision,
    plan: PassPlan,
    others = new Map<ObjectKey, readonly string[]>(),
  ): Promise<PassReport> {
    const { reader, writer, git, clock, manager, adoption, holder } = this.#parts;
    this.#dependsOn = new Map([...this.#dependsOn, ...dependenciesOf(revision.policies)]);
    const outcomes = new Map<ObjectKey, ObjectOutcome>();
    const files = new Map(plan.apply.map(({ key, file }) => [key, file]));
    await runPass(
      {
        reader,
        writer,
        blobs: git,
        clock,
        parent: this.#parent,
        parentKey: objectKey({ group: "", kind: "ConfigMap", namespace: parentNamespace, name: this.#parentName }),
        manager,
        ownership: { setId: this.#setId, managers: this.#parent.managers, adoption },
        prerequisiteOf: this.#prerequisites.forPass(revision),
        dependsOn: this.#dependsOn,
        leaveOut: (desired, live) => {
          const exclusions = policyOf(revision.policies, desired.file.path)?.exclusions ?? [];
          return leaveOutExclusions(desired, live, manager, exclusions);
        },
        onOutcome: (key, outcome, object) => {
          outcomes.set(key, outcome);
          if (object !== undefined && kind === "drift") others.set(key, othersOf(object.live, manager));
          this.#noteForDrift(revision, key, files.get(key), object);
        },
      },
      plan,
    );
    const now = clock.monotonic();
    const items = new Map<ObjectKey, { apply: ApplyItem } | { remove: RemovalItem }>([
      ...plan.remove.map((remove) => [remove.key, { remove }] as const),
      // What is tried again may be there by now: it is looked at first.
      ...plan.apply.map(({ key, file }) => [key, { apply: { key, file } }] as const),
    ]);
    for (const [key, outcome] of outcomes) {
      const item = items.get(key);
      if (item !== undefined) this.#pending.note(key, item, outcome, now);
    }
    const told = [...outcomes.values()];
    // What is tried again and comes to nothing again leaves the parent as it is.
    const isNews = kind !== "retry" || told.some((outcome) => !isTrouble(outcome));
    const applied = { ...revision, now: clock.now(), by: holder };
    if (isNews) await this.#parent.tell(applied, told, this.#pending.outcomes);
    this.#applied = revision;
    return { kind, commit: revision.commit, outcomes: told, unchanged: plan.unchanged, problems: plan.problems };
  }

  #noteForDrift(
    revision: Revision,
    key: ObjectKey,
    file: DesiredFile | undefined,
    object: AppliedObject | undefined,
  ): void {
    const { drift } = this.#parts;
    if (drift === undefined || this.#drift === undefined) return;
    const isWanted = file !== undefined && correctsDrift(revision, file);
    if (isWanted && object !== undefined) this.#drift.note(key, file, object.kind, object.live, drift.signal);
    else if (!isWanted) this.#drift.forget(key);
  }
}

/** Of releases nobody does: helm has no way to see what others changed in one. */
function correctsDrift({ policies }: Revision, { path }: DesiredFile): boolean {
  const isRelease = kindPartOf(keyOfPath(path) ?? "") === releaseKindPart;
  return !isRelease && policyOf(policies, path)?.correctsDrift === true;
}

function othersOf({ managers }: LiveMetadata, manager: string): readonly string[] {
  const names = managers.filter(({ subresource }) => subresource === "").map(({ name }) => name);
  return [...new Set(names)].filter((name) => name !== manager);
}

/** Kinds by name, each once however its case is written. */
export function unionOfKinds(named: readonly GroupKind[], keys: Iterable<ObjectKey>): readonly GroupKind[] {
  const kinds = new Map<string, GroupKind>();
  for (const kind of named) kinds.set(`${kind.kind}.${kind.group}`.toLowerCase(), kind);
  for (const key of keys) {
    const part = kindPartOf(key);
    const dot = part.indexOf(".");
    const kind = dot < 0 ? { group: "", kind: part } : { group: part.slice(dot + 1), kind: part.slice(0, dot) };
    const name = `${kind.kind}.${kind.group}`;
    if (!kinds.has(name)) kinds.set(name, kind);
  }
  return [...kinds.values()];
}
