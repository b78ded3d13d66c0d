/**
 * The state as it is held while it is written: checkpoint, catalog, rules; and the commits that advance it, one after the
 * other. What a commit is for is its callers' business.
 */
import { readDeliveryInForce, withDelivery } from "../../delivery/delivery-in-force.ts";
import { endsCharts, isExclusive, readHandOvers } from "../../delivery/hand-over/hand-over.ts";
import type { Catalog, RawDocument } from "../../model/catalog.ts";
import type { ChangeSet, Checkpoint } from "../../model/change-set.ts";
import type { StreamName, StreamPosition } from "../../model/delivery.ts";
import type { OwnerKey } from "../../model/owner.ts";
import { partialPauses } from "../../model/pauses.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { AffectedClusters } from "../../plan/affected-owners.ts";
import { renderer, writeCheckpoint } from "../../plan/checkpoint-file.ts";
import type { OutputOwner } from "../../plan/cluster-file.ts";
import { readKeptDocument } from "../../plan/kept-document.ts";
import { countOfName, outboxFolder } from "../../plan/outbox-file.ts";
import { parseOwner } from "../../plan/owner-file.ts";
import {
  catalogFolder,
  checkpointPath,
  documentPath,
  ownerPath,
  ownersFolder,
  positionsFolder,
} from "../../plan/paths.ts";
import { isDue } from "../../plan/pending-work.ts";
import { type CatalogChange, planCatalogChange } from "../../plan/plan-catalog-change.ts";
import type { PlanInput, PlanRules } from "../../plan/state-fold.ts";
import type { ObjectId } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { type AggregateScope, CountedEntities } from "../aggregates/counted-entities.ts";
import type { Ports } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import { type ChartDeliveryScope, followCharts, redeliverCharts, sweepCharts } from "../deliver-charts.ts";
import { deliveryInputs } from "../delivery-inputs.ts";
import { type Folded, foldInputs } from "../fold-inputs.ts";
import type { CountScope } from "../mass-change/count-change.ts";
import { randomId } from "../random-id.ts";
import { listFolder, readFolder } from "../read-folder.ts";
import { renderingOf } from "../rendering-of.ts";
import { rulesOf } from "../rules-of.ts";
import { Sealer } from "../seal-secrets.ts";
import { deferDeletions } from "./deferred-deletions.ts";
import type { KeeperOptions } from "./keeper-options.ts";

/** In force may still be that Secrets are encrypted although the settings do not say how any more: then it is waited for. */
const noSealer = Sealer.refusing({
  code: "SOPS_FAILED",
  message: "output.secrets: sops is in force, and the settings do not say how Secrets are encrypted",
  hint: "Give output.sops.config again, or approve what is held: sluice status.",
});

/** Positions without effect are committed with the next effect, or after this long. */
export const idlePositionsMsMax = 60_000;
const minuteMs = 60_000;
const idleMinutesMax = 60;

export class StateCommits {
  readonly options: KeeperOptions;
  readonly branches: Branches;
  readonly ports: Ports;
  #catalog: Catalog;
  #checkpoint: Checkpoint;
  #rules: PlanRules;
  /** As the state has it: positions that are held back are not in it. */
  #stored: Checkpoint;
  /** When the oldest position was taken that no commit holds yet; by the monotonic clock. */
  #heldSince: number | undefined;
  /** Entities of owners that render all of theirs together. */
  readonly #counted: CountedEntities;
  /** Up to when the checkpoint's minutes are counted; by the monotonic clock. */
  #countedUntil: number;
  /** Outbox files that were told: what is left of them, undefined where nothing is. They go with the next commit. */
  readonly #told: Map<string, string | undefined>;

  /** `loaded`: the catalog in force, as it was loaded from the state with the settings of then. */
  constructor(
    options: KeeperOptions,
    branches: Branches,
    ports: Ports,
    loaded: Catalog,
    checkpoint: Checkpoint,
    counted = new CountedEntities(),
    told = new Map<string, string | undefined>(),
  ) {
    this.#told = told;
    this.#counted = counted;
    this.options = options;
    this.branches = branches;
    this.ports = ports;
    this.#catalog = { ...loaded, pauses: partialPauses(checkpoint) };
    this.#checkpoint = checkpoint;
    this.#stored = checkpoint;
    this.#countedUntil = ports.clock.monotonic();
    this.#rules = rulesOf({ ...options, layout: checkpoint.layout, instance: options.render.instance }, this.#catalog);
  }

  /** Goes on from here with other settings; the rules are those of before until a catalog is used. */
  changeOver(options: KeeperOptions, branches: Branches, loaded: Catalog): StateCommits {
    const next = new StateCommits(options, branches, this.ports, loaded, this.#checkpoint, this.#counted, this.#told);
    next.#catalog = this.#catalog;
    next.#stored = this.#stored;
    next.#heldSince = this.#heldSince;
    next.#countedUntil = this.#countedUntil;
    return next;
  }

  /** What everything is rendered with: owners whose documents are gone are in it, as withdrawn. */
  get catalog(): Catalog {
    return this.#catalog;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** Up to where the state commits have each stream, positions that are held back apart. */
  get committed(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#stored.positions;
  }

  get heldSince(): number | undefined {
    return this.#heldSince;
  }

  get hasPending(): boolean {
    return isDue(this.#checkpoint.pending);
  }

  /** The state's tree as the next commit is planned on. */
  get tree(): ObjectId | undefined {
    return this.branches.stateTree;
  }

  /** What counting a change needs, on the state as it is now; undefined: there is no state yet. */
  get countScope(): CountScope | undefined {
    const { tree } = this;
    if (tree === undefined) return undefined;
    this.countMinutes();
    const { render } = this.options;
    const { outputPath } = this.branches.names;
    const rules = { ...this.options, layout: this.#checkpoint.layout, instance: render.instance };
    const sealer = this.options.sealer?.asDry();
    const sealing = sealer === undefined ? {} : { sealer };
    return { git: this.ports.git, tree, checkpoint: this.#checkpoint, rules, render, outputPath, ...sealing };
  }

  /** What it takes to render records again with the catalog in force. */
  get renderScope(): Omit<AggregateScope, "tree"> {
    return { git: this.ports.git, catalog: this.#catalog, settings: this.rendering, counted: this.#counted };
  }

  /** What rendering goes by, as it is in force. */
  get rendering(): RenderSettings {
    return renderingOf(this.options.render, this.#catalog);
  }

  /** Plans with this catalog from now on. */
  use(catalog: Catalog): void {
    this.#catalog = { ...catalog, pauses: partialPauses(this.#checkpoint) };
    const { layout } = this.#checkpoint;
    this.#rules = rulesOf({ ...this.options, layout, instance: this.options.render.instance }, this.#catalog);
  }

  /** An outbox file was told; `left`: what is still to be told of it. */
  noteTold(path: string, left: string | undefined): void {
    this.#told.set(path, left);
    this.#heldSince ??= this.ports.clock.monotonic();
  }

  /** Changes the checkpoint that the next commit writes. */
  amend(change: Partial<Checkpoint>): void {
    this.#checkpoint = { ...this.#checkpoint, ...change };
  }

  /** A state taken over from another format: none of its positions has a file of its own yet. */
  takeOver(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint;
    this.#stored = { ...checkpoint, positions: new Map() };
  }

  /** Counts the minutes that have passed since, in the checkpoint. */
  countMinutes(): void {
    const passed = Math.floor((this.ports.clock.monotonic() - this.#countedUntil) / minuteMs);
    if (passed <= 0) return;
    this.#countedUntil += passed * minuteMs;
    this.amend({ minutes: this.#checkpoint.minutes + passed });
  }

  /** Whether the state has been told of every profile: one that an older version made has not. False: there is no state. */
  async knowsProfiles({ profiles }: Catalog): Promise<boolean> {
    const { tree } = this;
    if (tree === undefined) return false;
    const paths = [...profiles.values()].map(({ owner }) => ownerPath(owner));
    return (await this.ports.git.findIds(tree, paths)).size === paths.length;
  }

  /** Whose the output is, as it stands on the target. */
  get output(): OutputOwner {
    const { outputPath } = this.branches.names;
    return { stateId: this.#checkpoint.stateId, outputPath, instance: this.options.render.instance };
  }

  /** What a catalog changes of the state's files, and what is to be rendered again. */
  async planCatalog(
    catalog: Catalog,
    affected: ReadonlyMap<OwnerKey, AffectedClusters>,
    outputPath = this.branches.names.outputPath,
  ): Promise<CatalogChange> {
    const { git } = this.ports;
    const { tree } = this;
    const owners = [];
    for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path));
    const paths = await listFolder(git, tree, catalogFolder);
    this.#nameState();
    const { pending, minutes } = this.#checkpoint;
    const output = { ...this.output, outputPath };
    await this.#keepHidden(catalog, new Set(paths));
    const change = planCatalogChange(catalog, { paths, owners, pending, minutes }, affected, output);
    const charts = await this.redeliver(catalog);
    return {
      ...change,
      inputs: [...change.inputs, ...(await deliveryInputs(catalog, output, this.ports.clock)), ...charts],
    };
  }

  /** Keeps on this machine what must stand on no branch, before the state says by a digest that it is there. */
  async #keepHidden({ documents }: Catalog, kept: ReadonlySet<string>): Promise<void> {
    const { hidden } = this.options;
    const texts = hiddenTexts(documents.values());
    if (hidden === undefined || texts.size === 0) return;
    // Without them the service goes on; after a restart their owners wait until the config folder is read.
    await hidden.keep(texts).catch((error: unknown) => {
      if (!(error instanceof SluiceError)) throw error;
      this.ports.log.problem(error.problem);
    });
    const { tree } = this;
    const paths = [...documents.values()].flatMap((document) => {
      const path = documentPath(document.apiVersion, document.kind, document.namespace, document.name);
      return document.hidden !== undefined && kept.has(path) ? [path] : [];
    });
    if (tree === undefined || paths.length === 0) return;
    const texted = await this.ports.git.readFiles(tree, paths);
    const inClear = paths.filter((path) => readKeptDocument(path, texted.get(path) ?? "").withheld === undefined);
    if (inClear.length > 0) this.ports.log.problem(stoodInClear(inClear));
  }

  /** Forgets what earlier catalogs had kept on this machine. */
  async forgetHidden(): Promise<void> {
    const { hidden } = this.options;
    if (hidden === undefined) return;
    const documents = [...this.#catalog.documents.values()];
    await hidden.keepOnly(new Set(documents.flatMap((document) => document.hidden?.digest ?? [])));
  }

  /** Commits inputs, and a change of the checkpoint with them. `mayWait`: if nothing but positions changes. */
  async commit(
    inputs: readonly PlanInput[],
    change: Partial<Checkpoint>,
    { mayWait = false, base = this.tree }: { readonly mayWait?: boolean; readonly base?: ObjectId | undefined } = {},
  ): Promise<ChangeSet> {
    this.#nameState();
    const told = [...this.#told];
    const files = told.map(([path, text]) => ({ kind: "file" as const, path, text }));
    const { commits } = this.#stored;
    const changeSet = await this.store(await this.fold([...inputs, ...files], change, base), { mayWait, base });
    const isThere = this.#stored.commits !== commits || changeSet.changes.length === 0;
    if (isThere) for (const [path, left] of told) if (this.#told.get(path) === left) this.#told.delete(path);
    if (this.#told.size > 0) this.#heldSince ??= this.ports.clock.monotonic();
    return changeSet;
  }

  async fold(inputs: readonly PlanInput[], change: Partial<Checkpoint>, tree: ObjectId | undefined): Promise<Folded> {
    const { sealer = noSealer } = this.options;
    const rules = { ...this.#rules, isLaidOutAnew: tree !== this.tree };
    const folded = await foldInputs({ ...this.renderScope, sealer, tree, rules }, inputs, this.#stored, {
      ...this.#checkpoint,
      ...change,
    });
    if (!readHandOvers(folded.checkpoint.parts).some(isExclusive)) return folded;
    return { ...folded, changeSet: await deferDeletions(this.ports.git, tree, folded.changeSet) };
  }

  /** Commits what was folded on `base`, unless it is nothing but positions that can wait. */
  async store(
    { changeSet, checkpoint, problems }: Folded,
    { mayWait, base }: { readonly mayWait: boolean; readonly base: ObjectId | undefined },
  ): Promise<ChangeSet> {
    const hasChanged = changeSet.changes.length > 0;
    if (hasChanged && !(mayWait && this.#isHeld(changeSet, checkpoint))) {
      await this.branches.commitState(await this.#withDelivery(changeSet, checkpoint, base), base);
      this.#heldSince = undefined;
      this.#stored = checkpoint;
      this.#tellDropped(changeSet);
      for (const problem of problems) this.ports.log.problem(problem);
    }
    // Only now: what could not be committed is not in force, and is tried again.
    this.#checkpoint = checkpoint;
    return changeSet;
  }

  /** What a hub is told of the charts that change. */
  async #withDelivery(changeSet: ChangeSet, { parts }: Checkpoint, base: ObjectId | undefined): Promise<ChangeSet> {
    const handOver = readHandOvers(parts).find(isExclusive);
    const isEnding = handOver !== undefined && endsCharts(handOver.change);
    // The hub has none of them now; all come with the next step.
    if (isEnding && handOver.step === "clear") return changeSet;
    const lettingGo = isEnding && handOver.step === "release" ? { lettingGo: handOver.id } : {};
    const scope = { ...this.#chartScope(this.#catalog, base), holdsBack: handOver !== undefined, ...lettingGo };
    const followed = await followCharts(scope, changeSet.changes);
    if (followed.length === 0) return changeSet;
    const changes = [...changeSet.changes, ...followed].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { ...changeSet, changes };
  }

  #chartScope(catalog: Catalog, tree: ObjectId | undefined): ChartDeliveryScope {
    return { git: this.ports.git, tree, catalog, instance: this.options.render.instance };
  }

  /** What changes of charts that are on record because a catalog reaches their clusters otherwise. */
  redeliver(catalog: Catalog): Promise<readonly PlanInput[]> {
    const { parts } = this.#checkpoint;
    // What renders otherwise than what rendered the state may deliver otherwise too.
    const isRenderedSo = this.#checkpoint.renderer === renderer;
    const before = isRenderedSo ? withDelivery(this.#catalog, readDeliveryInForce(parts)) : undefined;
    return redeliverCharts(this.#chartScope(catalog, this.tree), before);
  }

  /** What a hub was not told of charts that went while units were handed over. */
  sweepCharts(): Promise<readonly PlanInput[]> {
    return sweepCharts(this.#chartScope(this.#catalog, this.tree));
  }

  /** A state that has no id yet gets one with its first commit. */
  #nameState(): void {
    if (this.#checkpoint.stateId === "") this.amend({ stateId: randomId(this.ports.chance) });
  }

  #tellDropped({ droppedLetters: dropped, droppedOutbox = [] }: ChangeSet): void {
    const { deadLettersMax, outbox } = this.options;
    if (dropped > 0) this.ports.log.warn("dead letters are dropped, the oldest first", { dropped, deadLettersMax });
    if (droppedOutbox.length === 0) return;
    const outcomes = droppedOutbox.reduce((sum, path) => sum + countOfName(path), 0);
    const message = "outcomes are dropped untold, the oldest first: nobody could be told for too long";
    this.ports.log.warn(message, { dropped: outcomes, outcomesMax: outbox?.outcomesMax });
  }

  /** Whether a change of nothing but positions can wait for others still. */
  #isHeld(changeSet: ChangeSet, checkpoint: Checkpoint): boolean {
    if (!isOnlyPositions(changeSet)) return false;
    if (this.#isOnlyMinutes(changeSet, checkpoint)) return true;
    const now = this.ports.clock.monotonic();
    this.#heldSince ??= now;
    return now - this.#heldSince < idlePositionsMsMax;
  }

  /** Time alone is told once an hour and at the end: a service without work has nothing to push. What is lost of it is waited longer. */
  #isOnlyMinutes({ changes }: ChangeSet, checkpoint: Checkpoint): boolean {
    const stored = this.#stored;
    if (changes.some(({ path }) => path !== checkpointPath)) return false;
    if (checkpoint.minutes - stored.minutes >= idleMinutesMax) return false;
    const { minutes, commits } = stored;
    return writeCheckpoint({ ...checkpoint, minutes, commits }) === writeCheckpoint(stored);
  }
}

function hiddenTexts(documents: Iterable<RawDocument>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { hidden } of documents) if (hidden?.text !== undefined) texts.set(hidden.digest, hidden.text);
  return texts;
}

function stoodInClear(paths: readonly string[]): Problem {
  const others = paths.length === 1 ? "" : ` and ${paths.length - 1} more`;
  return {
    code: "SECRET_IN_CLEAR",
    severity: "warning",
    message: `an older version kept ${paths[0]}${others} in clear on the state branch; from now on it is not, but its history is as it was`,
    hint: "Rid the branch of its history with sluice repair --purge, have the Git server forget it, and change what is in the Secrets.",
  };
}

/** That something was told counts as little: what is told once more is told twice, and no more. */
function isOnlyPositions({ changes, outbox }: ChangeSet): boolean {
  const isTold = (path: string) => path.startsWith(`${outboxFolder}/`) && path !== outbox?.path;
  return changes.every(({ path }) => path === checkpointPath || path.startsWith(`${positionsFolder}/`) || isTold(path));
}
