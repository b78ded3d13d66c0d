/** What GitHub answers, or that it does not, as problems. */
import { type ErrorCode, SluiceError } from "../../model/problem.ts";
import { type HttpRefusal, isRateLimit } from "../http/rate-limit.ts";

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
  const header = (name: string) => headersOf(error)[name];
  const code = codeOf({ status, said, header });
  const hint =
    code === "FORGE_AUTH"
      ? { hint: "Check review.auth: it needs to write contents, pull requests, issues and commit statuses." }
      : {};
  return new SluiceError({ code, message: what, ...hint }, error);
}

function codeOf(refusal: HttpRefusal): ErrorCode {
  const { status } = refusal;
  if (isRateLimit(refusal) || status >= 500) return "FORGE_UNAVAILABLE";
  return status === 401 || status === 403 ? "FORGE_AUTH" : "FORGE_REFUSED";
}

function headersOf(error: unknown): Readonly<Record<string, string | undefined>> {
  const { response } = error as { response?: { headers?: Readonly<Record<string, string | undefined>> } };
  return response?.headers ?? {};
}

function pathOf(url: string | undefined): string {
  return url === undefined || !URL.canParse(url) ? "" : new URL(url).pathname;
}
