/** What others change of Sluice's on the target is put back; where it is changed as often, more and more rarely. */
import { expect, it } from "vitest";
import { createFakeEventStream } from "../../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { cloudEvent, createInstance, simpleConfig, turns, until } from "../service-bench.ts";

const minute = 60_000;

/** The service with alice's object, beside a program that may format that whenever it is as it should be. */
async function open() {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  const login = (subject: string) => stream.publish("user", cloudEvent({ subject, data: { value: "1" } }));
  const paths = () => [...remote.files("main", "rendered").keys()].filter((path) => path.includes("/triggers/"));
  login("alice");
  await until(() => paths().length === 1, [instance.clock]);
  const path = paths()[0]!;
  const wanted = remote.file("main", path)!;
  const isThere = () => remote.file("main", path) === wanted;
  const format = () => {
    if (isThere()) remote.commitAsPerson("main", { [path]: `${wanted}# formatted\n` });
  };
  const pass = async (milliseconds: number, program: () => void = () => undefined) => {
    for (let passed = 0; passed < milliseconds; passed += 10_000) {
      program();
      instance.clock.advance(10_000);
      await turns(30);
    }
  };
  const commits = () => remote.history("main").length;
  const stop = async () => {
    instance.stop();
    await ended;
  };
  return { instance, login, paths, isThere, format, pass, commits, stop };
}

it("what a person changed is put back at the next look, however often on other days", async () => {
  const { format, isThere, pass, stop, instance } = await open();
  for (let day = 0; day < 6; day++) {
    format();
    await pass(20_000);
    expect(isThere()).toBe(true);
    await pass(60 * minute);
  }
  expect(instance.log.problems).toEqual([]);
  await stop();
});

it("a program that changes it whenever it is put back does not fill the branch, and holds no event up", async () => {
  const { format, isThere, login, paths, pass, commits, stop, instance } = await open();
  const before = commits();
  await pass(3 * 60 * minute, format);
  // Three at once, then after 1, 2, 4, … minutes, two commits each time.
  expect(commits() - before).toBeGreaterThan(12);
  expect(commits() - before).toBeLessThan(26);
  const told = instance.log.problems.filter(({ code }) => code === "GIT_MOVED");
  expect(told.length).toBeGreaterThan(4);
  expect(told.length).toBeLessThan(12);

  login("bob");
  await until(() => paths().length === 2);
  expect(isThere()).toBe(true);
  format();
  await pass(61 * minute);
  expect(isThere()).toBe(true);
  // Left in peace, it is as if nothing had been.
  await pass(180 * minute);
  format();
  await pass(20_000);
  expect(isThere()).toBe(true);
  await stop();
});
