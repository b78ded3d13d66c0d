/** The `ssh` command line: the user's own where the environment names one, with the key and hosts of the settings. */
import type { ProgramEnv } from "../../ports/program-runner.ts";
import type { GitAuth } from "./git-auth.ts";
import type { ProgramCommand } from "./program-connection.ts";
import type { RemoteUrl } from "./remote-url.ts";
import type { SecretFiles } from "./secret-files.ts";
import type { GitService } from "./transport.ts";

/** Asks nobody anything, and notices within a minute that the other end is gone. */
const steadyOptions = ["-o", "BatchMode=yes", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"];

/** What git takes as GIT_SSH_COMMAND: a command for the shell. */
export async function sshShellCommand(auth: GitAuth, files: SecretFiles, env: ProgramEnv): Promise<string> {
  const own = env.GIT_SSH_COMMAND || (env.GIT_SSH ? quoteForShell(env.GIT_SSH) : undefined);
  const options = own === undefined ? [...steadyOptions] : [];
  if (auth.kind === "ssh") {
    const key = files.write("key", withNewline(await auth.key()));
    options.push("-i", key, "-o", "IdentitiesOnly=yes");
    const hosts = await auth.knownHosts?.();
    if (hosts !== undefined) {
      options.push(
        "-o",
        `UserKnownHostsFile=${files.write("known_hosts", withNewline(hosts))}`,
        "-o",
        "StrictHostKeyChecking=yes",
      );
    }
  }
  return [own ?? "ssh", ...options.map(quoteForShell)].join(" ");
}

/** Runs a service on the remote through that command, as git does. */
export function sshServiceCommand(
  shellCommand: string,
  remote: Extract<RemoteUrl, { kind: "ssh" }>,
  service: GitService,
  env: ProgramEnv,
): ProgramCommand {
  const port = remote.port === undefined ? [] : ["-p", String(remote.port)];
  const host = remote.user === undefined ? remote.host : `${remote.user}@${remote.host}`;
  const command = `git-${service} ${quoteForShell(remote.path)}`;
  return { program: "sh", args: ["-c", `${shellCommand} "$@"`, "sh", ...port, host, command], env };
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Keys that lost their last line break, as they do in environment variables, are no keys to ssh. */
function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
