/**
 * What Go's own libraries wrote and read: sigs.k8s.io/yaml v1.6.0 over go.yaml.in/yaml v2.4.4, gopkg.in/yaml.v3 v3.0.1,
 * BurntSushi/toml v1.6.0 and encoding/json of Go 1.26.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { objectFunctions } from "../../../src/go-template/functions/objects.ts";
import { type FunctionContext, GoFunctionError } from "../../../src/go-template/functions/registry.ts";
import { serializationFunctions } from "../../../src/go-template/functions/serialization.ts";
import { toYamlV3 } from "../../../src/go-template/serialize/to-yaml-v3.ts";
import { type GoValue, MarkedText } from "../../../src/go-template/value.ts";
import { type JsonObject, parseJson } from "../../../src/model/json.ts";
import { readValue, showValue, unlimited } from "./notation.ts";

const lines = readFileSync(new URL("../../fixtures/go-serialization.jsonl", import.meta.url), "utf8");
const cases = lines
  .split("\n")
  .filter(Boolean)
  .map((line) => parseJson(line) as JsonObject);

function call(name: string, argument: GoValue): GoValue {
  // copy takes maps only; what yaml.v3 writes for other values counts as well.
  if (name === "copy" && !(argument instanceof Map)) return toYamlV3(argument, unlimited).replace(/\n$/, "");
  const declaration = { ...serializationFunctions, ...objectFunctions }[name]!;
  try {
    const result = declaration.call(unlimited as FunctionContext, ...([argument] as never[]));
    return result instanceof MarkedText ? result.text : result;
  } catch (error) {
    if (error instanceof GoFunctionError) return error.message;
    throw error;
  }
}

for (const name of new Set(cases.map((entry) => entry.get("op") as string))) {
  describe(name, () => {
    const ofName = cases.filter((entry) => entry.get("op") === name);
    it(`${ofName.length} cases are as in Go`, () => {
      for (const entry of ofName) {
        const text = entry.get("text");
        const wanted = readValue(entry.get("wanted")!);
        if (typeof text === "string") expect(showValue(call(name, text)), text).toBe(wanted);
        else expect(call(name, readValue(entry.get("value")!)), JSON.stringify(wanted)).toBe(wanted);
      }
    });
  });
}
