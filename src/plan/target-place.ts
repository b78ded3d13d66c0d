/**
 * Where on the target the manifests stand, and where they stood before: kept in the checkpoint's parts, so that a start
 * with other settings knows what is left behind elsewhere, and that the state is another name's.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { TargetPlace } from "../model/mass-change.ts";
import { SluiceError } from "../model/problem.ts";

export interface KnownPlaces {
  /** Undefined: not known. */
  readonly now: TargetPlace | undefined;
  /** The oldest first. */
  readonly former: readonly TargetPlace[];
  /** Settings' `name`, which every manifest says. */
  readonly name: string | undefined;
}

/** Of former places so many are remembered. */
const formerMax = 10;

export function readPlaces(parts: JsonObject): KnownPlaces {
  const places = parts.get("places");
  const file: JsonObject = isJsonObject(places) ? places : new Map();
  const former = file.get("former");
  const name = file.get("name");
  return {
    now: placeFromJson(file.get("now")),
    former: (Array.isArray(former) ? (former as readonly Json[]) : []).flatMap((json) => placeFromJson(json) ?? []),
    name: typeof name === "string" ? name : undefined,
  };
}

/** The parts with another place; the one of before is a former one then. Undefined: it is the same. */
export function moveTo(parts: JsonObject, place: TargetPlace, name: string): JsonObject | undefined {
  const known = readPlaces(parts);
  if (known.now !== undefined && isSamePlace(known.now, place) && known.name === name) return undefined;
  const before = known.now === undefined || isSamePlace(known.now, place) ? [] : [known.now];
  const former = [...known.former.filter((one) => !isSamePlace(one, place)), ...before].slice(-formerMax);
  return writePlaces(parts, { now: place, former, name });
}

/** The parts without former places that nothing is left in. Undefined: all have something. */
export function withoutPlaces(parts: JsonObject, gone: readonly TargetPlace[]): JsonObject | undefined {
  const known = readPlaces(parts);
  const former = known.former.filter((one) => !gone.some((other) => isSamePlace(one, other)));
  return former.length === known.former.length ? undefined : writePlaces(parts, { ...known, former });
}

/**
 * A state's manifests all say one name, and by it Sluice knows its files: with another one it would take its own for
 * somebody else's. Throws a SluiceError (SETTINGS_INVALID).
 */
export function checkName(parts: JsonObject, name: string): void {
  const { name: known } = readPlaces(parts);
  if (known === undefined || known === name) return;
  throw new SluiceError({
    code: "SETTINGS_INVALID",
    message: `name is ${JSON.stringify(name)}, and the state was made under the name ${JSON.stringify(known)}: its manifests say so`,
    hint: `Set name to ${known}. For another Sluice beside it, set another state.branch and output.path too.`,
  });
}

function writePlaces(parts: JsonObject, { now, former, name }: KnownPlaces): JsonObject {
  const file = new Map<string, Json>();
  if (now !== undefined) file.set("now", placeToJson(now));
  if (former.length > 0) file.set("former", former.map(placeToJson));
  if (name !== undefined) file.set("name", name);
  return new Map(parts).set("places", file);
}

function placeToJson({ branch, path }: TargetPlace): Json {
  return new Map<string, Json>([
    ["branch", branch],
    ["path", path],
  ]);
}

function placeFromJson(json: Json | undefined): TargetPlace | undefined {
  if (!isJsonObject(json)) return undefined;
  return { branch: String(json.get("branch")), path: String(json.get("path")) };
}

function isSamePlace(one: TargetPlace, other: TargetPlace): boolean {
  return one.branch === other.branch && one.path === other.path;
}
