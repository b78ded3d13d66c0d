/** A receiver that is closed while it exchanges its link takes all that either link has brought. */
import { expect, it } from "vitest";
import { createCoreReceiver } from "../../../src/adapters/nats/core-receiver.ts";
import { createFakeLink } from "../../fakes/fake-nats-link.ts";

it.each([
  ["before the new link's server has answered", false],
  ["while the old link is drained", true],
])("%s", async (_, answers) => {
  const taken: string[] = [];
  let subscribed = 0;
  const receiver = createCoreReceiver({
    receive: ({ data }) => taken.push(new TextDecoder().decode(data)),
    onSubscribed: () => {
      subscribed++;
    },
    onTrouble: (problem) => {
      throw new Error(problem.message);
    },
  });
  let drain: () => void = () => undefined;
  const draining = new Promise<void>((resolve) => {
    drain = resolve;
  });
  const [old, fresh] = [createFakeLink(true, draining), createFakeLink(answers, draining)];
  const wanted = { subjects: ["a"], excluded: [] };
  receiver.follow({ link: old.link, ...wanted });
  await expect.poll(() => subscribed).toBe(1);
  old.late = ["2", "3"];
  receiver.follow({ link: fresh.link, ...wanted });
  await expect.poll(() => fresh.bring).toBeDefined();
  old.bring?.("1");
  fresh.bring?.("3");
  fresh.bring?.("4");
  fresh.late = ["5"];
  const closed = receiver.close();
  drain();
  await closed;
  expect(taken).toEqual(["1", "2", "3", "4", "5"]);
});
