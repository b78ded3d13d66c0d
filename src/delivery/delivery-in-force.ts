/**
 * Which delivery is in force, kept in the checkpoint's parts: a unit that moves or ends takes its objects from the
 * cluster before another has them, so what would do that is not taken from settings as it comes.
 */
import type { Catalog } from "../model/catalog.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import type { JsonObject } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";

/** Settings that decide nothing about which unit an object is in, or where a unit is. */
const freeSettings = new Set(["interval", "retryInterval", "timeout", "project"]);

/** Undefined: nothing was ever delivered. */
export function readDeliveryInForce(parts: JsonObject): HubDelivery | undefined {
  const text = parts.get("delivery");
  return typeof text === "string" ? (JSON.parse(text) as HubDelivery) : undefined;
}

/** The parts with the delivery as given; what others keep there stays. */
export function writeDeliveryInForce(parts: JsonObject, delivery: HubDelivery | undefined): JsonObject {
  return delivery === undefined ? parts : new Map(parts).set("delivery", JSON.stringify(delivery));
}

/** A catalog with this delivery; the revision stays that of what was wanted. */
export function withDelivery(catalog: Catalog, delivery: HubDelivery | undefined): Catalog {
  if (catalog.delivery === delivery) return catalog;
  const { delivery: _, ...rest } = catalog;
  return delivery === undefined ? rest : { ...rest, delivery };
}

/** What is to be in force: what is wanted, or what was, where that would move objects between units or end one. */
export function chooseDelivery(
  inForce: HubDelivery | undefined,
  wanted: HubDelivery | undefined,
): HubDelivery | undefined {
  return findMoving(inForce, wanted).length === 0 ? wanted : inForce;
}

/** What of the wanted delivery is not in force; undefined: all of it is. */
export function explainDelivery(
  inForce: HubDelivery | undefined,
  wanted: HubDelivery | undefined,
): Problem | undefined {
  const moving = findMoving(inForce, wanted);
  if (moving.length === 0) return undefined;
  const what = wanted === undefined ? "delivery is gone from the settings" : `${moving.join(", ")} changed`;
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `${what}: that moves objects between what ${inForce?.kind} applies as one, and it would delete them meanwhile`,
    hint: "The delivery in force stays. Set it back; docs/delivery.md says how to change it by hand.",
  };
}

/** The settings, by name, that would move something. */
function findMoving(inForce: HubDelivery | undefined, wanted: HubDelivery | undefined): readonly string[] {
  if (inForce === undefined) return [];
  if (wanted === undefined) return ["delivery"];
  const [before, after] = [new Map(Object.entries(inForce)), new Map(Object.entries(wanted))];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => !freeSettings.has(key) && JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)))
    .map((key) => `delivery.${key}`)
    .sort();
}
