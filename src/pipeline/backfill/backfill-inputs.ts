/**
 * What an owner makes of events of old: the action alone is rendered, and each entity's last event is kept on record
 * without objects, so that nothing is made of what is gone by now.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { Backfill } from "../../model/change-set.ts";
import type { ReceivedEvent } from "../../model/cloud-event.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Owner } from "../../model/owner.ts";
import type { EntityInput } from "../../plan/apply-event.ts";
import { hashEntity } from "../../plan/paths.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { processDelivery, processEvent } from "../process-delivery.ts";

/** What all events of old are rendered with: the catalog with this trigger alone, which renders nothing but its action. */
const catalogs = new WeakMap<Catalog, Map<string, Catalog>>();

export function backfillInputs(
  catalog: Catalog,
  { owner, removed }: Backfill,
  deliveries: readonly Delivery[],
  settings: RenderSettings,
  stateId: string,
): readonly EntityInput[] {
  const alone = catalogOf(catalog, owner);
  const isRemoved = ({ entity }: EntityInput, { stream, position }: Delivery) => {
    const at = removed?.get(hashEntity(entity))?.get(stream);
    return at !== undefined && at.epoch === position.epoch && position.sequence <= at.sequence;
  };
  return deliveries.flatMap((delivery) =>
    processDelivery(alone, delivery, settings, stateId).inputs.flatMap((input) =>
      // What can't be decoded was a dead letter when it came.
      input.kind === "entity" && !isRemoved(input, delivery) ? [{ ...input, isBackfill: true as const }] : [],
    ),
  );
}

/** The same of one event that was decoded before. */
export function inputsOfEvent(
  catalog: Catalog,
  owner: Owner,
  received: ReceivedEvent,
  settings: RenderSettings,
): readonly EntityInput[] {
  return processEvent(catalogOf(catalog, owner), received, settings).map((input) => ({ ...input, isBackfill: true }));
}

function catalogOf(catalog: Catalog, { name }: Owner): Catalog {
  const known = catalogs.get(catalog) ?? new Map<string, Catalog>();
  catalogs.set(catalog, known);
  const trigger = catalog.eventTriggers.get(name);
  const alone = known.get(name) ?? {
    ...catalog,
    eventTriggers: new Map(trigger === undefined ? [] : [[name, { ...trigger, withdrawn: true as const }]]),
  };
  known.set(name, alone);
  return alone;
}
