/**
 * Which delivery is in force, kept in the checkpoint's parts: a unit that moves or ends takes its objects from the
 * cluster before another has them, so what would do that is not taken from settings as it comes. It is held until a
 * person begins the hand-over.
 */
import type { Catalog } from "../model/catalog.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { JsonObject } from "../model/json.ts";
import type { HeldChange } from "../model/mass-change.ts";
import type { Problem } from "../model/problem.ts";
import { changeId } from "../plan/mass-change/change-id.ts";
import { readPlaces } from "../plan/target-place.ts";
import { type Delivered, findMoving } from "./hand-over/hand-over.ts";

/** Undefined: nothing was ever delivered. */
export function readDeliveryInForce(parts: JsonObject): HubDelivery | undefined {
  const text = parts.get("delivery");
  // Before there were units of owners, all were of clusters; before there were artifacts, all of the repository.
  if (typeof text !== "string") return undefined;
  const { split = "cluster", ...rest } = JSON.parse(text) as HubDelivery;
  return rest.kind === "flux" ? { ...rest, split, artifacts: rest.artifacts ?? false } : { ...rest, split };
}

/** The parts with the delivery as given; what others keep there stays. */
export function writeDeliveryInForce(parts: JsonObject, delivery: HubDelivery | undefined): JsonObject {
  const written = new Map(parts);
  if (delivery === undefined) written.delete("delivery");
  else written.set("delivery", JSON.stringify(delivery));
  return written;
}

/** What is delivered, and from which `output.path`; `otherwise`: where manifests stand if nothing is known of that. */
export function readDelivered(parts: JsonObject, otherwise: string): Delivered {
  const delivery = readDeliveryInForce(parts);
  const outputPath = readPlaces(parts).now?.path ?? otherwise;
  return delivery === undefined ? { outputPath: otherwise } : { delivery, outputPath };
}

/** A catalog with this delivery; the revision stays that of what was wanted. */
export function withDelivery(catalog: Catalog, delivery: HubDelivery | undefined): Catalog {
  if (catalog.delivery === delivery) return catalog;
  const { delivery: _, ...rest } = catalog;
  return delivery === undefined ? rest : { ...rest, delivery };
}

/** What is to be in force: what is wanted, or what was, where that would move objects between units or end one. */
export function chooseDelivery(inForce: Delivered, wanted: Delivered): HubDelivery | undefined {
  const moving = findMoving(inForce, wanted);
  // The folder waits for a person, the rest need not.
  return moving.every((setting) => setting === "output.path") ? wanted.delivery : inForce.delivery;
}

/** By which id a person begins the hand-over from one to the other. */
export function handOverId(inForce: Delivered, wanted: Delivered): string {
  const text = ({ delivery, outputPath }: Delivered) => JSON.stringify([delivery, outputPath]);
  return changeId([{ key: "Settings//delivery", before: text(inForce), after: text(wanted) }]);
}

/** The hand-over from one to the other as a held change; none where nothing would move. */
export function heldDelivery(inForce: Delivered, wanted: Delivered): readonly HeldChange[] {
  const documents = findMoving(inForce, wanted);
  if (documents.length === 0) return [];
  const none = { removals: 0, additions: 0, owners: [], clusters: [], exceeded: [] };
  return [{ ...none, id: handOverId(inForce, wanted), documents, handOver: "delivery" }];
}

/** What of the wanted delivery is not in force; undefined: all of it is. */
export function explainDelivery(inForce: Delivered, wanted: Delivered): Problem | undefined {
  const moving = findMoving(inForce, wanted);
  if (moving.length === 0) return undefined;
  const what = wanted.delivery === undefined ? "delivery is gone from the settings" : `${moving.join(", ")} changed`;
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `${what}: that moves objects between what ${inForce.delivery?.kind} applies as one, and is a hand-over in steps`,
    hint: `What is in force stays. Set it back, or begin with: sluice approve ${handOverId(inForce, wanted)}`,
  };
}
