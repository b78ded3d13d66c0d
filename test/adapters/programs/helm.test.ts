/** How helm is run: what it is handed, and where that is; how it ends. A shell script stands for it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runProgram } from "../../../src/adapters/git/git-program.ts";
import { HelmProgram } from "../../../src/adapters/programs/helm.ts";
import type { ProgramRunner } from "../../../src/ports/program-runner.ts";

let folder: string;
let program: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-helm-"));
  program = join(folder, "helm");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function helm(script: string, env: Readonly<Record<string, string>> = {}): HelmProgram {
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return new HelmProgram({ program, run: runProgram, env: { ...process.env, ...env } });
}

const never = new AbortController().signal;
const command = (args: readonly string[], values?: string) => ({
  args,
  durationMsMax: 60_000,
  ...(values === undefined ? {} : { values }),
});

it("hands over kubeconfig and values in files of this user's alone, which are gone behind it", async () => {
  const ran = helm(
    'echo "$@"; for file in "$3" "$5"; do stat -c %a "$file" "$(dirname "$file")"; cat "$file"; echo; done',
  );
  const { code, stdout } = await ran.run(
    command(["upgrade", "--", "a"], '{"password":"s3cret"}'),
    "token: t0ken",
    never,
  );
  const [args = "", ...rest] = stdout.trim().split("\n");
  expect(code).toBe(0);
  expect(rest).toEqual(["600", "700", "token: t0ken", "600", "700", '{"password":"s3cret"}']);
  expect(args).toMatch(/^upgrade --kubeconfig \S+ --values \S+ -- a$/);
  for (const path of args.split(" ").filter((arg) => arg.startsWith("/"))) expect(existsSync(path)).toBe(false);
});

it("passes on what is helm's own, and nothing that says of which cluster a shell is", async () => {
  const foreign = { KUBECONFIG: "/theirs", HELM_KUBETOKEN: "t", HELM_NAMESPACE: "n", HELM_DRIVER: "sql" };
  const ran = helm("env", { ...foreign, HELM_REGISTRY_CONFIG: "/ours" });
  const { stdout } = await ran.run(command(["list"]), "", never);
  const said = stdout.split("\n").filter((line) => /^(?:KUBECONFIG|HELM_)/.test(line));
  expect(said.sort()).toEqual(["HELM_DRIVER=secret", "HELM_REGISTRY_CONFIG=/ours"]);
});

it("gives back what it says, whatever its exit code", async () => {
  const ran = helm('echo "out"; echo "Error: no" >&2; exit 3');
  expect(await ran.run(command(["upgrade"]), "", never)).toEqual({ code: 3, stdout: "out\n", stderr: "Error: no" });
});

it.each([
  ["v3.22.0", { major: 3, minor: 22 }],
  ["v4.0.1+g1234", { major: 4, minor: 0 }],
])("knows its version: %s", async (version, known) => {
  expect(await helm(`echo ${version}`).version()).toEqual(known);
});

it("one that knows no labels of releases is none", async () => {
  await expect(helm("echo v3.12.3").version()).rejects.toMatchObject({ problem: { code: "PROGRAM_MISSING" } });
});

it("that it is missing is said with what to do, and forgotten", async () => {
  const ran = new HelmProgram({ program, run: runProgram, env: process.env });
  await expect(ran.version()).rejects.toMatchObject({
    problem: { code: "PROGRAM_MISSING", hint: expect.stringContaining("helm 3.13") },
  });
  helm("echo v3.22.0");
  expect(await ran.version()).toEqual({ major: 3, minor: 22 });
});

/** Says when it has begun, and when it is asked to end. */
const patient = 'trap \'echo ended >"$0.end"; exit 1\' TERM; echo begun >"$0.begin"; sleep 60 >/dev/null 2>&1 & wait';

async function untilThere(file: string): Promise<string> {
  await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
  return readFileSync(file, "utf8").trim();
}

it("is asked to end, so that it can write that down", async () => {
  const end = new AbortController();
  const running = helm(patient).run(command(["upgrade"]), "", end.signal);
  const ended = expect(running).rejects.toMatchObject({ problem: { code: "GIT_UNAVAILABLE" } });
  await untilThere(`${program}.begin`);
  end.abort();
  await ended;
  expect(await untilThere(`${program}.end`)).toBe("ended");
});

it("what takes too long is ended, and called by its name", async () => {
  const running = helm(patient).run({ args: ["upgrade"], durationMsMax: 300 }, "", never);
  await expect(running).rejects.toMatchObject({
    problem: { code: "PROGRAM_FAILED", message: expect.stringMatching(/^helm upgrade was ended: it took longer/) },
  });
});

it("ends with who runs it, also by kill -9", async () => {
  helm(patient);
  let called: readonly string[] = [];
  const note: ProgramRunner = async (sh, args, { holdsInput }) => {
    expect(holdsInput).toBe(true);
    called = [sh, ...args];
    return { code: 0, stdout: Buffer.alloc(0), stderr: "" };
  };
  await new HelmProgram({ program, run: note, env: process.env }).run(command(["upgrade"]), "", never);
  const script = `
    const [program, ...args] = ${JSON.stringify(called)};
    require("child_process").spawn(program, args, { stdio: "pipe", detached: true });
    setTimeout(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  const exited = once(child, "exit");
  await untilThere(`${program}.begin`);
  child.kill("SIGKILL");
  await exited;
  expect(await untilThere(`${program}.end`)).toBe("ended");
});
