/** Logs to stderr: JSON lines for machines, one readable line each on a terminal. */
import { pino, stdTimeFunctions } from "pino";
import { formatPlace, type Problem } from "../../model/problem.ts";
import type { Log, LogFields, Redactor } from "../../ports/system.ts";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly format: "json" | "text";
  readonly redactor: Redactor;
  /** Text lines begin with the time, as JSON lines have it; commands that end at once leave it out. */
  readonly isDated?: boolean;
  readonly write: (line: string) => void;
}

export function createLog({ level, format, redactor, isDated = false, write }: LogOptions): Log {
  if (level === "silent") return writeLines(() => undefined);
  const levels = ["debug", "info", "warn", "error"] as const;
  // Looked at first: a line a delivery must cost nothing where nobody sees it.
  const shown = new Set<string>(levels.slice(levels.indexOf(level)));
  if (format === "text") {
    return writeLines((severity, message, fields) => {
      if (!shown.has(severity)) return;
      const line = textLine(severity, redactor.redact(message), redactFields(redactor, fields));
      write(isDated ? `${new Date().toISOString()} ${line}\n` : `${line}\n`);
    });
  }
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "message",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return writeLines((severity, message, fields) => {
    if (shown.has(severity)) logger[severity](redactFields(redactor, fields) ?? {}, redactor.redact(message));
  });
}

/** Before they are serialized: what escapes a secret would hide it, and names of fields are never one. */
function redactFields(redactor: Redactor, fields: LogFields | undefined): LogFields | undefined {
  return fields && (redactor.redactValue(fields) as LogFields);
}

type WriteLine = (level: "debug" | "info" | "warn" | "error", message: string, fields?: LogFields) => void;

function writeLines(write: WriteLine): Log {
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    problem: (problem, fields) =>
      write(problem.severity === "error" ? "error" : "warn", problem.message, { ...problemFields(problem), ...fields }),
  };
}

function problemFields({ code, at, hint }: Problem): LogFields {
  return { code, ...(at === undefined ? {} : { at: formatPlace(at) }), ...(hint === undefined ? {} : { hint }) };
}

function textLine(level: string, message: string, fields: LogFields = {}): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key}=${typeof value === "string" && /[\s"=]/.test(value) ? JSON.stringify(value) : value}`,
    );
  return [level === "info" ? "" : `${level}: `, message, parts.length === 0 ? "" : `  ${parts.join(" ")}`].join("");
}
