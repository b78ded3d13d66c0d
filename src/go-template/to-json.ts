/** A value as plain JSON: what a serialized value must parse back to. */
import type { Json } from "./json.ts";
import { JsonStruct, viewAsJson } from "./serialize/json-view.ts";
import type { GoObject, GoValue } from "./value.ts";

export function toJson(value: GoValue): Json {
  const view = viewAsJson(value);
  if (view === null || typeof view !== "object") return view;
  if (Array.isArray(view)) return view.map(toJson);
  const members = view instanceof JsonStruct ? view.members : (view as GoObject);
  return new Map([...members].map(([key, member]) => [key, toJson(member)]));
}
