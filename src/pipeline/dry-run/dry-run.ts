/**
 * The dry run: what the repository would become with another catalog, on the entities on record and on sample events.
 *
 * Base and head are folded as the service would fold them, in memory, and what is compared is where they end.
 */
import { heldDelivery, readDelivered, withDelivery } from "../../delivery/delivery-in-force.ts";
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { HeldChange, TargetPlace } from "../../model/mass-change.ts";
import type { Problem } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { type JudgeScope, judgeChange } from "../mass-change/judge-change.ts";
import { judgePlace } from "../mass-change/judge-place.ts";
import { type ComparisonOptions, compareFailures, compareObjects, findMoves } from "./compare.ts";
import { Fold, type FoldOptions } from "./fold.ts";
import { Mask } from "./mask.ts";
import type { Placement } from "./placement.ts";
import type { DryRunReport } from "./report.ts";
import { ReportBuilder } from "./report-builder.ts";
import type { StateTree } from "./state-overlay.ts";

/** One of the two that are compared: documents, and the settings that they are folded by. */
export interface DryRunSide {
  readonly catalog: Catalog;
  readonly title: string;
  readonly fold: Pick<FoldOptions, "records" | "render" | "sealer">;
  readonly placement: Placement;
}

export interface DryRunInput {
  /** The state branch and its checkpoint; the tree undefined: there is none, or it is not to be looked at. */
  readonly state: StateTree | undefined;
  readonly checkpoint: Checkpoint;
  /** What the state was rendered with; `isInForce`: nothing has to be rendered for it. */
  readonly base: DryRunSide & { readonly isInForce: boolean };
  readonly head: DryRunSide;
  readonly samples: readonly Delivery[];
  /** Settings that differ between the sides. */
  readonly settings: readonly SettingChange[];
  /** What recorded events say is shown. */
  readonly showsData: boolean;
  /** How many objects are shown with their lines. */
  readonly objectsMax: number;
  /** What the service's guard goes by; undefined: nobody asks it, as where the state is not looked at. */
  readonly guard?: Pick<JudgeScope, "loadCatalog" | "loaded"> & {
    readonly files: readonly ConfigFile[];
    /** Where on the target the settings want manifests. */
    readonly place: TargetPlace;
  };
}

export interface DryRunResult {
  readonly report: DryRunReport;
  /** Samples that could not be decoded. */
  readonly problems: readonly Problem[];
}

/** What the service would hold of the head, by the very function that it asks. */
async function findHeld({ state, checkpoint, base, head, guard }: DryRunInput): Promise<readonly HeldChange[]> {
  if (guard === undefined || state === undefined || !base.isInForce) return [];
  const { loadCatalog, files } = guard;
  const delivered = readDelivered(checkpoint.parts, guard.place.path);
  // What is delivered gets another folder by a hand-over alone.
  const place = { ...guard.place, path: delivered.outputPath };
  const { delivery } = head.catalog;
  const wanted = { outputPath: guard.place.path, ...(delivery === undefined ? {} : { delivery }) };
  const { render, records, sealer } = base.fold;
  const scope = {
    ...state,
    checkpoint,
    rules: { layout: checkpoint.layout, records, deadLettersMax: 0, instance: render.instance },
    render,
    outputPath: base.placement.outputPath,
    loadCatalog,
    inForce: withDelivery(base.catalog, delivered.delivery),
    loaded: guard.loaded,
    ...(sealer === undefined ? {} : { sealer }),
  };
  const verdict = await judgeChange(scope, { catalog: head.catalog, files });
  const moved = await judgePlace({ ...state, checkpoint, limits: base.catalog.guard }, place);
  const handOver = heldDelivery(delivered, wanted);
  return [...(verdict?.held ?? []), ...(moved === undefined ? [] : [moved.change]), ...handOver].filter(
    ({ id }) => !readGuardState(checkpoint.parts).approvals.includes(id),
  );
}

export async function dryRun(input: DryRunInput, entitiesMax: number): Promise<DryRunResult> {
  const { samples } = input;
  const base = input.base.catalog;
  const head = input.head.catalog;
  const optionsOf = ({ fold, placement: { outputPath } }: DryRunSide) => ({ ...fold, entitiesMax, outputPath });

  const baseFold = new Fold(input.state, input.checkpoint, optionsOf(input.base));
  if (input.base.isInForce) await baseFold.renderPending(base);
  else await baseFold.putInForce(base);
  const headFold = baseFold.branch(optionsOf(input.head));
  await headFold.putInForce(head);
  // Samples come on top of each side, so that neither sees those of the other.
  const before = baseFold.branch();
  const after = headFold.branch();
  await before.receive(base, samples);
  const problems = await after.receive(head, samples);

  const comparison: ComparisonOptions = {
    before: input.base.placement,
    after: input.head.placement,
    mask: new Mask([base, head], input.showsData),
    recorded: baseFold.overlay,
    places: new Map([...headFold.places, ...after.places]),
    triggerPlaces: new Map([...head.eventTriggers, ...head.profiles].map(([shown, { at }]) => [shown, at])),
  };
  const folds = [headFold, before, after];
  const paths = new Set(folds.flatMap(({ overlay }) => [...overlay.changedPaths]));
  const builder = new ReportBuilder(input.objectsMax);
  for await (const change of compareObjects(before.overlay, after.overlay, paths, comparison)) builder.add(change);
  for await (const [from, to] of findMoves(before.overlay, after.overlay, comparison)) builder.addMove(from, to);
  builder.addFailures(await compareFailures(before.overlay, after.overlay, paths, comparison));

  const unfolded = after.branch();
  await unfolded.unfoldDryRuns(head);
  const dryPaths = new Set(unfolded.overlay.changedPaths);
  const dry = { ...comparison, before: input.head.placement, places: unfolded.places };
  for await (const change of compareObjects(after.overlay, unfolded.overlay, dryPaths, dry)) builder.addDryRun(change);

  const report = builder.build({
    held: await findHeld(input),
    base: input.base.title,
    head: input.head.title,
    entities: headFold.entities,
    isComplete: [baseFold, headFold, unfolded].every(({ isComplete }) => isComplete),
    settings: input.settings,
    newTriggers: [...head.eventTriggers.keys()].filter((name) => !base.eventTriggers.has(name)),
  });
  return { report, problems };
}
