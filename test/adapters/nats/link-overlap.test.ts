/** Two links that bring the same for a while: a message counts as often as the link that brought it more often did. */
import { createInbox, headers, type Msg } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
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
  return taken;
}

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
    expect(taken).toHaveLength(3);
  });
});
