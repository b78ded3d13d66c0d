/** Runs the rival's commands, without blocking the servers of this process, and takes their CPU time. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

const run = promisify(execFile);

export const gitEnv = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "sluice",
  GIT_AUTHOR_EMAIL: "sluice@example.com",
  GIT_COMMITTER_NAME: "sluice",
  GIT_COMMITTER_EMAIL: "sluice@example.com",
};

/** Runs a shell command; its CPU seconds, those of its children included. */
export async function runTimed(command: string): Promise<number> {
  const child = spawn("bash", ["-c", `TIMEFORMAT='cpu %U %S'; time { ${command} ; }`], {
    env: gitEnv,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = (await once(child, "close")) as [number];
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(output) ?? [];
  if (code !== 0) throw new Error(`${command} failed: ${output}`);
  return Number(user) + Number(system);
}

export async function git(repository: string, ...args: readonly string[]): Promise<string> {
  // Listings of large repositories are longer than what is kept of a program's output by default.
  const { stdout } = await run("git", ["-C", repository, ...args], {
    env: gitEnv,
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  return stdout;
}
