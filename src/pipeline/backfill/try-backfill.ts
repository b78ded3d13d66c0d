/** A backfill in memory, up to where its pass would begin: what it would come to, and nothing done. */
import type { Backfill } from "../../model/change-set.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { countOf } from "../../model/count-of.ts";
import type { StreamName } from "../../model/delivery.ts";
import { isAggregateEntity, recordFolder } from "../../plan/paths.ts";
import { parseRecord } from "../../plan/record-file.ts";
import { CountedEntities } from "../aggregates/counted-entities.ts";
import { StateOverlay } from "../dry-run/state-overlay.ts";
import { foldInputs } from "../fold-inputs.ts";
import { readFolder } from "../read-folder.ts";
import { rulesOf } from "../rules-of.ts";
import { backfillInputs } from "./backfill-inputs.ts";
import { advance, nextStep } from "./read-backfill.ts";
import type { BackfillCommandScope } from "./start-backfill.ts";

export interface BackfillCount {
  readonly messages: number;
  /** Of the messages, those that the trigger matches. */
  readonly events: number;
  /** Entities that would be rendered, and on which clusters. */
  readonly alive: number;
  readonly clusters: number;
  /** Entities whose action could not be rendered. */
  readonly failed: number;
}

export async function tryBackfill(
  backfill: Backfill,
  { git, inForce }: BackfillCommandScope,
  signal: AbortSignal,
): Promise<BackfillCount> {
  const { branches, keeper, streams } = inForce();
  const { catalog, checkpoint, rendering: settings } = keeper;
  const { stateTree } = branches;
  const overlay = new StateOverlay(stateTree === undefined ? undefined : { git, tree: stateTree });
  const { layout, positions } = checkpoint;
  const rules = rulesOf({ layout, records: "full", deadLettersMax: 0, instance: settings.instance }, catalog);
  let [messages, events] = [0, 0];
  const scene = { streams, positions, near: new Set<StreamName>(), givenUp: new Set(backfill.cursors.keys()) };
  for (let left = backfill; ; ) {
    const step = nextStep(left, scene);
    if (step.kind !== "read") break;
    const read = await step.past.read(step.stretch, signal);
    left = advance(step.backfill, step, read);
    messages += read.deliveries.length;
    const inputs = backfillInputs(catalog, backfill, read.deliveries, settings, checkpoint.stateId);
    events += inputs.length;
    const scope = { git: overlay, tree: overlay.tree, rules, catalog, settings, counted: new CountedEntities() };
    const { changeSet } = await foldInputs(scope, inputs, checkpoint, checkpoint);
    overlay.apply(changeSet.changes);
  }
  const clusters = new Set<ClusterKey>();
  let [alive, failed] = [0, 0];
  for await (const [path, text] of readFolder(overlay, overlay.tree, recordFolder(backfill.owner))) {
    const record = parseRecord(text, path);
    if (isAggregateEntity(record.entity)) continue;
    const on = [...record.clusters].filter(([, { action, failure }]) => action === "Create" && failure === undefined);
    if (on.length > 0) alive++;
    if ([...record.clusters.values()].some(({ failure }) => failure !== undefined)) failed++;
    for (const [cluster] of on) clusters.add(cluster);
  }
  return { messages, events, alive, clusters: clusters.size, failed };
}

export function describeCount({ messages, events, alive, clusters, failed }: BackfillCount): string {
  const failures = failed === 0 ? "" : `, ${failed} would fail`;
  return `would act on ${countOf(events, "event")} of ${countOf(messages, "message")}: ${countOf(alive, "entity")} on ${countOf(clusters, "cluster")} would be rendered${failures}`;
}
