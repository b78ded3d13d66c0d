/**
 * Two links that bring the same for a while: a message counts as often as the link that brought it more often did, in the
 * order of the old one.
 */
import { createInbox, headers, type Msg } from "@nats-io/transport-node";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createLinkOverlap } from "../../../src/adapters/nats/link-overlap.ts";

function message(text: string, header?: string): Msg {
  const given = header === undefined ? undefined : headers();
  given?.append("ce-id", header ?? "");
  const data = new TextEncoder().encode(text);
  return { subject: "a", data, headers: given, reply: createInbox() } as unknown as Msg;
}

/** `o` and `n` for the old and the new link, each with what it brings. */
function run(steps: readonly string[], hasBegun = true): string[] {
  const taken: string[] = [];
  const overlap = createLinkOverlap(({ data }) => taken.push(new TextDecoder().decode(data)));
  if (hasBegun) overlap.begin();
  for (const step of steps) overlap.take(step[0] === "o" ? "old" : "new", message(step.slice(1)));
  overlap.end(() => undefined);
  return taken;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("what is taken", () => {
  it.each([
    ["of the same from both, one", ["oA", "nA", "nB", "oB"], ["A", "B"]],
    ["what only one of them brings", ["oA", "nB"], ["A", "B"]],
    ["of two equal messages, two", ["oA", "oA", "nA", "nA"], ["A", "A"]],
    ["of two equal messages in turns, two", ["oA", "nA", "nA", "oA"], ["A", "A"]],
  ])("%s", (_, steps, expected) => expect(run(steps)).toEqual(expected));

  it("all that the old one brings before the new one subscribes", () => {
    expect(run(["oA", "oA"], false)).toEqual(["A", "A"]);
  });

  it("messages that differ in a header alone", () => {
    const taken: Msg[] = [];
    const overlap = createLinkOverlap((one) => taken.push(one));
    overlap.begin();
    overlap.take("old", message("A", "1"));
    overlap.take("new", message("A", "2"));
    overlap.take("new", message("A"));
    overlap.end(() => undefined);
    expect(taken).toHaveLength(3);
  });
});

it("whichever link is the slower one, and from where on the new one brings them, all come once and in their order", () => {
  const lengths = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20));
  fc.assert(
    fc.property(lengths, fc.array(fc.boolean()), ([onlyOld, both, onlyNew], turns) => {
      const sent = Array.from({ length: onlyOld + both + onlyNew }, (_, index) => String(index));
      const old = sent.slice(0, onlyOld + both).map((text) => `o${text}`);
      const fresh = sent.slice(onlyOld).map((text) => `n${text}`);
      const steps: string[] = [];
      for (const isOld of turns) steps.push(...(isOld ? old : fresh).splice(0, 1));
      expect(run([...steps, ...fresh, ...old])).toEqual(sent);
    }),
  );
});

it("nothing waits for ever for an old link that brings nothing more", () => {
  vi.useFakeTimers();
  const taken: Msg[] = [];
  const overlap = createLinkOverlap((one) => taken.push(one));
  overlap.begin();
  overlap.take("new", message("A"));
  expect(taken).toHaveLength(0);
  vi.advanceTimersByTime(2_000);
  expect(taken).toHaveLength(1);
  overlap.take("old", message("A"));
  expect(taken).toHaveLength(1);
});
