/** A leader that begins while the former one still pushes: it must neither wait for ever nor take the branch for set back. */
import { expect, it } from "vitest";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { cloudEvent, createInstance, simpleConfig, stateBranch, until } from "./service-bench.ts";

it("begins anew behind what the former leader pushed between its look and its push", async () => {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
  const checkpoint = () => storedCheckpoint(remote.files(stateBranch))!;
  const sequence = () => checkpoint()?.positions.get(stream.name)?.sequence ?? 0;
  let count = 0;
  const publish = () => stream.publish("user", cloudEvent({ subject: "alice", data: { value: String(++count) } }));

  const former = createInstance({ remote, streams: [stream], seed: 1 });
  const formerEnded = former.start();
  publish();
  await until(() => sequence() === 1, [former.clock]);

  const later = createInstance({ remote, streams: [stream], seed: 2 });
  let overtaken = 2;
  later.git.fault = async (operation, when) => {
    if (operation !== "push" || when !== "before" || overtaken === 0) return;
    overtaken--;
    publish();
    await until(() => sequence() === count, [former.clock]);
  };
  const laterEnded = later.start();
  await until(() => later.ready.isReady, [later.clock]);
  expect(checkpoint().term.number).toBe(2);
  expect(overtaken).toBe(0);

  // Who led before notices, and what comes is the later one's.
  await expect(until(() => false, [former.clock]).catch(() => formerEnded)).rejects.toMatchObject({
    problem: { code: "LEADER_LOST" },
  });
  publish();
  await until(() => sequence() === count, [later.clock]);
  const [path] = [...remote.files("main", "rendered").keys()].filter((one) => one.includes("/triggers/"));
  expect(remote.file("main", path!)).toContain(`value: "${count}"`);
  expect(later.log.problems.map(({ code }) => code)).not.toContain("STATE_BEHIND");
  later.stop();
  await laterEnded;
});
