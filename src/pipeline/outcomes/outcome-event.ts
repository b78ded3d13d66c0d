/** An outcome as the CloudEvent that tells it. Pure: the same outcome has the same id, whoever tells it and however often. */
import type { Outcome } from "../../model/outcome.ts";
import { ownerKey } from "../../model/owner.ts";
import { outcomeHeader } from "../process-delivery.ts";

/** Text that events bring is cut to so much, so that an outcome fits into any server's limits. */
const textCharactersMax = 2048;

export interface OutcomeFacts {
  readonly stateId: string;
  /** Settings' `name`. */
  readonly instance: string;
  /** Where the effect can be seen: the target, and a commit that has it. */
  readonly branch: string;
  readonly commit?: string;
  /** The number of the state's commit that has it, as in the trailer `Sluice-State`. */
  readonly stateCommit: number;
  /** How many of its manifests people have turned down. */
  readonly turnedDown: number;
  /** The pull request that showed them, where it is known. */
  readonly request?: { readonly number: number; readonly url?: string };
  /** Milliseconds since 1970: when it is told. */
  readonly now: number;
  /** Takes secrets out of what errors say. */
  readonly redact: (text: string) => string;
}

export interface OutcomeMessage {
  readonly payload: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
}

export function writeOutcome(outcome: Outcome, facts: OutcomeFacts): OutcomeMessage {
  const { id, connection, message, event, owner, clusters, failed, reason, deadLetter } = outcome;
  const { stateId, instance, branch, commit, stateCommit, turnedDown, request, now, redact } = facts;
  const result = turnedDown > 0 ? "turned-down" : outcome.result;
  const cut = (text: string) => (text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text);
  const cutAll = (texts: Readonly<Record<string, string | number>>) =>
    Object.fromEntries(
      Object.entries(texts).map(([key, value]) => [key, typeof value === "string" ? cut(value) : value]),
    );
  const subject = event === undefined ? message?.subject : event.subject;
  const document = {
    specversion: "1.0",
    id,
    source: `/sluice/${instance}/${stateId}`,
    type: `dev.sluice.outcome.${result.toLowerCase()}`,
    // An attribute that is there may not be empty.
    ...(subject === undefined || subject === "" ? {} : { subject: cut(subject) }),
    time: new Date(now).toISOString(),
    datacontenttype: "application/json",
    data: {
      result,
      ...(owner === undefined ? {} : { trigger: owner.kind === "EventTrigger" ? owner.name : ownerKey(owner) }),
      connection,
      ...(event === undefined ? {} : { event: cutAll({ ...event }) }),
      ...(message === undefined ? {} : { message: cutAll({ ...message }) }),
      clusters,
      failed,
      ...(turnedDown > 0 ? { turnedDown } : {}),
      ...(reason === undefined
        ? {}
        : { reason: { code: reason.code, message: redact(cut(reason.message)), ...placeOf(reason.at) } }),
      ...(deadLetter === undefined ? {} : { deadLetter }),
      branch,
      ...(commit === undefined ? {} : { commit }),
      ...(request === undefined ? {} : { request }),
      stateCommit,
    },
  };
  const headers = new Map([
    ["Content-Type", "application/cloudevents+json"],
    ["Nats-Msg-Id", id],
    [outcomeHeader, stateId],
  ]);
  return { payload: new TextEncoder().encode(JSON.stringify(document)), headers };
}

/** Without the line itself: whoever is told may not be who may read the documents. */
function placeOf(at: NonNullable<Outcome["reason"]>["at"]) {
  if (at === undefined || !("file" in at)) return {};
  const { file, line, column } = at;
  return { file, line, column };
}
