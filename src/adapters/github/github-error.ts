/** What GitHub answers, or that it does not, as problems. */
import { type ErrorCode, SluiceError } from "../../model/problem.ts";

const textMax = 300;

interface GithubFailure {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly message?: unknown;
  readonly request?: { readonly method?: string; readonly url?: string };
}

/** The HTTP status; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const { status } = (error ?? {}) as GithubFailure;
  return typeof status === "number" ? status : undefined;
}

/** Throws what neither GitHub nor the network has said: that is a bug. */
export function explainGithubError(error: unknown, apiUrl: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const { name, message, request } = (error ?? {}) as GithubFailure;
  const status = statusOf(error);
  const said = String(message ?? error)
    .replace(/\s+/g, " ")
    .slice(0, textMax);
  const { host } = new URL(apiUrl);
  if (name === "GraphqlResponseError") {
    return new SluiceError(
      { code: "FORGE_REFUSED", message: `${host} does not do what it is asked to: ${said}` },
      error,
    );
  }
  if (status === undefined) throw error;
  // Octokit gives errors of the network the status 500.
  const isAnswer = (error as { response?: unknown }).response !== undefined;
  if (!isAnswer) {
    return new SluiceError({ code: "FORGE_UNAVAILABLE", message: `${host} can't be reached: ${said}` }, error);
  }
  const what = `${host} answers ${request?.method ?? "a request"} ${pathOf(request?.url)} with ${status}: ${said}`;
  const code = codeOf(status, said);
  const hint =
    code === "FORGE_AUTH"
      ? { hint: "Check review.auth: it needs to write contents, pull requests, issues and commit statuses." }
      : {};
  return new SluiceError({ code, message: what, ...hint }, error);
}

function codeOf(status: number, said: string): ErrorCode {
  if (status === 401) return "FORGE_AUTH";
  if (status === 403) return /rate limit/i.test(said) ? "FORGE_UNAVAILABLE" : "FORGE_AUTH";
  return status === 429 || status >= 500 ? "FORGE_UNAVAILABLE" : "FORGE_REFUSED";
}

function pathOf(url: string | undefined): string {
  return url === undefined || !URL.canParse(url) ? "" : new URL(url).pathname;
}
