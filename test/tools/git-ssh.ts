/**
 * A Git server over ssh on 127.0.0.1, of a repository on this machine. Where there is no `sshd` the ssh program itself is
 * stood in for, and runs what is asked for without a server: the same commands, without a line between.
 */
import { execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findFreePort } from "./nats-server.ts";

const run = promisify(execFile);
const startMsMax = 20_000;

export interface GitSshServer {
  /** Whether a real sshd answers. */
  readonly isReal: boolean;
  /** The URL of a repository, by its absolute path. */
  urlOf(path: string): string;
  /** Settings' lines of `repository` that are needed to get in. */
  readonly auth: string;
  /** Variables for the program that connects. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * `folder`: a throwaway one, which keys and the configuration are written to. `serve`: lines of a shell script that are run
 * before each command; they may end it.
 */
export async function startGitSsh(folder: string, serve: string): Promise<GitSshServer> {
  await mkdir(folder, { recursive: true });
  const script = join(folder, "serve");
  const command = `\${SSH_ORIGINAL_COMMAND:-$last}`;
  await writeFile(script, `#!/bin/sh\nfor last; do :; done\n${serve}\nexec sh -c "${command}"\n`, { mode: 0o755 });
  const sshd = findSshd();
  if (sshd === undefined) return standIn(script);

  const port = await findFreePort();
  const [hostKey, key] = [join(folder, "host_key"), join(folder, "key")];
  for (const file of [hostKey, key]) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const publicKey = await readFile(`${key}.pub`, "utf8");
  await writeFile(join(folder, "authorized_keys"), publicKey, { mode: 0o600 });
  await writeFile(
    join(folder, "known_hosts"),
    `[127.0.0.1]:${port} ${(await readFile(`${hostKey}.pub`, "utf8")).trim()}\n`,
  );
  const config = join(folder, "sshd_config");
  await writeFile(
    config,
    `ListenAddress 127.0.0.1:${port}
HostKey ${hostKey}
PidFile none
AuthorizedKeysFile ${join(folder, "authorized_keys")}
StrictModes no
UsePAM no
PasswordAuthentication no
AcceptEnv GIT_PROTOCOL
MaxStartups 100
ForceCommand ${script}
`,
  );
  // It wants to be called by its whole path, and this folder where it runs as root.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
  const child = spawn(sshd, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const deadline = Date.now() + startMsMax;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`sshd did not start: ${log.trim()}`);
    await sleep(50);
  }
  return {
    isReal: true,
    urlOf: (path) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    auth: `auth: {sshKey: {file: ${key}}, knownHosts: {file: ${join(folder, "known_hosts")}}}`,
    env: {},
    stop: async () => {
      child.kill("SIGKILL");
    },
  };
}

function standIn(script: string): GitSshServer {
  return {
    isReal: false,
    urlOf: (path) => `ssh://git@example.com${path}`,
    auth: "",
    env: { GIT_SSH_COMMAND: script },
    stop: async () => undefined,
  };
}

/** `SLUICE_SSHD`, or where it is on PATH and where systems have it. */
function findSshd(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const candidates = [process.env.SLUICE_SSHD, ...folders.map((folder) => join(folder, "sshd"))];
  return candidates.find((path) => {
    try {
      accessSync(path ?? "", constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}
