/** Which pull request a commit of a fork belongs to: by what the forge says, not by what the fork does. */
import { Octokit } from "@octokit/rest";
import { explainGithubError } from "./github-error.ts";
import { boundedFetch, type GithubPlace, silentLog } from "./github-tokens.ts";

export interface ForkHead {
  readonly owner: string;
  readonly branch: string;
  readonly commit: string;
}

/** The open pull request whose head is exactly that; undefined: there is none, or it has moved on. */
export async function findRequestNumber(
  place: GithubPlace,
  token: string,
  head: ForkHead,
): Promise<number | undefined> {
  const { apiUrl, owner, repository } = place;
  const octokit = new Octokit({
    baseUrl: apiUrl,
    auth: token,
    userAgent: "sluice",
    log: silentLog,
    request: { fetch: boundedFetch(place) },
  });
  try {
    const filter = {
      owner,
      repo: repository,
      state: "open",
      head: `${head.owner}:${head.branch}`,
      per_page: 100,
    } as const;
    const { data } = await octokit.rest.pulls.list(filter);
    return data.find((pull) => pull.head.sha === head.commit && pull.head.ref === head.branch)?.number;
  } catch (error) {
    throw explainGithubError(error, apiUrl);
  }
}
