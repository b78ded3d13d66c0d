/** What became of the last events, the newest first: those that had an effect and those that had none. Pure. */
import { countOf } from "../../../model/count-of.ts";
import { ownerKey } from "../../../model/owner.ts";
import { briefProblem } from "../../../model/problem.ts";
import type { PushedEffect, WithoutEffect } from "../../../pipeline/loop/recent.ts";
import type { LeadingSnapshot } from "../../../pipeline/loop/snapshot.ts";
import { addressOf } from "./entity-address.ts";
import type { Tone } from "./page-view.ts";

export interface OutcomeView {
  readonly result: string;
  readonly tone: Tone;
  /** RFC 3339. */
  readonly time: string;
  readonly clock: string;
  readonly subject: string;
  /** Source and type of the event, or where the message stands. */
  readonly from: string;
  readonly trigger?: string;
  /** Where the page has more of it. */
  readonly href?: string;
  readonly where?: string;
  readonly commit?: string;
  readonly commitLong?: string;
  readonly branch?: string;
  readonly reason?: string;
  readonly hint?: string;
}

const shownMax = 40;

export function listOutcomes({ effects, withoutEffect }: LeadingSnapshot): OutcomeView[] {
  const all = [...effects.map(viewEffect), ...withoutEffect.map(viewWithoutEffect)];
  // Stable: of one push the last event comes first.
  return all
    .reverse()
    .sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0))
    .slice(0, shownMax);
}

function viewEffect(effect: PushedEffect): OutcomeView {
  const { at, action, owner, connection, source, subject, type, clusters, failed, reason, commit, branch } = effect;
  const results = {
    Create: ["rendered", "good"],
    Delete: ["deleted", "quiet"],
    failed: ["failed", "bad"],
  } as const;
  const [result, tone] = results[action];
  const many = countOf(clusters, "cluster");
  return {
    ...timesOf(at),
    result,
    tone,
    subject: subject || source,
    from: `${type} from ${source}`,
    trigger: owner.name,
    href: addressOf(ownerKey(owner), { connection, source, subject }),
    where: failed > 0 ? `${failed} of ${many} failed` : many,
    ...(commit === undefined ? {} : { commit: commit.slice(0, 7), commitLong: commit, branch }),
    ...(reason === undefined ? {} : { reason: briefProblem(reason) }),
    ...(reason?.hint === undefined ? {} : { hint: reason.hint }),
  };
}

const reasons: Readonly<Record<WithoutEffect["reason"], string>> = {
  unmatched: "No trigger is meant: no EventSource matches its subject, source and type, or no trigger names it.",
  undecoded: "It is no CloudEvent.",
  "no cluster": "A trigger matches, and none of its clusters.",
  blank: "The trigger's cloudEventAction renders to nothing: the event is none of its own.",
  marker: "It is no event: the server says with it that others are gone, or Sluice itself what became of one.",
};

function viewWithoutEffect({ at, stream, sequence, subject, reason, problem }: WithoutEffect): OutcomeView {
  const isDead = reason === "undecoded";
  return {
    ...timesOf(at),
    result: isDead ? "dead letter" : "no effect",
    tone: isDead ? "bad" : "quiet",
    subject,
    from: `${stream} ${sequence}`,
    // Where it stands is said already.
    reason: problem === undefined ? reasons[reason] : briefProblem({ code: problem.code, message: problem.message }),
  };
}

function timesOf(at: number): { readonly time: string; readonly clock: string } {
  const time = new Date(at).toISOString();
  return { time, clock: time.slice(11, 19) };
}
