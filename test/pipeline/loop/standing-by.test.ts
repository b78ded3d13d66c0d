/** Standing by: what keeps an instance from competing, and that nothing is written. */
import { expect, it } from "vitest";
import type { Catalog } from "../../../src/model/catalog.ts";
import { defaultGuard } from "../../../src/model/mass-change.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import { StandingBy } from "../../../src/pipeline/loop/standing-by.ts";
import { emptyCheckpoint, writeCheckpoint } from "../../../src/plan/checkpoint-file.ts";
import { catalogSettings } from "../../../src/plan/mass-change/catalog-settings.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";
import { turns } from "../service-bench.ts";

const settingsNamed = (name: string) =>
  ({
    compatibility: "strict",
    checks: "refuse",
    guard: defaultGuard,
    connectionClusters: new Map([[name, {}]]),
  }) as unknown as Catalog;

/** A state whose settings in force are those of this name. */
function checkpointOf(name: string, version?: number): string {
  const parts = new Map([["settings", catalogSettings(settingsNamed(name))]]);
  const text = writeCheckpoint({ ...emptyCheckpoint, stateId: "abc", parts });
  return version === undefined ? text : text.replace(/"version": [0-9]+/, `"version": ${version}`);
}

function open(own: string) {
  const remote = new FakeGitRemote();
  const clock = createFakeClock();
  clock.holdSleepers();
  const log = createFakeLog();
  const loaded: string[] = [];
  const git = new FakeGitRepository(remote);
  const fetchHeads = git.fetchHeads.bind(git);
  const server = { isAway: false };
  git.fetchHeads = (...asked) => {
    if (server.isAway) throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "no answer" });
    return fetchHeads(...asked);
  };
  const standing = new StandingBy({
    git,
    clock,
    log,
    names: { target: "main", state: "sluice/state" },
    loadCatalog: (files) => {
      if (files.length > 0) loaded.push(files.map(({ path }) => path).join(" "));
      return { value: settingsNamed(own), problems: [] };
    },
    layout: { shards: 0, buckets: 1 },
    lookMs: 10_000,
    memory: { wereInForce: false },
  });
  const stop = new AbortController();
  const running = standing.run(stop.signal);
  return {
    remote,
    server,
    standing,
    log,
    loaded,
    stateIs: (text: string) => remote.commitAsPerson("sluice/state", { "checkpoint.json": text }),
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        await turns(5);
        clock.advance(1000);
      }
      await turns(5);
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

it("learns of the first state before the lease of who made it seems to be nobody's", async () => {
  const bench = open("own");
  await bench.pass(3);
  bench.stateIs(checkpointOf("own"));
  await bench.pass(3);
  expect(bench.standing.stateId).toBe("abc");
  await bench.end();
});

it("may compete once it has read the heads, with a state and without one, and knows the state's id", async () => {
  const bench = open("own");
  expect(bench.standing.mayCompete).toBe(false);
  await bench.pass(1);
  expect([bench.standing.mayCompete, bench.standing.stateId]).toEqual([true, undefined]);
  bench.stateIs(checkpointOf("own"));
  await bench.pass(11);
  expect([bench.standing.mayCompete, bench.standing.stateId]).toEqual([true, "abc"]);
  await bench.end();
});

it("may not where the repository has not answered for a minute, and says so once", async () => {
  const bench = open("own");
  await bench.pass(1);
  bench.server.isAway = true;
  await bench.pass(55);
  expect(bench.standing.mayCompete).toBe(true);
  await bench.pass(10);
  expect(bench.standing.mayCompete).toBe(false);
  expect(bench.log.problems).toMatchObject([{ code: "GIT_UNAVAILABLE" }]);
  bench.server.isAway = false;
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(true);
  await bench.end();
});

it("may not where the state has a format that it does not know, for as long as it has", async () => {
  const bench = open("own");
  bench.stateIs(checkpointOf("own", 99));
  await bench.pass(21);
  expect(bench.standing.mayCompete).toBe(false);
  expect(bench.standing.problem).toMatchObject({ code: "STATE_INVALID" });
  expect(bench.log.problems).toHaveLength(1);
  bench.stateIs(checkpointOf("own"));
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(true);
  await bench.end();
});

it("may not with settings that were in force and were followed by others; it may with settings that are new", async () => {
  const bench = open("own");
  bench.stateIs(checkpointOf("older"));
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(true);
  bench.stateIs(checkpointOf("own"));
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(true);
  bench.stateIs(checkpointOf("newer"));
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(false);
  expect(bench.standing.problem?.message).toContain("others have followed");
  bench.stateIs(checkpointOf("own"));
  await bench.pass(11);
  expect(bench.standing.mayCompete).toBe(true);
  await bench.end();
});
