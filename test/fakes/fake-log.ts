/** A log that keeps what it is told. */
import type { Problem } from "../../src/model/problem.ts";
import type { Log } from "../../src/ports/system.ts";

export interface FakeLog extends Log {
  readonly lines: string[];
  readonly problems: Problem[];
}

export function createFakeLog(): FakeLog {
  const lines: string[] = [];
  const problems: Problem[] = [];
  const write = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  return {
    lines,
    problems,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    problem: (problem) => {
      problems.push(problem);
    },
  };
}
