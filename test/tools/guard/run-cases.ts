/** Puts cases to engine and guard, and what came of them to PyYAML. */
import type { JsonObject } from "../../../src/model/json.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { RenderedText, Template, TemplateSource } from "../../../src/model/template.ts";
import { compileTemplate } from "../../../src/render/compile-template.ts";
import { readManifests } from "../../../src/render/read-manifests.ts";
import { findDeviation, type PrintedWord, textOf } from "./judge.ts";
import { type PythonReading, readWithPython, type Tree } from "./python-yaml.ts";
import { type GuardCase, standIn } from "./random-case.ts";

/** What came of one case. `template`: it makes no manifest even with harmless values, or does not always make the same. */
export type Outcome = "template" | "failed" | "taken" | "refused";

export interface Verdict {
  readonly guardCase: GuardCase;
  readonly outcome: Outcome;
  /** What was taken and should not have been, or refused and should not have been. */
  readonly fault?: string;
}

/** A case with the texts that PyYAML is to read. */
export interface Prepared {
  readonly guardCase: GuardCase;
  readonly outcome: Outcome;
  /** With harmless stand-ins, and where these stand. */
  readonly harmless: string;
  readonly printed: readonly PrintedWord[];
  /** As printed with the values, and the manifest where it was taken. */
  readonly texts: readonly string[];
  readonly problem?: string;
}

const options = {
  provenance: { owner: "EventTrigger/fuzz", entity: "e", instance: "sluice" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};
const context = { clock: 0 };

export function prepareCase(guardCase: GuardCase): Prepared {
  const { engine, template: text, uses, values } = guardCase;
  const source: TemplateSource = { text, engine, file: "t.yaml", part: "t", line: 1, column: 1 };
  const { template } = compileTemplate(source);
  const none = { guardCase, outcome: "template", harmless: "", printed: [], texts: [] } as const;
  if (template === undefined) return none;
  const harmless = render(template, dataOf(uses.map(standIn)));
  if (harmless === undefined || readManifests(harmless, source, options).problems.length > 0) return none;

  const rendered = render(template, dataOf(values));
  if (rendered === undefined) return { ...none, outcome: "failed" };
  const { value, problems } = readManifests(rendered, source, options);
  const printed = harmless.printed.map(({ start, end, lead = 0 }) => {
    const printed = harmless.text.slice(start + lead, end);
    // A word that vanishes belongs to the scalar before it, which it may lengthen.
    const from = printed === "" ? harmless.text.slice(0, start).trimEnd().length : start + lead;
    return { start: from, end, text: printed };
  });
  const known = { guardCase, harmless: harmless.text, printed };
  const [problem] = problems;
  if (problem !== undefined) {
    return { ...known, outcome: "refused", texts: [rendered.text], problem: `${problem.code}: ${problem.message}` };
  }
  return { ...known, outcome: "taken", texts: [rendered.text, value.map(({ text }) => text).join("---\n")] };
}

function dataOf(values: GuardCase["values"]): JsonObject {
  return new Map(values.map((value, index) => [`v${index}`, value]));
}

function render(template: Template, data: JsonObject): RenderedText | undefined {
  try {
    return template.render(data, context);
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

/** `harmless` and `readings` are PyYAML's of the prepared texts. */
export function judgeCase(
  { guardCase, outcome, problem, printed }: Prepared,
  harmless: PythonReading,
  readings: readonly PythonReading[],
): Verdict {
  if (outcome === "template" || outcome === "failed") return { guardCase, outcome };
  // What PyYAML does not read with harmless values it can't judge.
  const reading = specOf(harmless);
  if (reading === undefined) return { guardCase, outcome: "template" };
  const expected = { reading, printed, uses: guardCase.uses, values: guardCase.values };
  const [rendered, manifest] = readings.map(specOf);
  if (outcome === "taken") {
    const fault =
      manifest === undefined ? "the manifest can't be read, or is not one" : findDeviation(manifest, expected);
    return fault === undefined ? { guardCase, outcome } : { guardCase, outcome, fault: `taken: ${fault}` };
  }
  const isRight = rendered !== undefined && findDeviation(rendered, { ...expected, isExact: true }) === undefined;
  // What one of the consumers can't read or takes for more is refused with reason.
  const isGuards = problem !== undefined && /^(?:GUARD_VIOLATION|MANIFEST_SYNTAX)/.test(problem);
  return isRight && isGuards ? { guardCase, outcome, fault: `refused: ${problem}` } : { guardCase, outcome };
}

/** What stands below `spec` of a reading's one document; undefined where it is anything else. */
function specOf(reading: PythonReading): Tree | undefined {
  if (reading === null || reading.length !== 1) return undefined;
  const [root] = reading;
  if (root === null || typeof root !== "object" || !("m" in root)) return undefined;
  const keys = root.m.map(([key]) => textOf(key));
  if (keys.join(" ") !== "apiVersion kind metadata spec") return undefined;
  return root.m[3]![1];
}

/** Has PyYAML judge those cases that were `asked` for: what was taken, or what was refused. */
export function runCases(cases: readonly GuardCase[], asked: "taken" | "refused"): Verdict[] {
  const prepared = cases.map(prepareCase);
  const inQuestion = prepared.filter(({ outcome }) => outcome === asked);
  const readings = readWithPython(inQuestion.map(({ texts }) => texts.at(-1)!));
  const harmless = readWithPython(
    inQuestion.map((one) => one.harmless),
    true,
  );
  let next = 0;
  return prepared.map((one) => {
    if (one.outcome !== asked) return { guardCase: one.guardCase, outcome: one.outcome };
    const reading = readings[next]!;
    return judgeCase(one, harmless[next++]!, asked === "taken" ? [null, reading] : [reading]);
  });
}
