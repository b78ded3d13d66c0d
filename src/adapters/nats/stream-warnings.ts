/** What people are told of a stream although reading goes on. */
import { countOf } from "../../model/count-of.ts";
import type { StreamPosition } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { Loss, SequenceRange } from "./loss-watch.ts";
import type { Verdict } from "./stream-identity.ts";
import type { PassedMessages } from "./stream-progress.ts";

/** Undefined: it is the stream that was read before. */
export function renewedProblem(verdict: Verdict, from: StreamPosition | undefined): Problem | undefined {
  if (verdict.kind === "same" || from === undefined) return undefined;
  return verdict.kind === "new"
    ? warning(
        `it is not the stream that was read before, but one that was created later: ${verdict.why}`,
        "It is read from its beginning. What the stream before held and was not read is lost.",
      )
    : warning(
        `it was restored or promoted: ${verdict.why}`,
        `It is read from its beginning, past what is at or below sequence ${from.sequence} and not later than ${from.time}. ` +
          "Compare the entities if messages were lost with it.",
      );
}

export function passedProblem({ count, first, last }: PassedMessages): Problem {
  return warning(
    `of the restored stream ${were(count)} passed over, of sequences ${first} to ${last}: they are not later than what was read before`,
    "Publish again what was not read then.",
  );
}

export function lossProblem(loss: Loss, from: StreamPosition | undefined): Problem {
  const since = from === undefined ? "" : `, after the message that was stored at ${from.time}`;
  const hint =
    "They have had no effect: expired (max age), discarded for room, removed, or gone with a consumer. Publish them again " +
    "if their senders can, and give the stream limits that outlast Sluice's absence.";
  switch (loss.kind) {
    case "sequences":
      return warning(`${were(loss.messages)} dropped unread: ${describeRanges(loss.ranges)}${since}`, hint);
    case "counted":
      return warning(`at least ${were(loss.messages)} dropped unread${since}`, hint);
    case "possible": {
      const { first, last } = loss.range;
      return warning(
        `possibly up to ${were(last - first + 1)} dropped unread: sequences ${first} to ${last}, of all subjects of the stream${since}`,
        hint,
      );
    }
  }
}

function were(count: number): string {
  return countOf(count, "message was", "messages were");
}

const rangesShown = 10;

function describeRanges(ranges: readonly SequenceRange[]): string {
  const shown = ranges
    .slice(0, rangesShown)
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
  const more = ranges.length > rangesShown ? ` and ${countOf(ranges.length - rangesShown, "more range")}` : "";
  const isOne = ranges.length === 1 && ranges[0]?.first === ranges[0]?.last;
  return `${isOne ? "sequence" : "sequences"} ${shown.join(", ")}${more}`;
}

export function unheldProblem(subjects: readonly string[]): Problem {
  return warning(
    `it holds no messages of ${subjects.join(", ")}: the stream has other subjects`,
    "Correct the subjects in the connection, or add them to the stream (nats stream edit).",
  );
}

export function absenceProblem(seconds: number): Problem {
  return warning(
    `the stream removes Sluice's consumer when nobody reads for ${seconds} s (consumer_limits.inactive_threshold), and with it the messages that it keeps`,
    "Raise the limit above the longest time that Sluice may be away.",
  );
}

function warning(message: string, hint: string): Problem {
  return { code: "NATS_STREAM", severity: "warning", message, hint };
}
