/** A Log that keeps what it is told. */
import type { Problem } from "../../src/model/problem.ts";
import type { Log, LogFields } from "../../src/ports/system.ts";

export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

export class MemoryLog implements Log {
  readonly lines: LoggedLine[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "info", message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "warn", message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "error", message, fields });
  }

  problem(problem: Problem, fields: LogFields = {}): void {
    this.lines.push({ level: problem.severity === "error" ? "error" : "warn", message: problem.message, fields });
  }
}
