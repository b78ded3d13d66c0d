/** What a release has, for people: helm's manifest as objects, by what they are called. */
import { parseYaml11Stream, YamlError, YamlToJsonError } from "../../go-template/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { textAt } from "../members.ts";

/** What Secrets hold is left out. A manifest that is none is one text. */
export function readManifest(text: string): JsonObject {
  try {
    return new Map(parseYaml11Stream(text).filter(isJsonObject).map(nameObject));
  } catch (error) {
    if (!(error instanceof YamlError) && !(error instanceof YamlToJsonError)) throw error;
    return new Map([["manifest", "it can't be read"]]);
  }
}

function nameObject(object: JsonObject): [string, Json] {
  const kind = textAt(object, "kind") ?? "";
  const names = ["namespace", "name"].flatMap((key) => textAt(object, "metadata", key) ?? []);
  const isHeld = kind === "Secret";
  const shown = [...object].filter(([key]) => !isHeld || (key !== "data" && key !== "stringData"));
  return [[kind, ...names].join("/"), new Map(shown)];
}
