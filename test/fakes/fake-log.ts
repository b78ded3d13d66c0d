/** A log that keeps what it is told. */
import type { Problem } from "../../src/model/problem.ts";
import type { Log, LogFields } from "../../src/ports/system.ts";

export interface FakeLogEntry {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export interface FakeLog extends Log {
  readonly lines: string[];
  /** The same, with what they name. */
  readonly entries: FakeLogEntry[];
  readonly problems: Problem[];
}

export function createFakeLog(): FakeLog {
  const lines: string[] = [];
  const entries: FakeLogEntry[] = [];
  const problems: Problem[] = [];
  const write = (level: string) => (message: string, fields?: LogFields) => {
    lines.push(`${level} ${message}`);
    entries.push({ level, message, fields });
  };
  return {
    lines,
    entries,
    problems,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    problem: (problem, fields) => {
      problems.push(problem);
      entries.push({ level: problem.severity, message: problem.message, fields: { code: problem.code, ...fields } });
    },
  };
}
