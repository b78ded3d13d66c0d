/** Runs the `git` program for what is its: making the local store, fetching into it, repacking. */
import { SluiceError } from "../../model/problem.ts";
import type { ProgramEnv, ProgramResult, ProgramRun } from "../../ports/program-runner.ts";
import { ChildProgram, explainSpawnError } from "./child-program.ts";
import { abortedError, onAbort, SilenceError } from "./given-up.ts";
import { watchForSilence } from "./silence-watch.ts";

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

/** A ProgramRunner: see there. */
export async function runProgram(program: string, args: readonly string[], run: ProgramRun): Promise<ProgramResult> {
  const { outputBytesMax = usualOutputBytesMax, durationMsMax, silence, signal, graceMs = 0, holdsInput } = run;
  const what = `${program} ${args[0] ?? ""}`.trim();
  if (signal?.aborted) throw abortedError(what);
  const running = new ChildProgram(program, args, run.env);
  const { child } = running;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let ending: string | undefined;
  const end = (why: string) => {
    ending ??= why;
    running.end(graceMs);
  };
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= outputBytesMax) chunks.push(chunk);
    else end("it printed too much");
  });
  const timer = setTimeout(() => end(`it took longer than ${Math.round(durationMsMax / 1000)} s`), durationMsMax);
  const stopListening = onAbort([signal], () => end("it was told to stop"));
  const silent = watchProgram(
    () => bytes + running.stderrBytes,
    () => end("it was silent"),
    silence,
  );
  if (holdsInput !== true) child.stdin.end(run.input ?? "");
  await running.exited;
  clearTimeout(timer);
  stopListening();
  silent.stop();
  if (running.failure !== undefined) throw explainSpawnError(program, running.failure);
  if (signal?.aborted && ending !== undefined) throw abortedError(what);
  if (silent.error !== undefined) throw silent.error;
  if (child.exitCode === null) {
    throw new SluiceError({ code: "PROGRAM_FAILED", message: `${what} was ended: ${ending ?? "it was killed"}` });
  }
  return { code: child.exitCode, stdout: Buffer.concat(chunks), stderr: running.stderr };
}

/** What it prints is how one knows that something moves. `error`: it was silent for too long, and has been ended for that. */
function watchProgram(
  bytesMoved: () => number,
  endIt: () => void,
  silence: ProgramRun["silence"],
): { readonly error: SilenceError | undefined; stop(): void } {
  if (silence === undefined) return { error: undefined, stop: () => undefined };
  let error: SilenceError | undefined;
  const onSilent = () => {
    error = new SilenceError(silence.msMax);
    endIt();
  };
  const stop = watchForSilence({ clock: silence.clock, silenceMsMax: silence.msMax, bytesMoved, onSilent });
  return {
    get error() {
      return error;
    },
    stop,
  };
}
