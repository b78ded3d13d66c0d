/**
 * What a trigger must have that was backfilled: as if it had been there from the beginning of what its streams kept, each
 * entity by the last of its events, and nothing made before all of them had been read. Told without the fold: only which
 * events are the trigger's, and what they ask for, is asked of the product.
 */
import assert from "node:assert/strict";
import type { Catalog } from "../../src/model/catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import { keepWithdrawn } from "../../src/plan/keep-withdrawn.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { renderSettings } from "../pipeline/service-bench.ts";
import type { StateCommit } from "./state-history.ts";
import type { World } from "./world.ts";

/** The trigger that worlds backfill; its events are alike for all clusters, and it has its objects to itself. */
export const lateTrigger = "late";
const ownFolder = `/triggers/${lateTrigger}/`;
const ownRecords = `records/eventtrigger/${lateTrigger}/`;

/** Whether the file is that trigger's. */
export function isOfLateTrigger(path: string): boolean {
  return path.includes(ownFolder) || path.startsWith(ownRecords);
}

/** The last of an entity's events, and what it asked for. */
interface LastEvent {
  readonly delivery: Delivery;
  readonly id: string;
  readonly isDelete: boolean;
}

export function checkLateTrigger(
  { catalogs }: World,
  history: readonly StateCommit[],
  state: ReadonlyMap<string, string>,
): void {
  const last = new Map<string, LastEvent>();
  let catalog: Catalog | undefined;
  for (const [index, { checkpoint, taken, backfilled, differences }] of history.entries()) {
    const before = history[index - 1]?.checkpoint;
    const live = taken.map(({ delivery }) => delivery);
    // While it is backfilled it is passed by on those streams.
    const cursors = before?.pending.backfill?.cursors;
    const told = [...live.filter(({ stream }) => cursors?.has(stream) !== true), ...backfilled];
    for (const delivery of told) for (const [subject, event] of eventsOf(catalog, delivery)) last.set(subject, event);
    if (cursors !== undefined && checkpoint.pending.backfill !== undefined && told.length === backfilled.length) {
      const made = differences.filter(
        ({ path, before: was, after }) => path.includes(ownFolder) && was === undefined && after !== undefined,
      );
      assert.deepEqual(
        made.map(({ path }) => path),
        [],
        "a backfill makes something before it has read all",
      );
    }
    if (before?.catalog === checkpoint.catalog || checkpoint.catalog === "") continue;
    catalog = keepWithdrawn(catalogs.get(checkpoint.catalog)!, catalog);
  }
  const trigger = catalog?.eventTriggers.get(lateTrigger);
  const passes = history.at(-1)?.checkpoint.pending.passes ?? [];
  // What is withdrawn stays as it is, and what is held has not come to its end.
  if (catalog === undefined || trigger === undefined || trigger.withdrawn || passes.length > 0) return;
  const wanted = new Map<string, Record<string, string>>();
  for (const [subject, { delivery, id, isDelete }] of last) {
    const matching = eventsOf(catalog, delivery).has(subject) ? productionClusters(catalog) : [];
    if (!isDelete && matching.length > 0) wanted.set(subject, Object.fromEntries(matching.map((key) => [key, id])));
  }
  assert.deepEqual(objectsOf(state), Object.fromEntries([...wanted].sort()), "a backfill is the fold over its streams");
}

/** Which of the events that came in the delivery are the trigger's, by the entity's subject. */
function eventsOf(catalog: Catalog | undefined, delivery: Delivery): ReadonlyMap<string, LastEvent> {
  if (catalog === undefined) return new Map();
  const eventTriggers = new Map([...catalog.eventTriggers].filter(([name]) => name === lateTrigger));
  const { inputs } = processDelivery({ ...catalog, eventTriggers }, delivery, {
    ...renderSettings,
    commitsConstants: true,
    hidesEvents: false,
    isReadAsWritten: false,
  });
  const events = new Map<string, LastEvent>();
  for (const input of inputs) {
    if (input.kind !== "entity") continue;
    const asked = input.renderings.find(({ action }) => action !== "none")?.action ?? input.elsewhere;
    if (asked === "none") continue;
    events.set(input.entity.subject, { delivery, id: input.last.event.id, isDelete: asked === "Delete" });
  }
  return events;
}

function productionClusters({ clusters }: Catalog): readonly string[] {
  return [...clusters].flatMap(([key, { labels }]) => (labels.get("env") === "production" ? [key] : [])).sort();
}

/** By subject and cluster, the event that the objects there are of. */
function objectsOf(state: ReadonlyMap<string, string>): Record<string, Record<string, string>> {
  const found: [string, Record<string, string>][] = [];
  for (const [path, text] of state) {
    if (!path.startsWith(ownRecords)) continue;
    const { entity, events, clusters } = parseRecord(text, path);
    const there = [...clusters].filter(([, { objects }]) => objects.size > 0).sort();
    if (there.length === 0) continue;
    found.push([entity.subject, Object.fromEntries(there.map(([key, { event }]) => [key, events[event!]!.event.id]))]);
  }
  return Object.fromEntries(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}
