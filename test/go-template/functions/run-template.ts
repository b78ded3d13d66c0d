/** Runs a template as the vectors do, with a clock and draws that tests can foresee. */
import { type JsonObject, parseJson } from "../../../src/model/json.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { RenderContext } from "../../../src/model/template.ts";
import { compileGoTemplate } from "../../../src/render/compile-go-template.ts";

/** 2024-06-01T12:34:56Z. */
export const clock = 1_717_245_296_000;

/** Other bytes at each call, the same in each run. */
function drawBytes(call: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (call * 7919 + index * 104_729 + 31) % 251);
}

/** What a template prints, or the code with which it fails. */
export function runTemplate(
  text: string,
  data = "{}",
  context: RenderContext = { clock, drawBytes },
): { prints: string } | { code: string } {
  const source = { text, engine: "go", file: "f.yaml", part: "p", line: 1, column: 1 } as const;
  const { template, problems } = compileGoTemplate(source);
  if (template === undefined) throw new Error(problems[0]?.message);
  try {
    return { prints: template.render(parseJson(data) as JsonObject, context).text };
  } catch (error) {
    if (error instanceof SluiceError) return { code: error.problem.code };
    throw error;
  }
}

/** What a template prints that does not fail. */
export function printed(text: string, data?: string, context?: RenderContext): string {
  const result = runTemplate(text, data, context);
  if ("code" in result) throw new Error(`${text} failed: ${result.code}`);
  return result.prints;
}
