/** One case through the engine and through Go, and how a difference is made small. */
import { encodeBytes } from "../../../src/go-template/bytes.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { SluiceError } from "../../../src/model/problem.ts";
import { compileGoTemplate } from "../../../src/render/compile-go-template.ts";
import { askGo, type GoTemplateAnswer } from "../gotemplate.ts";

export interface FuzzCase {
  readonly template: string;
  readonly data: JsonObject;
  readonly missingKey: "default" | "zero" | "error";
}

export interface Difference {
  readonly fuzzCase: FuzzCase;
  readonly go: string;
  readonly own: string;
}

/** A result in one line: the output, or the kind of the error and its text behind a blank. */
type Result = {
  readonly text: string;
  readonly detail: string;
  /** Nothing to compare: a bound ended it, or it is never the same. */
  readonly isBound: boolean;
};

/** The differences among cases. Where our bounds end an execution, Go may go on or crash: that is none. */
export function findDifferences(cases: readonly FuzzCase[]): Difference[] {
  const answers = askGo("render", cases);
  return cases.flatMap((fuzzCase, index) => {
    const go = goResult(answers[index]!);
    const own = ownResult(fuzzCase);
    if (own.isBound || go.isBound || go.text === own.text) return [];
    return [{ fuzzCase, go: go.text + go.detail, own: own.text + own.detail }];
  });
}

function goResult({ output, errorKind, error }: GoTemplateAnswer): Result {
  const isBound = errorKind === "crash";
  if (errorKind !== undefined) return { text: `${errorKind} error`, detail: `: ${error}`, isBound };
  const text = output.toString("latin1");
  // The insides of a time hold an address.
  return { text: `output ${text}`, detail: "", isBound: text.includes("*time.Location") };
}

function ownResult({ template: text, data, missingKey }: FuzzCase): Result {
  const source = { text, engine: "go", file: "tmpl", part: "tmpl", line: 1, column: 1 } as const;
  const { template, problems } = compileGoTemplate(source, { missingKey, singleQuotedStrings: false });
  if (template === undefined) return { text: "parse error", detail: `: ${problems[0]!.message}`, isBound: false };
  try {
    const { text: output } = template.execute(data, { clock: 0 });
    return { text: `output ${Buffer.from(encodeBytes(output)).toString("latin1")}`, detail: "", isBound: false };
  } catch (error) {
    const { problem, message } = error as SluiceError;
    if (problem === undefined) return { text: "crash", detail: `: ${(error as Error).stack}`, isBound: false };
    return { text: "exec error", detail: `: ${message}`, isBound: problem.code === "TEMPLATE_BOUND" };
  }
}

/** The smallest template found by leaving out parts that still differs, and of its data what it needs. */
export function minimize(difference: Difference): Difference {
  let smallest = difference;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    const candidates = [...shorterTemplates(smallest.fuzzCase), ...smallerData(smallest.fuzzCase)];
    const [found] = findDifferences(candidates);
    if (found === undefined) continue;
    smallest = found;
    isSmaller = true;
  }
  return smallest;
}

function shorterTemplates({ template, ...rest }: FuzzCase): FuzzCase[] {
  const tokens = template.match(/\{\{-? ?|-?\}\}|[\p{L}\p{Nd}_.$]+|"(?:[^"\\]|\\.)*"|`[^`]*`|./gsu) ?? [];
  const candidates: FuzzCase[] = [];
  for (let length = tokens.length >> 1; length >= 1; length >>= 1) {
    for (let at = 0; at + length <= tokens.length; at += Math.max(1, length >> 1)) {
      candidates.push({ ...rest, template: [...tokens.slice(0, at), ...tokens.slice(at + length)].join("") });
    }
  }
  return candidates;
}

function smallerData({ data, ...rest }: FuzzCase): FuzzCase[] {
  return [...data.keys()].map((key) => {
    return { ...rest, data: new Map([...data].filter(([other]) => other !== key)) };
  });
}
