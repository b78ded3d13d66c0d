/**
 * The helm program. The kubeconfig and values go through files of this user's alone, which are gone behind it; what a
 * person's shell says of clusters and of where releases are kept does not count.
 */
import { SluiceError } from "../../model/problem.ts";
import type { Helm, HelmCommand, HelmResult, HelmVersion } from "../../ports/helm.ts";
import type { ProgramEnv, ProgramRunner } from "../../ports/program-runner.ts";
import { SecretFiles } from "../git/secret-files.ts";

export interface HelmOptions {
  /** A path, or a name on PATH. */
  readonly program: string;
  readonly run: ProgramRunner;
  readonly env: ProgramEnv;
}

const versionMsMax = 30_000;
/** So long helm has to write down that it was told to end. */
const graceMs = 5_000;

/**
 * Runs a program that ends when standard input does: with whoever started it, even by kill -9. Else it would go on without
 * the Lease.
 */
const endWithInput = `exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ cat; kill -TERM "$child"; } <&3 >/dev/null 2>&1 &
watcher=$!
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

export class HelmProgram implements Helm {
  readonly #options: HelmOptions;
  #version: Promise<HelmVersion> | undefined;

  constructor(options: HelmOptions) {
    this.#options = options;
  }

  version(): Promise<HelmVersion> {
    // What is missing may be installed by the next time.
    this.#version ??= this.#askVersion().catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  async run(
    { args, values, durationMsMax }: HelmCommand,
    kubeconfig: string,
    signal: AbortSignal,
  ): Promise<HelmResult> {
    const { program, run, env } = this.#options;
    const files = new SecretFiles();
    try {
      const handed = ["--kubeconfig", files.write("kubeconfig", kubeconfig)];
      if (values !== undefined) handed.push("--values", files.write("values.yaml", values));
      const [verb = "", ...rest] = args;
      const called = ["-c", endWithInput, "sh", program, verb, ...handed, ...rest];
      const limits = { durationMsMax, graceMs, holdsInput: true };
      const running = run("sh", called, { env: helmEnv(env), signal, ...limits });
      const { code, stdout, stderr } = await running.catch((error: unknown) => {
        throw named(error, `helm ${verb}`);
      });
      return { code, stdout: stdout.toString(), stderr };
    } finally {
      files.remove();
    }
  }

  async #askVersion(): Promise<HelmVersion> {
    const { program, run, env } = this.#options;
    const args = ["version", "--template", "{{.Version}}"];
    const asked = run(program, args, { env: helmEnv(env), durationMsMax: versionMsMax });
    const { code, stdout, stderr } = await asked.catch((error: unknown) => {
      throw error instanceof SluiceError && error.problem.code === "PROGRAM_MISSING" ? missing(program) : error;
    });
    const [, major, minor] = /v?(\d+)\.(\d+)/.exec(stdout.toString()) ?? [];
    if (code === 0 && major !== undefined) return checkVersion(program, { major: Number(major), minor: Number(minor) });
    const said = stderr.split("\n")[0] ?? "";
    throw new SluiceError({ code: "PROGRAM_FAILED", message: `${program} does not say its version: ${said}` });
  }
}

/** Labels of releases came with it. */
const versionMin = { major: 3, minor: 13 };

function checkVersion(program: string, version: HelmVersion): HelmVersion {
  const { major, minor } = version;
  if (major > versionMin.major || (major === versionMin.major && minor >= versionMin.minor)) return version;
  const message = `${program} is ${major}.${minor}, and releases of charts need ${versionMin.major}.${versionMin.minor} or newer`;
  throw new SluiceError({ code: "PROGRAM_MISSING", message, hint });
}

const hint =
  "Install helm 3.13 or newer where the applier runs, or name it with HELM; all that is no chart is applied.";

/** The shell around it is nobody's concern. */
function named(error: unknown, name: string): unknown {
  if (!(error instanceof SluiceError)) return error;
  const { problem } = error;
  return new SluiceError({ ...problem, message: problem.message.replace(/^sh -c/, name) }, error);
}

function missing(program: string): SluiceError {
  return new SluiceError({
    code: "PROGRAM_MISSING",
    message: `the program ${program} is not installed, and charts need it`,
    hint,
  });
}

/** What is helm's own stays: where it finds registries' credentials, repositories and plugins. */
function helmEnv(env: ProgramEnv): ProgramEnv {
  const foreign = /^(?:KUBECONFIG|HELM_KUBE.*|HELM_NAMESPACE|HELM_DRIVER.*|HELM_DEBUG|HELM_MAX_HISTORY)$/;
  const kept = Object.entries(env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), HELM_DRIVER: "secret" };
}
