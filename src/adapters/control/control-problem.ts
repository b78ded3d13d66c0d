/** Errors as they cross the control socket. */
import { type Problem, SluiceError } from "../../model/problem.ts";

export function problemOf(error: unknown): Problem {
  if (error instanceof SluiceError) return error.problem;
  return { code: "INTERNAL", severity: "error", message: error instanceof Error ? error.message : String(error) };
}
