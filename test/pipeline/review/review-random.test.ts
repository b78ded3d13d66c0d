/** Whatever people, events and crashes do, in whatever order: in the end requests show what is desired and not turned down. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { casesOf } from "../../tools/cases-of.ts";
import { pathOf, ReviewWorld } from "./review-world.ts";

const objects = ["a/x", "a/y", "b/z"];
const object = fc.constantFrom(...objects);
const content = fc.constantFrom("1", "2", undefined);
const group = fc.constantFrom("a", "b");

class Crash extends Error {}

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("desire" as const), object, content }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("merge" as const), group, object, content, isEdited: fc.boolean() }),
  },
  fc.record({ kind: fc.constant("close" as const), group }),
  fc.record({ kind: fc.constant("commit" as const), group, object, content }),
  fc.record({ kind: fc.constant("delete branch" as const), group }),
  fc.record({ kind: fc.constant("retarget" as const), group }),
  fc.record({ kind: fc.constant("reopen" as const), group }),
  fc.record({ kind: fc.constant("merge unrecorded" as const), group }),
  fc.record({ kind: fc.constant("update branch" as const), group, how: fc.constantFrom("merge", "rebase") }),
  fc.record({ kind: fc.constant("propose" as const) }),
  fc.record({ kind: fc.constant("move target" as const), object, content }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("look" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("crash" as const), after: fc.nat(12) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

async function perform(world: ReviewWorld, step: Action): Promise<void> {
  for (const { number, isMergeUnrecorded } of world.host.requests) {
    if (isMergeUnrecorded === true) world.host.record(number);
  }
  const requestOf = (name: string) =>
    world.host.open.find(({ head, base }) => head === `sluice/review/${name}` && base === "main");
  switch (step.kind) {
    case "desire":
      world.desire({ [step.object]: step.content });
      break;
    case "merge": {
      const request = requestOf(step.group);
      if (request === undefined) break;
      if (step.isEdited) world.editAsPerson(request.head, { [step.object]: step.content });
      world.host.merge(request.number);
      break;
    }
    case "merge unrecorded": {
      const request = requestOf(step.group);
      if (request !== undefined) world.host.mergeUnrecorded(request.number);
      break;
    }
    case "retarget": {
      const request = requestOf(step.group);
      if (request === undefined) break;
      if (!world.remote.branches.has("release")) {
        world.remote.branches.set("release", world.remote.branches.get("main")!);
      }
      world.host.retarget(request.number, "release");
      break;
    }
    case "reopen": {
      const branch = `sluice/review/${step.group}`;
      const request = world.host.requests.findLast(({ head }) => head === branch);
      if (request?.state === "closed" && world.remote.branches.has(branch)) request.state = "open";
      break;
    }
    case "update branch": {
      const request = requestOf(step.group);
      if (request !== undefined) world.host.updateBranch(request.number, step.how);
      break;
    }
    case "propose": {
      const answered = world.publisher.propose(undefined);
      await world.look();
      await answered;
      break;
    }
    case "close": {
      const request = requestOf(step.group);
      if (request !== undefined) world.host.closeAsPerson(request.number);
      break;
    }
    case "commit":
      if (requestOf(step.group) !== undefined) {
        world.editAsPerson(`sluice/review/${step.group}`, { [step.object]: step.content });
      }
      break;
    case "delete branch":
      world.remote.branches.delete(`sluice/review/${step.group}`);
      break;
    case "move target":
      world.editAsPerson("main", { [step.object]: step.content });
      break;
    case "look":
      await world.look();
      break;
    case "crash": {
      let left = step.after;
      const crash = () => {
        if (left-- === 0) throw new Crash();
      };
      world.git.fault = crash;
      world.host.fault = crash;
      await world.look().catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
      });
      world.host.fault = () => undefined;
      world.restart();
      break;
    }
  }
  world.clock.advance(1000);
}

function check(world: ReviewWorld): void {
  const { desired } = world;
  const target = world.objects();
  for (const name of ["a", "b"]) {
    const all = world.host.open.filter(({ head }) => head === `sluice/review/${name}`);
    const open = all.filter(({ base }) => base === "main");
    expect(open.length).toBeLessThanOrEqual(1);
    const branch = `sluice/review/${name}`;
    const [head] = world.remote.history(branch);
    const isOurs = head?.message.includes("Sluice-Projection: ") === true;
    const file = world.remote.file("sluice/state", `reviews/${name}.json`);
    const rejected = (JSON.parse(file ?? "{}") as { rejected?: Record<string, string | null> }).rejected ?? {};
    for (const one of objects.filter((path) => path.startsWith(`${name}/`))) {
      if (desired[one] === target[one]) continue;
      const isRejected = pathOf(one) in rejected;
      // Commits by people, in a request for another branch: nothing takes them away.
      if (open.length === 0 && all.length > 0 && !isOurs) continue;
      if (open.length === 0) expect(isRejected, `${one} is proposed or turned down`).toBe(true);
      else if (isOurs) expect(world.objects(branch)[one], one).toBe(isRejected ? target[one] : desired[one]);
    }
  }
  for (const { author } of world.remote.history("main"))
    expect(author.name, "nobody but people moves the target").toBe("Ada");
}

it("ends with what is desired, proposed or turned down", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const world = new ReviewWorld({}, "trigger");
      for (const step of actions) await perform(world, step);
      await world.settle();
      check(world);
      const calls = world.host.calls.length;
      const { pushes } = world.remote;
      await world.look();
      expect(world.remote.pushes, "and then it is quiet").toBe(pushes);
      expect(world.host.calls.length - calls).toBeLessThanOrEqual(6);
    }),
    { numRuns: casesOf(250) },
  );
});
