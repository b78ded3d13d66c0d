/**
 * YAML 1.1 as JSON, as sigs.k8s.io/yaml makes it with go-yaml v2: `yes` is true, `010` is 8, of duplicate keys the last
 * stands, and keys become strings.
 */
import { toValidText } from "../bytes.ts";
import type { Json } from "../json.ts";
import { formatFloat } from "../numbers.ts";
import type { JsonData } from "./decode-json.ts";
import { decodeYaml, decodeYamlStream, goSyntax, type YamlData, type YamlScalarValue } from "./decode-yaml.ts";
import type { Budget } from "./limits.ts";

/** A value that YAML has and JSON has not: an infinity, a key that is null. */
export class YamlToJsonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "YamlToJsonError";
  }
}

/**
 * The first document of a text as JSON: integers are bigints (int64 and uint64), other numbers float64; null for no
 * document. Throws a YamlError or a {@link YamlToJsonError} with Go's words.
 */
export function parseYaml11(text: string, budget: Budget = unlimited): Json {
  return toJson(decodeYaml(text, budget), (integer) => integer);
}

/** The same of every document of a text, as the API server's clients read files; empty documents are none. */
export function parseYaml11Stream(text: string): Json[] {
  return decodeYamlStream(text, unlimited).map((document) => toJson(document, (integer) => integer));
}

/** The same with every number a float64, as encoding/json has it where it knows no better. */
export function parseYaml11AsFloats(text: string, budget: Budget): JsonData {
  return toJson(decodeYaml(text, budget), Number);
}

const unlimited: Budget = { chargeItems() {}, chargeBytes() {} };

type JsonOf<N> = null | boolean | string | number | N | JsonOf<N>[] | Map<string, JsonOf<N>>;

function toJson<N>(value: YamlData, toNumber: (integer: bigint) => N): JsonOf<N> {
  if (value === null) return null;
  switch (typeof value) {
    case "string":
      return toValidText(value);
    case "number":
      if (!Number.isFinite(value)) throw new YamlToJsonError(`json: unsupported value: ${formatFloat(value, "g", -1)}`);
      return value;
    case "boolean":
      return value;
    case "bigint":
      return toNumber(value);
  }
  if (Array.isArray(value)) return value.map((item) => toJson(item, toNumber));
  const object = new Map<string, JsonOf<N>>();
  for (const [key, member] of value) object.set(keyText(key, member), toJson(member, toNumber));
  return object;
}

const maxInt64 = 2n ** 63n - 1n;

function keyText(key: YamlScalarValue, member: YamlData): string {
  switch (typeof key) {
    case "string":
      return toValidText(key);
    case "number":
      return floatKeyText(key);
    case "boolean":
      return String(key);
    case "bigint":
      if (key <= maxInt64) return String(key);
  }
  const type = key === null ? "%!s(<nil>)" : "uint64";
  const shownKey = key === null ? "<nil>" : goSyntax(key);
  const shownMember = member === null ? "<nil>" : goSyntax(member);
  throw new YamlToJsonError(`unsupported map key of type: ${type}, key: ${shownKey}, value: ${shownMember}`);
}

/** strconv.FormatFloat(key, 'g', -1, 32): the fewest digits that tell the nearest float32 apart. */
function floatKeyText(key: number): string {
  if (Number.isNaN(key)) return ".nan";
  const single = Math.fround(key);
  if (!Number.isFinite(single)) return single > 0 ? ".inf" : "-.inf";
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(single.toPrecision(digits));
    if (Math.fround(rounded) === single) return formatFloat(rounded, "g", -1);
  }
  return formatFloat(Number(single.toPrecision(9)), "g", -1);
}
