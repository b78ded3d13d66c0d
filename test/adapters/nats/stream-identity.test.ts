/** Whether a stream is the one that was read: the rules as a table, then clocks that step back. */
import { describe, expect, it } from "vitest";
import {
  isPassed,
  judgeFacts,
  judgeMessage,
  judgeWithout,
  type StreamFacts,
} from "../../../src/adapters/nats/stream-identity.ts";

const created = "2026-01-01T00:00:00.000000000Z";
const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`;
const facts = (changes: Partial<StreamFacts> = {}): StreamFacts => ({
  created,
  firstSequence: 1,
  lastSequence: 20,
  ...changes,
});
const from = { epoch: created, sequence: 10, time: at(10) };

describe("what the stream's own facts say", () => {
  it("nothing was read yet: it is read from its beginning, under its creation time", () => {
    expect(judgeFacts(facts({ created: "2026-01-01T01:00:00+01:00" }), undefined)).toEqual({
      kind: "same",
      epoch: created,
    });
  });

  it("it holds less than was read, and has the same creation time: restored", () => {
    expect(judgeFacts(facts({ lastSequence: 9 }), from)).toMatchObject({ kind: "restored", epoch: `${created}+1` });
  });

  it("it holds less and was created later: new", () => {
    const verdict = judgeFacts(facts({ created: at(11), lastSequence: 9 }), from);
    expect(verdict).toMatchObject({ kind: "new", epoch: at(11) });
  });

  it("it holds less and was created before the message was stored: promoted", () => {
    const verdict = judgeFacts(facts({ created: at(5), lastSequence: 9 }), from);
    expect(verdict).toMatchObject({ kind: "restored", epoch: at(5) });
  });

  it("else a message decides", () => {
    expect(judgeFacts(facts({ lastSequence: 10 }), from)).toBeUndefined();
    expect(judgeFacts(facts({ created: at(11) }), from)).toBeUndefined();
  });
});

describe("what the message at the position says", () => {
  it("same sequence, same time: the same stream, whatever its creation time", () => {
    for (const made of [created, at(11)]) {
      expect(judgeMessage(facts({ created: made }), from, from)).toEqual({ kind: "same", epoch: created });
    }
    expect(judgeMessage(facts(), from, { sequence: 10, time: "2026-01-01T01:00:10+01:00" }).kind).toBe("same");
  });

  it("same sequence, another time: another content", () => {
    const message = { sequence: 10, time: at(3) };
    expect(judgeMessage(facts(), from, message)).toMatchObject({ kind: "restored", epoch: `${created}+1` });
    expect(judgeMessage(facts({ created: at(11) }), from, message)).toMatchObject({ kind: "new" });
    expect(judgeMessage(facts({ created: at(2) }), from, message)).toMatchObject({ kind: "restored", epoch: at(2) });
  });

  it("an epoch that was found restored before is followed by the next", () => {
    const restored = { ...from, epoch: `${created}+7` };
    expect(judgeMessage(facts(), restored, { sequence: 10, time: at(3) }).epoch).toBe(`${created}+8`);
    expect(judgeWithout(facts(), restored)).toEqual({ kind: "same", epoch: `${created}+7` });
  });

  it("it was removed: the creation time decides", () => {
    for (const verdict of [judgeWithout(facts(), from), judgeMessage(facts(), from, { sequence: 11, time: at(1) })]) {
      expect(verdict).toEqual({ kind: "same", epoch: created });
    }
    expect(judgeWithout(facts({ created: at(11) }), from).kind).toBe("new");
  });
});

it("passes over only what is not later in both sequence and time", () => {
  const messages = [
    { sequence: 9, time: at(9) },
    { sequence: 10, time: at(10) },
    { sequence: 9, time: at(11) },
    { sequence: 11, time: at(9) },
  ];
  expect(messages.map((message) => isPassed(message, from))).toEqual([true, true, false, false]);
});
