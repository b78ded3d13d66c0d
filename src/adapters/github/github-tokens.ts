/** What authorizes requests to GitHub: a token as it is, or an App's token for the repository, renewed before it expires. */
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { SluiceError } from "../../model/problem.ts";
import { type AgentFetch, createAgentFetch } from "../http/agent-fetch.ts";
import { explainGithubError, statusOf } from "./github-error.ts";

export type GithubAuth =
  | { readonly kind: "token"; readonly token: () => string }
  | {
      readonly kind: "app";
      readonly appId: string;
      /** Undefined: the one for the repository, which GitHub knows. */
      readonly installationId: string | undefined;
      /** PEM. */
      readonly privateKey: () => string;
    };

export interface GithubPlace {
  /** `https://api.github.com`, or `https://HOST/api/v3`. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
  /** How to reach it; default: as the environment says. */
  readonly http?: AgentFetch;
}

/** The token to use now; `isStale`: the one given last was not accepted. */
export type GithubTokens = (isStale?: boolean) => Promise<string>;

const requestMsMax = 60_000;

/** Never for longer than a minute, and no longer than until it is closed. */
export function boundedFetch({ http }: Pick<GithubPlace, "http">, closed?: AbortSignal): typeof fetch {
  const { fetch: send } = http ?? createAgentFetch({ env: process.env });
  return (input, init) => {
    const signals = [AbortSignal.timeout(requestMsMax), closed, init?.signal].filter((signal) => signal != null);
    return send(input, { ...init, signal: AbortSignal.any(signals) });
  };
}

/** Octokit's own words go to the console otherwise. */
export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function openGithubTokens(auth: GithubAuth, place: GithubPlace, closed?: AbortSignal): GithubTokens {
  if (auth.kind === "token") return async () => auth.token();
  const { apiUrl, owner, repository } = place;
  const { request } = new Octokit({ baseUrl: apiUrl, log: silentLog, request: { fetch: boundedFetch(place, closed) } });
  let { installationId } = auth;
  let current: { readonly privateKey: string; readonly app: ReturnType<typeof createAppAuth> } | undefined;
  const authorize = async (isStale: boolean) => {
    const privateKey = auth.privateKey();
    if (current?.privateKey !== privateKey) {
      current = { privateKey, app: createAppAuth({ appId: auth.appId, privateKey, request, log: silentLog }) };
    }
    const { app } = current;
    if (installationId === undefined) {
      const { token } = await app({ type: "app" });
      const { data } = await request("GET /repos/{owner}/{repo}/installation", {
        owner,
        repo: repository,
        headers: { authorization: `bearer ${token}` },
      });
      installationId = String(data.id);
    }
    return (await app({ type: "installation", installationId, refresh: isStale })).token;
  };
  return async (isStale = false) => {
    try {
      return await authorize(isStale);
    } catch (error) {
      if (error instanceof SluiceError || statusOf(error) !== undefined) throw explainGithubError(error, apiUrl);
      const message = `GitHub App ${auth.appId} can't be authorized: ${(error as Error).message}`;
      throw new SluiceError({ code: "FORGE_AUTH", message, hint: "Check appId and privateKey, which is PEM." }, error);
    }
  };
}
