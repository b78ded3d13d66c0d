/** What reading fails with once a server is connected to, and what to do: of streams, permissions and lost connections. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors, type PermissionViolationError } from "@nats-io/transport-node";
import { SluiceError } from "../../model/problem.ts";
import { causes, messages } from "./error-causes.ts";

/** What ended a connection that had been open. */
export function explainLoss(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const text = error === undefined ? "" : messages(error).join("; ");
  const aboutCredentials = /authentication (expired|revoked)|authorization violation/i.test(text);
  return new SluiceError(
    aboutCredentials
      ? {
          code: "NATS_AUTH",
          message: `the server ended the connection: ${text}`,
          hint: "Issue new credentials for the user and put them in the connection.",
        }
      : {
          code: "NATS_UNAVAILABLE",
          message: `the connection was lost${text === "" ? "" : `: ${text}`}`,
          hint: "It is dialled again; nothing is to be done if the server comes back.",
        },
    error,
  );
}

const streamNotFound = 10059;
const jetStreamNotEnabled = new Set([10039, 10076]);

/** What was asked of JetStream. */
export interface JetStreamRequest {
  readonly stream: string;
  readonly subjects: readonly string[];
  readonly domain?: string;
}

/** What a JetStream request failed with. */
export function explainJetStreamError(error: unknown, { stream, subjects, domain }: JetStreamRequest): SluiceError {
  if (error instanceof SluiceError) return error;
  const chain = causes(error);
  const forbidden = findForbidden(error);
  if (forbidden !== undefined) return explainPermission(forbidden);
  if (error instanceof JetStreamApiError) {
    if (error.code === streamNotFound) {
      return streamError(
        `stream ${stream} does not exist`,
        `Create it (nats stream add ${stream} --subjects "${subjects.length === 0 ? ">" : subjects.join(",")}"), or correct its name in the connection${domain === undefined ? "; where it is in a JetStream domain, set connections.*.domain" : ` or connections.*.domain (${domain})`}.`,
        error,
      );
    }
    if (jetStreamNotEnabled.has(error.code)) return noJetStream(error, domain);
    return streamError(`stream ${stream}: ${error.message}`, consumerHint(error.code, stream), error);
  }
  const isWithout = chain.some(
    (cause) => cause instanceof errors.NoRespondersError || cause.name === "JetStreamNotEnabled",
  );
  if (isWithout) return noJetStream(error, domain);
  if (chain.some((cause) => cause instanceof errors.TimeoutError)) {
    return new SluiceError(
      {
        code: "NATS_UNAVAILABLE",
        message: `stream ${stream}: JetStream did not answer in time`,
        hint: "In a cluster it may be electing a leader; else the user may lack permission to publish to $JS.API.>.",
      },
      error,
    );
  }
  return explainLoss(error);
}

/** The server's refusal of a subject, if that is what the error comes from. */
export function findForbidden(error: unknown): PermissionViolationError | undefined {
  return causes(error).find((cause) => cause instanceof errors.PermissionViolationError);
}

/** What the user may not do, and what to grant. */
export function explainPermission(error: PermissionViolationError): SluiceError {
  const isSubscription = error.operation === "subscription";
  const granted = generalizeSubject(error.subject);
  return new SluiceError(
    {
      code: "NATS_AUTH",
      message: `the server forbids ${isSubscription ? "subscribing" : "publishing"} to ${granted}`,
      hint: `Allow the user to ${isSubscription ? "subscribe" : "publish"} to it: docs/operating.md lists what Sluice needs.`,
    },
    error,
  );
}

/**
 * A subject as it is to be granted: without the names that are another at each binding, so that one lack is one message.
 */
export function generalizeSubject(subject: string): string {
  const tokens = subject.split(".");
  if (subject.startsWith("$JS.ACK.")) {
    return tokens.length === 9 ? `$JS.ACK.${tokens[2]}.>` : `$JS.ACK.*.*.${tokens[4] ?? "*"}.>`;
  }
  const api = /^(\$JS(?:\.[^.]+)?\.API\.CONSUMER)\.(CREATE|DELETE|MSG\.NEXT)\.([^.]+)\./.exec(subject);
  if (api !== null) return `${api[1]}.${api[2]}.${api[3]}.${api[2] === "CREATE" ? ">" : "*"}`;
  // An inbox's own part is a random name of 22 characters.
  return subject.replace(/\.[0-9A-Za-z]{22}(\..*)?$/, ".>");
}

function consumerHint(code: number, stream: string): string {
  switch (code) {
    case 10093: // The filter is no subset of the stream's subjects.
      return `Name subjects in the connection that stream ${stream} holds.`;
    case 10138: // Filters overlap, which older servers refuse.
      return `Name subjects in the connection of which no two can match the same message, or use a newer nats-server.`;
    case 10026: // Maximum consumers reached.
      return `Raise the limit of consumers of stream ${stream} (max_consumers) or of the account, or remove consumers nobody uses.`;
    default:
      return "It is tried again; see the server's log if it does not pass.";
  }
}

function noJetStream(error: unknown, domain: string | undefined): SluiceError {
  return domain === undefined
    ? streamError(
        "the server has no JetStream for this account",
        "Enable jetstream in the server's configuration and for the account, set connections.*.domain where it is in a domain of its own, or list the subjects under nats.",
        error,
      )
    : streamError(
        `no JetStream answers in the domain ${domain} for this account`,
        "Correct connections.*.domain, or enable jetstream in that domain and for the account.",
        error,
      );
}

export function streamError(message: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError({ code: "NATS_STREAM", message, hint }, cause);
}
