/** A trigger that gets another name where each has a unit of its own: held, begun by a person, and nothing is lost on the way. */
import { expect, it } from "vitest";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  clusterDocument,
  createInstance,
  hubFiles,
  simpleConfig,
  stateBranch,
  triggerDocument,
  turns,
  until,
} from "./service-bench.ts";

const flux = { ...deliveries.flux, split: "owner" } as const;

async function openBench() {
  const remote = new FakeGitRemote();
  const stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
  const instance = createInstance({ remote, streams: [stream], delivery: flux });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  const files = () => [...remote.files("main", "rendered").keys()];
  const find = (part: string) => files().filter((path) => path.includes(part));
  return {
    remote,
    instance,
    ended,
    find,
    login: (subject: string, type = "login") =>
      stream.publish("user", cloudEvent({ subject, type, data: { value: "v" } })),
    unit: (name: string) => [...hubFiles(remote)].find(([path]) => path.endsWith(`/eventtrigger.${name}.yaml`))?.[1],
    look: async () => {
      for (let count = 0; count < 4; count++) {
        instance.clock.advance(10_000);
        await turns(60);
      }
    },
    approve: async (id: string) => {
      const told = instance.service!.execute({ command: "approve", ids: [id] });
      told.catch(() => undefined);
      await turns(80);
      return told;
    },
  };
}

/** The trigger `login` under another name. */
function renamed(name: string): string {
  return triggerDocument(name, "content").replace(
    `metadata: {name: ${name}}`,
    `metadata: {name: ${name}, annotations: {sluice.dev/formerly: login}}`,
  );
}

it("goes from the unit of the former name to that of the new one, in steps", async () => {
  const { remote, instance, ended, find, login, unit, look, approve } = await openBench();
  for (const name of ["alice", "bob"]) login(name);
  await until(() => find("/login/").length === 3, [instance.clock]);

  remote.commitAsPerson("main", { "config/login.yaml": renamed("signin") });
  await look();

  const { held } = instance.service!.snapshot();
  expect(held).toMatchObject([{ handOver: { from: "login", to: "signin" }, removals: 0 }]);
  expect(find("/signin/")).toEqual([]);
  expect(unit("login")).toContain("prune: true");

  expect(await approve(held[0]!.id)).toContain("has begun");
  expect(unit("login")).toMatch(/deletionPolicy: Orphan[\s\S]*prune: false/);
  login("bob", "logout");
  login("carol");
  await until(() => find("carol").length > 0, [instance.clock]);
  // Still the former name's: who is to have it has no unit yet.
  expect(find("/login/").map((path) => path.split("/").at(-1))).toEqual([
    "alice.yaml",
    "bob.yaml",
    "carol.yaml",
    "sluice-unit.yaml",
  ]);

  await approve(instance.service!.snapshot().handOvers[0]!.id);
  for (let count = 0; count < 4; count++) await look();
  // Records have gone over, and the step behind that is done by itself.
  expect(instance.service!.snapshot().handOvers).toMatchObject([{ steps: "3 of 4" }]);
  expect(find("/signin/").map((path) => path.split("/").at(-1))).toEqual([
    "alice.yaml",
    "bob.yaml",
    "carol.yaml",
    "sluice-unit.yaml",
  ]);
  expect(unit("login")).toContain("suspend: true");

  await approve(instance.service!.snapshot().handOvers[0]!.id);
  expect(unit("login")).toBeUndefined();
  expect(find("/login/")).toEqual([]);
  expect(find("bob")).toHaveLength(1);
  await approve(instance.service!.snapshot().handOvers[0]!.id);

  expect(instance.service!.snapshot().handOvers).toEqual([]);
  expect(find("bob")).toEqual([]);
  expect(unit("signin")).not.toContain("hand-over");
  instance.stop();
  await ended;
});

it("is given up where it is taken back before the records went over, and what let go holds on again", async () => {
  const { remote, instance, ended, find, login, unit, look, approve } = await openBench();
  const said = () => approve(instance.service!.snapshot().handOvers[0]!.id);
  for (const name of ["alice", "bob"]) login(name);
  await until(() => find("/login/").length === 3, [instance.clock]);
  remote.commitAsPerson("main", { "config/login.yaml": renamed("signin") });
  await look();
  await approve(instance.service!.snapshot().held[0]!.id);
  login("bob", "logout");
  await until(() => isHeldBack(remote, "bob"), [instance.clock]);
  remote.commitAsPerson("main", { "config/login.yaml": triggerDocument("login", "content") });

  await said();
  for (let count = 0; count < 3; count++) await look();
  expect(instance.service!.snapshot().handOvers).toMatchObject([{ steps: "4 of 4" }]);
  expect(unit("login")).toMatch(/^(?![\s\S]*hand-over)[\s\S]* prune: true/);
  expect(find("bob")).toHaveLength(1);
  await said();
  expect(instance.service!.snapshot().handOvers).toEqual([]);
  expect(find("/login/").map((path) => path.split("/").at(-1))).toEqual(["alice.yaml", "sluice-unit.yaml"]);
  instance.stop();
  await ended;
});

it("lets nothing hold on again and lose its objects where documents change before the records went over", async () => {
  const { remote, instance, ended, find, login, unit, look, approve } = await openBench();
  const said = () => approve(instance.service!.snapshot().handOvers[0]!.id);
  login("alice");
  await until(() => find("/login/").length === 2, [instance.clock]);
  remote.commitAsPerson("main", { "config/login.yaml": renamed("signin") });
  await look();
  await approve(instance.service!.snapshot().held[0]!.id);
  // Taken back beside another change, and wanted again: it has to be begun again.
  remote.commitAsPerson("main", {
    "config/login.yaml": triggerDocument("login", "content"),
    "config/two.yaml": clusterDocument("two"),
  });
  await said();
  for (let count = 0; count < 3; count++) await look();
  remote.commitAsPerson("main", { "config/login.yaml": renamed("signin") });
  for (let count = 0; count < 3; count++) await look();
  const isMoved = find("/signin/").some((path) => path.endsWith("/alice.yaml"));
  expect(isMoved && /prune: true/.test(unit("login") ?? "")).toBe(false);
  await said();
  for (let count = 0; count < 3; count++) await look();
  expect(instance.service!.snapshot().held).toMatchObject([{ handOver: { from: "login", to: "signin" } }]);
  expect(find("/signin/")).toEqual([]);
  instance.stop();
  await ended;
});

function isHeldBack(remote: FakeGitRemote, name: string): boolean {
  return [...remote.files(stateBranch, "leaving").keys()].some((path) => path.includes(name));
}
