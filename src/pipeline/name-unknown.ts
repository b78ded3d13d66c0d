/** What a command names and nobody knows: with the nearest name, or some of those that there are. */
import type { Catalog } from "../model/catalog.ts";
import { nearestWord } from "../model/nearest-word.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import { SluiceError } from "../model/problem.ts";
import { nameSome } from "./loop/name-some.ts";

export function nameUnknownOwner(owner: Owner, { eventTriggers, profiles }: Catalog): SluiceError {
  if (owner.kind === "EventTrigger") return nameUnknown("EventTrigger", owner.name, eventTriggers.keys());
  return nameUnknown("profile", ownerKey(owner), profiles.keys());
}

/** `what`: as in "EventTrigger", "cluster". */
export function nameUnknown(what: string, name: string, known: Iterable<string>): SluiceError {
  const names = [...known].sort();
  const near = nearestWord(name, names);
  const some = names.length === 0 ? "There is none." : `There are ${nameSome(names)}.`;
  const hint = near === undefined ? some : `Did you mean ${near}?`;
  return new SluiceError({ code: "NOT_FOUND", message: `there is no ${what} ${name}`, hint });
}
