import { describe, expect, it } from "vitest";
import { compareConsumer, nameConsumer, parseConsumerName } from "../../../src/adapters/nats/consumer-names.ts";

const owner = { stateId: "f3-a_9", connection: "bus", term: 7 };

it("names a consumer so that it can be told whose it is", () => {
  const name = nameConsumer(owner);
  expect(name).toMatch(/^sluice-f3-a_9-[0-9a-f]{8}-7-[0-9A-Z]{22}$/);
  expect(parseConsumerName(name)).toMatchObject({ stateId: "f3-a_9", term: 7 });
  expect(nameConsumer(owner)).not.toBe(name);
});

it("refuses an id and a term that a name can't hold", () => {
  expect(() => nameConsumer({ ...owner, stateId: "a.b" })).toThrow();
  expect(() => nameConsumer({ ...owner, term: 1.5 })).toThrow();
});

describe("another consumer of the stream is", () => {
  it.each([
    ["earlier: of a lower term", { ...owner, term: 6 }, "earlier"],
    ["earlier: of a lower term of another connection", { ...owner, connection: "other", term: 6 }, "earlier"],
    ["earlier: of the same term and connection", owner, "earlier"],
    ["beside: of the same term and another connection", { ...owner, connection: "other" }, "beside"],
    ["later: of a higher term", { ...owner, term: 10 }, "later"],
    ["foreign: of another state", { ...owner, stateId: "f3-a" }, "foreign"],
  ])("%s", (_, other, expected) => expect(compareConsumer(nameConsumer(other), owner)).toBe(expected));

  it.each(["theirs", "sluice-0123456789abcdef-1795974574990-ABCDEF"])("foreign: %s", (name) => {
    expect(compareConsumer(name, owner)).toBe("foreign");
  });
});
