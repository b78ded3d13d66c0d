/** What an http answer that is no success means for a user. */
import { SluiceError } from "../../model/problem.ts";
import { type HttpRefusal, isRateLimit } from "../http/rate-limit.ts";

export interface HttpFailure extends HttpRefusal {
  readonly url: URL;
  readonly hasCredentials: boolean;
}

/** So much of what a server says is shown. */
const wordsMax = 500;

/** `said` is the start of the answer's body. */
export function explainStatus(failure: HttpFailure): SluiceError {
  const { url, status, said, header, hasCredentials } = failure;
  const server = `the Git server ${url.host}`;
  const isPlain = /^text\/plain/.test(header("content-type") ?? "");
  const words = said === "" || !isPlain ? "" : `: ${said.slice(0, wordsMax)}`;
  if (isRateLimit(failure)) {
    return new SluiceError({
      code: "GIT_UNAVAILABLE",
      message: `${server} limits how often it may be asked (${status})${words}`,
      hint: "Sluice tries again later. Set commit.minInterval, or repository.pollInterval.",
    });
  }
  switch (status) {
    case 401:
      return new SluiceError({
        code: "GIT_AUTH",
        message: hasCredentials
          ? `${server} does not accept the credentials (401)${words}`
          : `${server} wants credentials (401)${words}`,
        hint: hasCredentials
          ? "Check repository.auth: is the token expired or revoked, and does the user name fit it?"
          : "Set repository.auth.",
      });
    case 403:
      return new SluiceError({
        code: "GIT_AUTH",
        message: `${server} forbids access to ${url.pathname} (403)${words}`,
        hint: "Give these credentials permission to read and write the repository's contents.",
      });
    case 404:
    case 410:
      return new SluiceError({
        code: "GIT_UNAVAILABLE",
        message: `${server} has no repository at ${url.pathname}, or hides it from these credentials (${status})${words}`,
        hint: "Check repository.url and what repository.auth may see.",
      });
    case 407:
      return new SluiceError({
        code: "GIT_AUTH",
        message: "the proxy wants credentials (407)",
        hint: "Put them into the URL in http_proxy or https_proxy.",
      });
    case 413:
      return new SluiceError({
        code: "GIT_REFUSED",
        message: `${server}, or a proxy before it, takes no request as large as this push (413)${words}`,
        hint: "Raise its limit (nginx: client_max_body_size), or lower commit.maxEvents.",
      });
    default:
      return new SluiceError({
        code: "GIT_UNAVAILABLE",
        message: `${server} answered ${status}${words}`,
        hint: status >= 500 ? "Look at the server's own log; Sluice tries again." : "Check repository.url.",
      });
  }
}

/** A connection that could not be made, or broke. */
export function explainConnectionError(url: URL, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const isTrust = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/.test(code);
  return new SluiceError(
    {
      code: "GIT_UNAVAILABLE",
      message: `no connection to the Git server ${url.host}: ${message || code}`,
      hint: isTrust
        ? "Its certificate is not trusted: set repository.caFile to the authority that signed it, or have the certificate renewed."
        : "Check repository.url, the network and the proxy settings; Sluice tries again.",
    },
    error,
  );
}
