/**
 * A repository that the service reaches over http, over ssh or by its path, and what goes wrong there: the server is away,
 * says nothing, takes its time, errs, or does its work and is gone before it has answered.
 */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GitHttpServer, type HttpFault } from "../tools/git-http.ts";
import { startGitSsh } from "../tools/git-ssh.ts";

export const gitFaults = ["git hangs", "git is away", "git cuts answers", "git is slow", "git errs"] as const;
export type GitFault = (typeof gitFaults)[number];
export type Transport = "http" | "ssh" | "path";

export interface GitTrouble {
  /** Settings' lines of `repository`: its URL, and how to get in. */
  readonly settings: string;
  /** Variables for the service. */
  readonly env: Readonly<Record<string, string>>;
  begin(fault: GitFault, random: () => number): Promise<void>;
  end(): Promise<void>;
  stop(): Promise<void>;
}

/** Of `fleet.git` in the folder. */
export function openGitTrouble(folder: string, transport: Transport): Promise<GitTrouble> {
  return transport === "http" ? overHttp(folder) : byPrograms(folder, transport);
}

async function overHttp(folder: string): Promise<GitTrouble> {
  const git = await GitHttpServer.start({ root: folder });
  return {
    settings: `url: ${git.urlOf("fleet.git")}`,
    env: {},
    begin: async (fault, random) => {
      git.fault = httpFault(fault, random);
      if (fault === "git is away") git.cutIdleConnections();
    },
    end: async () => {
      git.fault = () => undefined;
      git.cutIdleConnections();
    },
    stop: () => git.stop(),
  };
}

function httpFault(kind: GitFault, random: () => number): () => HttpFault {
  if (kind === "git hangs") return () => ({ kind: "hang" });
  if (kind === "git is away") return () => ({ kind: "cut", when: "before" });
  if (kind === "git cuts answers") return () => ({ kind: "cut", when: "after" });
  if (kind === "git errs") return () => ({ kind: "status", status: 503 });
  return () => ({ kind: "late", milliseconds: 200 + random() * 1_500 });
}

/** Waits while a fault lasts: then what was begun goes on, be it long after who wanted it is gone. */
const whileHanging = 'while grep -q "git hangs" "$fault"; do sleep 0.2; done';
const whileSlow = 'if grep -q "git is slow" "$fault"; then sleep 1; fi';

/** What runs here for each push and fetch asks a file what is to go wrong. */
async function byPrograms(folder: string, transport: "ssh" | "path"): Promise<GitTrouble> {
  const file = join(folder, "git-fault");
  const ask = `fault='${file}'`;
  const [bare, link] = [join(folder, "fleet.git"), join(folder, "service.git")];
  const hook = (name: string, text: string) =>
    writeFile(join(bare, "hooks", name), `#!/bin/sh\n${ask}\n${text}\n`, { mode: 0o755 });
  await mkdir(join(bare, "hooks"), { recursive: true });
  await writeFile(file, "");
  await hook("pre-receive", `${whileHanging}\n${whileSlow}\nif grep -q "git errs" "$fault"; then exit 1; fi`);
  // Where one branch of a push is in and its answer is not out. What people run on the repository is no server.
  const isCut =
    '[ "$1" = committed ] && grep -q "git cuts answers" "$fault" && grep -qa receive-pack /proc/$PPID/cmdline';
  await hook("reference-transaction", `if ${isCut}; then kill -9 $PPID; fi`);
  await symlink(bare, link);
  const serve = [
    ask,
    'if grep -q "git is away" "$fault"; then exit 255; fi',
    'if grep -q "git errs" "$fault"; then echo "fatal: out of memory" >&2; exit 128; fi',
    whileHanging,
    whileSlow,
  ].join("\n");
  const ssh = transport === "ssh" ? await startGitSsh(join(folder, "ssh"), serve) : undefined;
  if (ssh?.isReal === false) process.stdout.write("there is no sshd on this machine: its commands are run without\n");
  return {
    settings: ssh === undefined ? `url: ${link}` : `url: ${ssh.urlOf(link)}\n  ${ssh.auth}`,
    env: ssh?.env ?? {},
    begin: async (fault) => {
      await writeFile(file, `${fault}\n`);
      if (fault === "git is away" && ssh === undefined) await rm(link);
    },
    end: async () => {
      await writeFile(file, "");
      await symlink(bare, link).catch(() => undefined);
    },
    stop: async () => {
      await writeFile(file, "").catch(() => undefined);
      await ssh?.stop();
    },
  };
}
