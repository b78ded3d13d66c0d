/** The ports to time, chance, logs and secrets. */
import type { Problem } from "../model/problem.ts";

export interface Clock {
  /** Milliseconds since 1970. It may be set back or forward: it dates things, and measures nothing. */
  now(): number;
  /** Milliseconds since some moment of this process, never set back: what every interval is measured by. */
  monotonic(): number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when others have had their turn, such as what has come in meanwhile: to be asked for in long work. */
  turn(): Promise<void>;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Logs a problem by its severity, with its code and place as fields. */
  problem(problem: Problem, fields?: LogFields): void;
}

/** Random numbers, where they are wanted: spreading retries. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
}

/** The one place where secrets are taken out of what leaves the process. */
export interface Redactor {
  /** Remembers a value that must never be shown. Short values are ignored: they would blot out ordinary words. */
  remember(secret: string): void;
  redact(text: string): string;
  /** The value with all strings in it redacted, member names apart: for what is serialized afterwards. */
  redactValue(value: unknown): unknown;
}
