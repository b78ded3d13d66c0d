/** The Git adapter: one remote repository, its local store, and the way to push. */
import { SluiceError } from "../../model/problem.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { ProgramEnv } from "../../ports/program-runner.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { findProxy } from "../http/http-agent.ts";
import { systemClock } from "../system/system-clock.ts";
import type { Identity } from "./commit-bytes.ts";
import { authorizationOf, type GitAuth } from "./git-auth.ts";
import { gitConfigEnv, gitEnv, runProgram } from "./git-program.ts";
import { HttpTransport } from "./http-transport.ts";
import { LocalStore } from "./local-store.ts";
import { ProgramTransport } from "./program-transport.ts";
import { explainProgramFailure } from "./remote-failure.ts";
import { parseRemoteUrl, type RemoteUrl } from "./remote-url.ts";
import { Repository } from "./repository.ts";
import { SecretFiles } from "./secret-files.ts";
import { CommitSigner, type SigningOptions } from "./sign-commit.ts";
import { sshServiceCommand, sshShellCommand } from "./ssh-command.ts";
import type { StoreFiles } from "./store-files.ts";
import { answerBytesMax, type RequestObjects, type Transport } from "./transport.ts";

export interface GitRepositoryOptions {
  /** https, http, ssh, scp-like, file, or the absolute path of a bare repository; without credentials. */
  readonly url: string;
  /** Where the local object store is, or will be; nothing else may be in there. */
  readonly directory: string;
  /** A store of the same repository, perhaps: what is in it need not be fetched where there is none in `directory` yet. */
  readonly seed?: string;
  /** Where files with secrets are made for programs that want them so. Default: the temporary folder. */
  readonly secretsFolder?: string;
  readonly author: Identity;
  /** Default: the author. */
  readonly committer?: Identity;
  /** Default: none. */
  readonly auth?: GitAuth;
  /** PEM bundle of further authorities for https. */
  readonly caFile?: string;
  readonly signing?: SigningOptions;
  readonly log: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** What the local store asks of the file system. Default: the machine's. */
  readonly files?: StoreFiles;
  /** Folders for a local store whose own can't be written. Default: the temporary one, and one in memory. */
  readonly fallbacks?: readonly string[];
  readonly limits?: Partial<GitLimits>;
}

export interface GitLimits {
  readonly treeCacheBytesMax: number;
  readonly unstoredBytesMax: number;
  readonly memoryBytesMax: number;
  readonly storeGrowthBytesMax: number;
  /** When for so long not a byte has moved either way, an exchange with the server is given up. */
  readonly silenceMsMax: number;
  readonly fetchMsMax: number;
}

const defaultLimits: GitLimits = {
  treeCacheBytesMax: 40 * 1024 * 1024,
  unstoredBytesMax: 8 * 1024 * 1024,
  memoryBytesMax: 128 * 1024 * 1024,
  storeGrowthBytesMax: 1024 * 1024 * 1024,
  silenceMsMax: 120_000,
  fetchMsMax: 1_800_000,
};

/**
 * Opens the repository, its local store included; reaches for the remote only when something is fetched or pushed. Throws a
 * SluiceError: GIT_INVALID for a URL that can't be used or does not fit the credentials, PROGRAM_MISSING without git.
 */
export async function openGitRepository(options: GitRepositoryOptions): Promise<GitRepository> {
  const remote = parseRemoteUrl(options.url);
  checkAuthFits(remote, options.auth?.kind ?? "none");
  const limits = { ...defaultLimits, ...options.limits };
  const { transport, fetchEnv, requestObjects, close } = openWay(remote, options, limits);
  const { directory } = options;
  const { files, fallbacks, seed } = options;
  const local = await LocalStore.open({
    directory,
    url: remote.url,
    fetchEnv,
    fetchMsMax: limits.fetchMsMax,
    silence: { msMax: limits.silenceMsMax, clock: options.clock ?? systemClock },
    ...(files === undefined ? {} : { files }),
    ...(fallbacks === undefined ? {} : { fallbacks }),
    ...(seed === undefined ? {} : { seed }),
  }).catch((error: unknown) => {
    close();
    throw error;
  });
  if (local.isMakeshift) {
    const message = "the local Git store's folder can't be written: it is in another one until the next start";
    options.log.warn(message, { directory, instead: local.directory });
  }
  return new Repository({
    local,
    transport,
    ...(requestObjects === undefined ? {} : { requestObjects }),
    author: options.author,
    committer: options.committer ?? options.author,
    ...(options.signing === undefined ? {} : { signer: new CommitSigner(options.signing, options.secretsFolder) }),
    log: options.log,
    onClose: close,
    limits,
  });
}

/**
 * The branches as one who may push sees them: asks the server to begin a push, and sends none. Throws a SluiceError
 * (GIT_INVALID, GIT_UNAVAILABLE, GIT_AUTH) where it does not let these credentials push.
 */
export async function readBranchesToPush(
  options: GitRepositoryOptions,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const remote = parseRemoteUrl(options.url);
  checkAuthFits(remote, options.auth?.kind ?? "none");
  const { transport, close } = openWay(remote, options, defaultLimits);
  try {
    const connection = await transport.connect({ fresh: true, signal });
    connection.close();
    const heads = "refs/heads/";
    return [...connection.advertisement.refs.keys()].flatMap((ref) =>
      ref.startsWith(heads) ? [ref.slice(heads.length)] : [],
    );
  } finally {
    transport.close();
    close();
  }
}

/** Credentials that would never be used are a mistake somewhere. */
function checkAuthFits(remote: RemoteUrl, auth: GitAuth["kind"]): void {
  const fitting: readonly GitAuth["kind"][] =
    remote.kind === "http" ? ["none", "basic", "bearer"] : remote.kind === "ssh" ? ["none", "ssh"] : ["none"];
  if (fitting.includes(auth)) return;
  throw new SluiceError({
    code: "GIT_INVALID",
    message: `a repository by ${remote.kind} can't be reached with ${auth} credentials`,
    hint: "username and password or a token go with https, sshKey with ssh, and nothing with a path.",
  });
}

/** How to reach the remote: for pushing, and for the `git` program. */
interface Way {
  readonly transport: Transport;
  fetchEnv(): Promise<ProgramEnv>;
  readonly requestObjects?: RequestObjects;
  close(): void;
}

function openWay(remote: RemoteUrl, options: GitRepositoryOptions, limits: GitLimits): Way {
  switch (remote.kind) {
    case "path":
      return openPathWay(remote.path, options, limits);
    case "http":
      return openHttpWay(remote.url, options, limits);
    case "ssh":
      return openSshWay(remote, options, limits);
  }
}

function openPathWay(
  path: string,
  { clock = systemClock }: GitRepositoryOptions,
  { fetchMsMax, silenceMsMax }: GitLimits,
): Way {
  const transport = new ProgramTransport({
    command: async (service) => ({ program: "git", args: [service, path], env: gitEnv() }),
    explain: explainProgramFailure,
    keepsNextReady: true,
    clock,
    silenceMsMax,
  });
  const requestObjects: RequestObjects = async (input, { signal, bytesMax = answerBytesMax } = {}) => {
    const env = gitEnv({ GIT_PROTOCOL: "version=2" });
    const run = {
      env,
      input,
      durationMsMax: fetchMsMax,
      silence: { msMax: silenceMsMax, clock },
      outputBytesMax: bytesMax,
      signal,
    };
    return (await runProgram("git", ["upload-pack", "--stateless-rpc", path], run)).stdout;
  };
  return { transport, fetchEnv: async () => ({}), requestObjects, close: () => undefined };
}

function openSshWay(
  remote: Extract<RemoteUrl, { kind: "ssh" }>,
  { auth = { kind: "none" }, clock = systemClock, secretsFolder }: GitRepositoryOptions,
  { silenceMsMax }: GitLimits,
): Way {
  const files = new SecretFiles(secretsFolder);
  const shellCommand = () => sshShellCommand(auth, files, process.env);
  const transport = new ProgramTransport({
    command: async (service) => sshServiceCommand(await shellCommand(), remote, service, gitEnv()),
    explain: explainProgramFailure,
    // Servers hang up on those who keep them waiting.
    keepsNextReady: false,
    clock,
    silenceMsMax,
  });
  const fetchEnv = async () => ({
    GIT_SSH_COMMAND: await shellCommand(),
    // Of a command that it does not know git would expect less than we do.
    GIT_SSH_VARIANT: process.env.GIT_SSH_VARIANT ?? "ssh",
  });
  return { transport, fetchEnv, close: () => files.remove() };
}

function openHttpWay(
  url: string,
  { auth = { kind: "none" }, caFile, clock = systemClock }: GitRepositoryOptions,
  { silenceMsMax }: GitLimits,
): Way {
  const { env } = process;
  const transport = new HttpTransport({
    url,
    auth,
    env,
    clock,
    silenceMsMax,
    ...(caFile === undefined ? {} : { caFile }),
  });
  /** The same credentials, proxy and redirects for git, by its environment: arguments are for all to see. */
  const fetchEnv = async () => {
    const { base } = transport;
    const authorization = await authorizationOf(auth);
    const settings: [string, string][] = [
      ["http.followRedirects", "false"],
      ["http.proxy", findProxy(new URL(base), env)?.href ?? ""],
      ["credential.helper", ""],
      // A server that falls silent is given up, as when pushing.
      ["http.lowSpeedLimit", "1"],
      ["http.lowSpeedTime", String(Math.ceil(silenceMsMax / 1000))],
    ];
    if (base !== url) settings.push([`url.${base}.insteadOf`, url]);
    if (authorization !== undefined) settings.push([`http.${base}.extraHeader`, `Authorization: ${authorization}`]);
    return { ...gitConfigEnv(settings), ...(caFile === undefined ? {} : { GIT_SSL_CAINFO: caFile }) };
  };
  const requestObjects: RequestObjects = (...request) => transport.requestObjects(...request);
  return { transport, fetchEnv, requestObjects, close: () => undefined };
}
