/** What is wrong between us and an API server, in words: no raw errno crosses the port. */
import { ClusterRefusal, type RefusalReason } from "../../model/cluster-refusal.ts";
import { SluiceError } from "../../model/problem.ts";

/** A `Status` as the API server answers where it refuses. */
interface KubeStatus {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly details?: { readonly causes?: unknown };
}

/** Of a connection that failed. */
export function explainConnectionError(server: URL, error: unknown): SluiceError {
  if (error instanceof SluiceError) {
    // Of a proxy: the same words, and this port's code.
    const { code, ...problem } = error.problem;
    return new SluiceError({ ...problem, code: code.startsWith("GIT_") ? "CLUSTER_UNAVAILABLE" : code }, error);
  }
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  const where = `the API server ${server.host}`;
  const unavailable = (what: string, hint?: string) =>
    new SluiceError(
      { code: "CLUSTER_UNAVAILABLE", message: `${where} ${what}`, ...(hint === undefined ? {} : { hint }) },
      error,
    );
  if (code === "ECONNREFUSED") return unavailable("refuses the connection");
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return unavailable("can't be found by its name");
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return unavailable("can't be reached");
  if (code === "KUBE_SILENT") return unavailable("does not answer");
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") return unavailable("does not speak TLS");
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return unavailable(
      "shows a certificate that the kubeconfig does not trust",
      "Look at certificate-authority-data and tls-server-name of the kubeconfig.",
    );
  }
  if (/^ERR_(?:OSSL|SSL)/.test(code)) return unavailable("does not take the client certificate of the kubeconfig");
  if (code === "ERR_INVALID_CHAR") {
    const text =
      "the credentials of the kubeconfig can't be sent: they have a line break, or a character that no header may have";
    return new SluiceError({ code: "CLUSTER_AUTH", message: text }, error);
  }
  // What Node says of a bad PEM names no file and no code of ours.
  if (/PEM|key values mismatch/i.test(message)) {
    const text = "the certificates of the kubeconfig can't be used";
    return new SluiceError({ code: "KUBECONFIG_INVALID", message: text }, error);
  }
  return unavailable("closed the connection before it had answered");
}

/** Of an answer that is no success. */
export function explainStatus(server: URL, status: number, body: string): SluiceError {
  const answer = readStatus(body);
  const said = typeof answer.message === "string" ? answer.message : `it answered ${status}`;
  if (status === 401) {
    return new SluiceError({
      code: "CLUSTER_AUTH",
      message: `the API server ${server.host} does not take the credentials of the kubeconfig`,
      hint: "They may have expired. The kubeconfig and what it names are read again at each attempt.",
    });
  }
  if (isUnavailable(status)) {
    return new SluiceError({ code: "CLUSTER_UNAVAILABLE", message: `the API server ${server.host}: ${said}` });
  }
  return new ClusterRefusal(reasonOf(status, said, answer), said, hintOf(status, said));
}

/** Not 500: that is one request's trouble, such as a webhook that fails. */
export function isUnavailable(status: number): boolean {
  return status > 500 || status === 429 || (status >= 300 && status < 400);
}

function reasonOf(status: number, said: string, { details }: KubeStatus): RefusalReason {
  const causes = Array.isArray(details?.causes) ? (details.causes as { readonly reason?: unknown }[]) : [];
  if (causes.some(({ reason }) => reason === "NamespaceTerminating")) return "terminating";
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  if (status === 410) return "expired";
  if (status === 403 && !/denied the request/.test(said)) return "forbidden";
  if (/field is immutable|Forbidden: (?:updates to|may not be)|may not change|cannot be changed/i.test(said))
    return "immutable";
  return status === 422 || status === 400 || status === 403 ? "invalid" : "other";
}

function hintOf(status: number, said: string): string | undefined {
  if (status === 403 && /cannot \w+ resource/.test(said)) return "docs/applier.md has the rights that it needs.";
  return undefined;
}

function readStatus(body: string): KubeStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? (parsed as KubeStatus) : {};
  } catch {
    return {};
  }
}
