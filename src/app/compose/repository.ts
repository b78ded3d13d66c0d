/** The repository that the settings name, with the credentials that they point to. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { GitAuth } from "../../adapters/git/git-auth.ts";
import { type GitRepositoryOptions, openGitRepository } from "../../adapters/git/open-git-repository.ts";
import { type GithubAuth, openGithubTokens } from "../../adapters/github/github-tokens.ts";
import { type AgentFetch, createAgentFetch } from "../../adapters/http/agent-fetch.ts";
import { secretsFolder } from "../../adapters/system/state-directory.ts";
import { repositoryName } from "../../config/repository-name.ts";
import { SluiceError } from "../../model/problem.ts";
import type { GithubAppAuth, RepositoryAuth, SecretRef, Settings } from "../../model/settings.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";

/** `folder`: of the local object store, below the state's directory; or below `parent`, a folder of the caller's own. */
export function openRepository(
  context: CliContext,
  settings: Settings,
  folder: string,
  log: Log,
  parent: string = settings.state.directory,
): Promise<GitRepository> {
  return openGitRepository(repositoryOptions(context, settings, folder, log, parent));
}

/** What the repository is opened with. */
export function repositoryOptions(
  context: CliContext,
  settings: Settings,
  folder: string,
  log: Log,
  parent: string,
): GitRepositoryOptions {
  const { url, author, auth, caFile, signing } = settings.repository;
  const directory = join(parent, folder);
  const read = secretReader(context);
  return {
    url,
    directory,
    secretsFolder: join(parent, secretsFolder),
    author,
    auth: readAuth(auth, read, openHttp(settings)),
    log,
    ...(caFile === undefined ? {} : { caFile }),
    ...(signing === undefined ? {} : { signing: { format: signing.format, key: async () => read(signing.key) } }),
  };
}

/** Connections to the forge are made as those to its Git server. */
export function openHttp({ repository: { caFile } }: Settings): AgentFetch {
  return createAgentFetch({ env: process.env, ...(caFile === undefined ? {} : { caFile }) });
}

/** Credentials are read when they are used, so that a file that was changed counts at once. */
function readAuth(auth: RepositoryAuth, read: (ref: SecretRef) => string, http: AgentFetch): GitAuth {
  switch (auth.kind) {
    case "none":
      return auth;
    case "basic":
      return { kind: "basic", username: async () => read(auth.username), password: async () => read(auth.password) };
    case "bearer":
      return { kind: "bearer", token: async () => read(auth.token) };
    case "ssh": {
      const { key, knownHosts } = auth;
      const hosts = knownHosts === undefined ? {} : { knownHosts: async () => read(knownHosts) };
      return { kind: "ssh", key: async () => read(key), ...hosts };
    }
    case "githubApp": {
      const token = openGithubTokens(readGithubAuth(auth, read), { ...auth.place, http });
      return { kind: "basic", username: async () => "x-access-token", password: () => token().catch(throwAsGitError) };
    }
  }
}

/** Where only a push or fetch needed the forge, its trouble is Git's. */
function throwAsGitError(error: unknown): never {
  if (!(error instanceof SluiceError)) throw error;
  const code = error.problem.code === "FORGE_UNAVAILABLE" ? "GIT_UNAVAILABLE" : "GIT_AUTH";
  throw new SluiceError({ ...error.problem, code }, error);
}

export function readGithubAuth(auth: GithubAppAuth, read: (ref: SecretRef) => string): GithubAuth {
  const { appId, installationId, privateKey } = auth;
  return { kind: "app", appId, installationId, privateKey: () => read(privateKey) };
}

/** A path's name is that of the folder that it leads to, through every link. */
export function nameRepository(url: string): string {
  if (!url.startsWith("/")) return repositoryName(url);
  try {
    return repositoryName(realpathSync(url));
  } catch {
    return repositoryName(url);
  }
}
