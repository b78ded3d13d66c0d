/** Runs the `git` program for what is its: making the local store, fetching into it, repacking. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { SluiceError } from "../../model/problem.ts";

const usualOutputBytesMax = 16 * 1024 * 1024;

/** Variables by which an outer git, or a person's shell, would point ours at another repository. */
const foreignVariables = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_NAMESPACE",
  "GIT_CEILING_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_QUARANTINE_PATH",
  "GIT_SHALLOW_FILE",
  "GIT_TRACE",
  "GIT_TRACE_CURL",
  "GIT_TRACE_PACKET",
];

export type ProgramEnv = Readonly<Record<string, string | undefined>>;

/** The environment for git: ours, without what would lead it astray, asking nobody anything. */
export function gitEnv(extra: ProgramEnv = {}): ProgramEnv {
  const env: Record<string, string | undefined> = { ...process.env };
  for (const name of foreignVariables) delete env[name];
  return {
    ...env,
    GIT_ALLOW_PROTOCOL: "file:http:https:ssh",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
    ...extra,
  };
}

/** Configuration handed over in the environment, where other processes' argument lists don't show it. */
export function gitConfigEnv(settings: readonly (readonly [key: string, value: string])[]): ProgramEnv {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

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
  /** Default: 16 MiB. */
  readonly outputBytesMax?: number;
}

/** Runs to the end, whatever the exit code. Throws a SluiceError: PROGRAM_MISSING, or PROGRAM_FAILED when it takes too long. */
export async function runProgram(program: string, args: readonly string[], run: ProgramRun): Promise<ProgramResult> {
  const child = spawn(program, args, {
    env: run.env,
    stdio: "pipe",
    timeout: run.durationMsMax,
    killSignal: "SIGKILL",
  });
  const { outputBytesMax = usualOutputBytesMax } = run;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= outputBytesMax) chunks.push(chunk);
    else child.kill("SIGKILL");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-8192);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(run.input ?? "");
  let code: number | null;
  try {
    [code] = (await once(child, "close")) as [number | null];
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new SluiceError(
      {
        code: isMissing ? "PROGRAM_MISSING" : "PROGRAM_FAILED",
        message: isMissing ? `the program ${program} is not installed` : `the program ${program} can't be started`,
        hint: `Install ${program} and see that it is on the PATH.`,
      },
      error,
    );
  }
  if (code === null) {
    throw new SluiceError({
      code: "PROGRAM_FAILED",
      message: `${program} ${args[0] ?? ""} was ended: it took longer than ${Math.round(run.durationMsMax / 1000)} s, was killed, or printed too much`,
    });
  }
  return { code, stdout: Buffer.concat(chunks), stderr: stderr.trim() };
}
