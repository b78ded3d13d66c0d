/** The Git adapter: one remote repository, its local store, and the way to push. */
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { Identity } from "./commit-bytes.ts";
import { gitEnv } from "./git-program.ts";
import { LocalStore } from "./local-store.ts";
import { ProgramTransport } from "./program-transport.ts";
import { parseRemoteUrl, type RemoteUrl } from "./remote-url.ts";
import { explainProgramFailure, Repository } from "./repository.ts";
import type { Transport } from "./transport.ts";

export interface GitRepositoryOptions {
  /** https, http, ssh, scp-like, file, or the absolute path of a bare repository; without credentials. */
  readonly url: string;
  /** Where the local object store is, or will be; nothing else may be in there. */
  readonly directory: string;
  readonly author: Identity;
  /** Default: the author. */
  readonly committer?: Identity;
  readonly log: Log;
  readonly limits?: Partial<GitLimits>;
}

export interface GitLimits {
  readonly treeCacheBytesMax: number;
  readonly unstoredBytesMax: number;
  /** Silence of the server that long is taken for a broken connection. */
  readonly silenceMsMax: number;
  readonly fetchMsMax: number;
}

const defaultLimits: GitLimits = {
  treeCacheBytesMax: 48 * 1024 * 1024,
  unstoredBytesMax: 8 * 1024 * 1024,
  silenceMsMax: 300_000,
  fetchMsMax: 1_800_000,
};

/**
 * Opens the repository, its local store included; reaches for the remote only when something is fetched or pushed. Throws a
 * SluiceError: GIT_INVALID for a URL that can't be used, PROGRAM_MISSING without git.
 */
export async function openGitRepository(options: GitRepositoryOptions): Promise<GitRepository> {
  const remote = parseRemoteUrl(options.url);
  const limits = { ...defaultLimits, ...options.limits };
  const local = await LocalStore.open({
    directory: options.directory,
    url: remote.url,
    fetchEnv: async () => ({}),
    fetchMsMax: limits.fetchMsMax,
  });
  return new Repository({
    local,
    transport: openTransport(remote, limits),
    author: options.author,
    committer: options.committer ?? options.author,
    log: options.log,
    limits,
  });
}

function openTransport(remote: RemoteUrl, limits: GitLimits): Transport {
  switch (remote.kind) {
    case "path":
      return new ProgramTransport({
        command: async (service) => ({ program: "git", args: [service, remote.path], env: gitEnv() }),
        explain: explainProgramFailure,
        keepsNextReady: true,
        silenceMsMax: limits.silenceMsMax,
      });
    default:
      throw new Error(`${remote.kind} is not there yet`);
  }
}
