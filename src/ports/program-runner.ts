/** The port to programs of this machine that are run to their end: git, sops, helm. */

import type { Clock } from "./system.ts";

export type ProgramEnv = Readonly<Record<string, string | undefined>>;

export interface ProgramResult {
  readonly code: number;
  readonly stdout: Buffer;
  /** The last 8 KiB. */
  readonly stderr: string;
}

export interface ProgramRun {
  readonly env: ProgramEnv;
  readonly input?: string | Buffer;
  readonly durationMsMax: number;
  /** It is ended when for so long, by this clock, it has printed nothing. Default: it may be silent. */
  readonly silence?: { readonly msMax: number; readonly clock: Clock };
  /** Default: 16 MiB. */
  readonly outputBytesMax?: number;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** One that has to end is asked to (SIGTERM), and made to after so many milliseconds. Default: made to at once. */
  readonly graceMs?: number;
  /**
   * Its standard input stays open for as long as it runs, and ends with this process, however that ends: a program that
   * reads it learns of that.
   */
  readonly holdsInput?: boolean;
}

/**
 * Runs to the end, whatever the exit code. Throws a SluiceError: PROGRAM_MISSING, PROGRAM_FAILED when it can't be started or
 * takes too long, GIT_UNAVAILABLE when it is told to stop or is silent for too long.
 */
export type ProgramRunner = (program: string, args: readonly string[], run: ProgramRun) => Promise<ProgramResult>;
