/** Conformance vectors: a template with its data, and what Go printed or why it failed. */
import { createHash } from "node:crypto";
import { encodeBytes } from "../../../src/go-template/bytes.ts";
import { templateFunctions } from "../../../src/go-template/functions/index.ts";
import type { GoValue } from "../../../src/go-template/value.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../../src/model/json.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { RenderContext, TemplateSource } from "../../../src/model/template.ts";
import { compileGoTemplate } from "../../../src/render/compile-go-template.ts";
import { leftOutFunctions } from "./left-out-functions.ts";
import { currentObject, currentObjects } from "./sveltos-root.ts";

export interface Vector {
  readonly id: string;
  readonly group: string;
  readonly template: string;
  readonly data: Json;
  readonly numbers: "int64" | "float64" | "sveltos";
  readonly root: "map" | "currentObject" | "currentObjects";
  readonly missingKey: "default" | "zero" | "error";
  readonly wanted: VectorResult;
}

/** Bytes in base64 where they are no UTF-8; of an error the kind counts, its text is for people. */
export type VectorResult =
  | { readonly output: string }
  | { readonly outputBase64: string }
  | { readonly errorKind: "parse" | "exec"; readonly error: string };

/** Reads vectors, one a line. */
export function readVectors(text: string): Vector[] {
  return text.split("\n").filter(Boolean).map(readVector);
}

function readVector(line: string): Vector {
  const fields = parseJson(line) as JsonObject;
  const field = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const options = fields.get("options");
  const missingKey = isJsonObject(options) ? options.get("missingkey") : undefined;
  const output = field("output");
  const outputBase64 = field("outputBase64");
  const errorKind = field("errorKind") as "parse" | "exec";
  return {
    id: field("id")!,
    group: field("group")!,
    template: field("template")!,
    data: fields.get("data") ?? null,
    numbers: field("numbers") as Vector["numbers"],
    root: field("root") as Vector["root"],
    missingKey: (missingKey as Vector["missingKey"] | undefined) ?? "default",
    wanted:
      output !== undefined
        ? { output }
        : outputBase64 !== undefined
          ? { outputBase64 }
          : { errorKind, error: field("error")! },
  };
}

const functions = { ...templateFunctions, ...leftOutFunctions };

/** What Sluice makes of a vector, with what it does otherwise on purpose switched off. */
export function runVector({ template: text, data, numbers, root, missingKey }: Vector): VectorResult {
  const source: TemplateSource = {
    text,
    engine: "go",
    file: "tmpl",
    part: "tmpl",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
  const { template, problems } = compileGoTemplate(source, {
    name: "tmpl",
    missingKey,
    singleQuotedStrings: false,
    functions,
  });
  if (template === undefined) return { errorKind: "parse", error: problems[0]!.message };
  const decoded = decodeNumbers(data, numbers);
  try {
    return resultOf(template.execute(rootOf(decoded, root), context).text);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { errorKind: "exec", error: error.message };
  }
}

export function isAsWanted(wanted: VectorResult, got: VectorResult): boolean {
  if ("errorKind" in wanted) return "errorKind" in got && got.errorKind === wanted.errorKind;
  if ("output" in wanted) return "output" in got && got.output === wanted.output;
  return "outputBase64" in got && got.outputBase64 === wanted.outputBase64;
}

const context: RenderContext = {
  clock: Date.UTC(2026, 0, 2, 3, 4, 5),
  drawBytes: (call, length) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) => {
      return createHash("sha256").update(`${call}/${block}`).digest();
    });
    return Buffer.concat(blocks).subarray(0, length);
  },
};

function resultOf(text: string): VectorResult {
  return text.isWellFormed() ? { output: text } : { outputBase64: Buffer.from(encodeBytes(text)).toString("base64") };
}

function rootOf(data: GoValue, root: Vector["root"]): GoValue {
  if (root === "map" || !(data instanceof Map)) return data;
  return root === "currentObject" ? currentObject(data) : currentObjects(data);
}

/** Kubernetes decodes integers as int64, encoding/json all numbers as float64; Sveltos has both. */
function decodeNumbers(value: Json, numbers: Vector["numbers"], key?: string): Json {
  if (typeof value === "bigint") {
    return numbers === "float64" || BigInt.asIntN(64, value) !== value ? Number(value) : value;
  }
  if (value === null || typeof value !== "object") return value;
  const inside = numbers === "sveltos" && (key === "CloudEvent" || key === "CloudEvents") ? "float64" : numbers;
  if (isJsonObject(value)) {
    return new Map([...value].map(([name, member]) => [name, decodeNumbers(member, inside, name)]));
  }
  return value.map((item) => decodeNumbers(item, inside));
}
