/** Reviews over the real adapter for GitHub, on a stand-in that keeps GitHub's documented rules. */
import { afterEach, describe, expect, it } from "vitest";
import { GithubCodeHost } from "../../src/adapters/github/github-code-host.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { ReviewWorld } from "../pipeline/review/review-world.ts";
import { FakeGithubGit } from "../tools/github-git.ts";
import { type GithubRules, GithubServer } from "../tools/github-server.ts";

const all = "sluice/review/all";
let server: GithubServer;
let host: GithubCodeHost;
let git: FakeGithubGit;

afterEach(async () => {
  host.close();
  await server.stop();
  expect(server.violations).toEqual([]);
});

async function open(
  rules: Partial<GithubRules>,
  options: ConstructorParameters<typeof ReviewWorld>[0] = {},
): Promise<ReviewWorld> {
  server = await GithubServer.start();
  server.tokens.add("secret");
  Object.assign(server.rules, rules);
  return new ReviewWorld(options, "all", (remote) => {
    server.branches = remote.branches;
    git = new FakeGithubGit(remote);
    server.git = git;
    host = new GithubCodeHost({
      ...{ apiUrl: server.apiUrl, owner: "acme", repository: "fleet", log: createFakeLog() },
      auth: { kind: "token", token: () => "secret" },
      limits: { secondMs: 1 },
    });
    return host;
  });
}

const codes = (world: ReviewWorld) => world.log.problems.map(({ code }) => code);
const count = (operation: string) => server.calls.filter((call) => call === operation).length;

describe("auto-merge", () => {
  it("of a request that nothing keeps from it: is merged, with one status and one merge", async () => {
    const world = await open({}, { autoMerge: "squash" });
    world.desire({ "a/x": "1" });
    await world.settle();
    expect(world.objects()).toEqual({ "a/x": "1" });
    expect([count("repos/create-commit-status"), count("pulls/merge"), count("graphql")]).toEqual([1, 1, 1]);
    expect(codes(world)).toEqual([]);
  });

  it("of one that waits for a check: is left to GitHub, and asked for once", async () => {
    const world = await open({ contexts: ["ci"] }, { autoMerge: "merge" });
    world.desire({ "a/x": "1" });
    await world.settle();
    await world.settle();
    expect([count("graphql"), count("pulls/merge"), count("repos/create-commit-status")]).toEqual([1, 0, 1]);
    server.statuses.push({ sha: server.pull(1).sha, state: "success", context: "ci", description: "" });
    await world.settle();
    expect(world.objects()).toEqual({ "a/x": "1" });
  });

  it("behind a merge queue: goes into it", async () => {
    const world = await open({ hasMergeQueue: true }, { autoMerge: "merge" });
    world.desire({ "a/x": "1" });
    await world.settle();
    expect(server.pull(1).isQueued).toBe(true);
    expect(world.objects()).toEqual({ "a/x": "1" });
    expect(codes(world)).toEqual([]);
  });

  it("that is not allowed, or waits for a check that is not required: is told once, and tried again", async () => {
    const world = await open({ allowsAutoMerge: false, contexts: ["ci"] }, { autoMerge: "merge" });
    world.desire({ "a/x": "1" });
    await world.settle();
    await world.settle();
    expect(codes(world)).toEqual(["FORGE_REFUSED"]);
    Object.assign(server.rules, { allowsAutoMerge: true, contexts: [] });
    server.statuses.push({ sha: server.pull(1).sha, state: "pending", context: "lint", description: "" });
    await world.settle();
    expect(codes(world), "unstable: it is merged when that is through").toEqual(["FORGE_REFUSED", "FORGE_REFUSED"]);
    server.statuses.push({ sha: server.pull(1).sha, state: "success", context: "lint", description: "" });
    await world.settle();
    expect(world.objects()).toEqual({ "a/x": "1" });
    expect(count("repos/create-commit-status")).toBe(1);
  });

  it("merges only the head that is meant", async () => {
    const world = await open({});
    world.desire({ "a/x": "1" });
    await world.settle();
    const [opened] = await host.listOpenRequests("sluice/");
    expect(await host.mergeWhenAllowed(opened!, "2".repeat(40), "merge")).toBe("later");
    server.fault = (operation) => {
      // Between the look and the merge somebody pushes.
      if (operation === "pulls/merge") world.editAsPerson(all, { "a/x": "mine" });
      server.follow();
      return undefined;
    };
    expect(await host.mergeWhenAllowed(opened!, server.pull(1).sha, "merge")).toBe("later");
    expect(server.pull(1).state).toBe("open");
  });
});

it("statuses stay one a head, also over restarts: GitHub takes 1,000 and no more", async () => {
  const world = await open({});
  world.desire({ "a/x": "1" });
  for (let run = 0; run < 3; run++) {
    await world.settle();
    world.restart();
  }
  expect(server.statuses).toMatchObject([
    { context: "sluice/review", state: "success", description: "Create 1 manifest on 1 cluster, as events ask" },
  ]);
});

it("a request that is pointed at another base and merged there turns nothing down", async () => {
  const world = await open({});
  world.desire({ "a/x": "1", "a/y": "1", "a/z": "1" });
  await world.settle();
  world.remote.branches.set("release", world.remote.branches.get("main")!);
  server.pull(1).base = "release";
  git.merge(1, all, "release");
  server.end(1, "merged", "ada");
  await world.settle();
  expect(server.pulls).toMatchObject([{ base: "release" }, { state: "open", base: "main" }]);
  expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1", "a/z": "1" });
  expect(codes(world)).toEqual(["REVIEW_ELSEWHERE"]);
});

it("a token that is taken away for a while: what was closed meanwhile is turned down, not proposed again", async () => {
  const world = await open({});
  world.desire({ "a/x": "1" });
  await world.settle();
  server.isHidden = true;
  server.end(1, "closed", "ada");
  for (let look = 0; look < 2; look++) {
    await expect(world.look()).rejects.toMatchObject({ problem: { code: "FORGE_AUTH" } });
  }
  server.isHidden = false;
  await world.settle();
  expect(server.pulls).toHaveLength(1);
  expect(world.log.problems).toMatchObject([
    { code: "REVIEW_TURNED_DOWN", message: expect.stringContaining("x.yaml") },
  ]);
  expect(server.pull(1).comments[0]?.body).toContain("sluice propose all");
});

it("pull requests that are turned off take nothing away", async () => {
  const world = await open({});
  world.desire({ "a/x": "1" });
  await world.settle();
  server.rules.hasPullRequests = false;
  server.fault = (operation) => (operation.startsWith("pulls/") ? { status: 404, message: "Not Found" } : undefined);
  await expect(world.look()).rejects.toMatchObject({ problem: { message: expect.stringContaining("turned off") } });
});

it("a branch that has to be up to date is kept so; Update branch is nobody's change", async () => {
  const world = await open({ isStrict: true });
  world.desire({ "a/x": "1" });
  await world.settle();
  world.remote.commitAsPerson("main", { "README.md": "More\n" });
  git.update(all, "main");
  await world.settle();
  expect(codes(world)).toEqual([]);
  const moved = world.remote.commitAsPerson("main", { "README.md": "Still more\n" });
  await world.settle();
  expect(world.remote.history(all)[1]?.id).toBe(moved);
  world.desire({ "a/y": "1" });
  await world.settle();
  expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
});

it("steady events do not take an approval away, where what is approved is held", async () => {
  const world = await open({ approvals: 1, dismissesStaleApprovals: true }, { hold: "approved", autoMerge: "merge" });
  world.desire({ "a/x": "1" });
  await world.settle();
  server.review(1, "ada", "APPROVED");
  world.desire({ "a/y": "1" });
  await world.settle();
  expect(world.objects()).toEqual({ "a/x": "1" });
  server.review(2, "ada", "CHANGES_REQUESTED");
  world.desire({ "a/z": "1" });
  await world.settle();
  expect(world.objects(all), "who asks for changes approves of nothing").toEqual({
    "a/x": "1",
    "a/y": "1",
    "a/z": "1",
  });
});

it("drafts where there are none: an ordinary request, and a word about it", async () => {
  const world = await open({ hasDrafts: false }, { isDraft: true });
  world.desire({ "a/x": "1" });
  await world.settle();
  expect(server.pulls).toMatchObject([{ draft: false, state: "open" }]);
  expect(world.log.problems).toMatchObject([{ code: "FORGE_REFUSED", severity: "warning" }]);
});
