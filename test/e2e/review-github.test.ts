/** Reviews by the built program, on a stand-in that keeps GitHub's documented rules and has a real repository behind it. */
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { GithubRepository } from "../tools/github-repository.ts";
import { type GithubRules, GithubServer } from "../tools/github-server.ts";
import { teamConfig } from "./review-bench.ts";
import { addOutcomesStream, keptOutcomes, readTold } from "./told-outcomes.ts";
import { type SluiceProcess, until, Workbench } from "./workbench.ts";

const all = "sluice/review/all";
let github: GithubServer;
let bench: Workbench;
let repository: GithubRepository;
let service: SluiceProcess;
let events = 0;

afterEach(async () => {
  await bench.close();
  await github.stop();
  expect(github.violations).toEqual([]);
});

async function open(review = "", rules: Partial<GithubRules> = {}): Promise<void> {
  github = await GithubServer.start();
  github.tokens.add("secret");
  Object.assign(github.rules, rules);
  bench = await Workbench.open({
    config: teamConfig(["red"]),
    connection: JSON.stringify({
      jetstream: {
        configuration: {
          url: "nats://nats.nats.svc.cluster.local:4222",
          authorization: { user: { user: "admin", password: "my-password" } },
          streams: [{ name: "USERS", subjects: ["user.>"] }],
        },
      },
    }),
    streams: { USERS: ["user.>"] },
    settings: `review:
  mode: pull-request
  forge: github
  apiUrl: ${github.apiUrl}
  repository: acme/fleet
  auth: {token: {env: FORGE_TOKEN}}
  minInterval: 1s
  pollInterval: 1s
  ${review}
`,
    env: { FORGE_TOKEN: "secret" },
  });
  repository = new GithubRepository(join(bench.folder, "fleet.git"));
  github.branches = repository.branches;
  github.git = repository;
  service = await bench.start();
}

async function publish(type: "login" | "logout", subject: string): Promise<void> {
  const event = { specversion: "1.0", id: `e${events++}`, source: "auth", type, subject, data: {} };
  await bench.publish("user.red", JSON.stringify(event));
}

function namespaces(branch: string): readonly string[] {
  if (!repository.branches.has(branch)) return [];
  const paths = repository.git("ls-tree", "-r", "--name-only", branch).split("\n");
  return paths.flatMap((path) => /\/namespace\/(.*)\.yaml$/.exec(path)?.[1] ?? []).sort();
}

/** The newest open request for main, when its branch has just these. */
async function proposed(names: readonly string[], number?: number): Promise<void> {
  await until(
    () => {
      const open = github.pulls.filter(({ state, base }) => state === "open" && base === "main");
      const isIt = open.length === 1 && (number === undefined || open[0]!.number === number);
      return isIt && JSON.stringify(namespaces(all)) === JSON.stringify([...names].sort());
    },
    `a request for ${names.join()}; there are ${JSON.stringify(github.pulls.map((pull) => [pull.number, pull.state, pull.base]))}`,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${service.log}`);
  });
}

function endAsPerson(number: number, how: "closed" | "merged"): void {
  const pull = github.pull(number);
  // GitHub notices a push at once: what is ended is what the branch has.
  github.follow();
  if (how === "merged") repository.merge(number, pull.head, pull.base);
  github.end(number, how, "ada", number);
}

const json = async (...args: readonly string[]) =>
  JSON.parse((await bench.sluice(...args, "-o", "json")).stdout) as never;

describe("what people decide", () => {
  it("is shown, can be taken back, and counts for the branch that it was made for", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    // The branch is pushed before the request says so.
    await until(() => github.pull(1).title === "Create alice on 1 cluster (red: login from auth)", "the title");
    const commit = repository.git("log", "-1", "--format=%B", all);
    expect(commit).toMatch(/^Sluice-Event: auth alice e\d+\nSluice-State: \S+ \d+\nSluice-Projection: /m);
    expect((await bench.sluice("show", "addons")).stdout).toMatch(/alice .*proposed in 1/);

    endAsPerson(1, "closed");
    await until(() => service.log.includes("REVIEW_TURNED_DOWN"), "the warning");
    expect(service.log).toMatch(/rendered\/fleet\/eu-1\/\S*namespace\/alice\.yaml/);
    await until(() => github.pull(1).comments.some(({ body }) => body.includes("sluice propose all")), "the comment");
    await until(async () => (await bench.sluice("show", "reviews", "-o", "name")).stdout === "all\n", "it on record");
    expect(await json("show", "reviews")).toMatchObject([
      {
        group: "all",
        state: "turned down",
        turnedDown: expect.arrayContaining([{ path: expect.stringContaining("alice"), change: "create", request: 1 }]),
      },
    ]);
    expect((await bench.sluice("show", "addons")).stdout).toMatch(/alice .*turned down in 1/);
    expect((await bench.sluice("explain", "Namespace/alice")).stdout).toMatch(
      /review: +turned down in 1 \(group all\); `sluice propose all`/,
    );

    expect((await bench.sluice("propose", "nope")).code).toBe(3);
    expect(await bench.sluice("propose", "all")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^proposed again: \d manifests? of all\n$/),
    });
    await proposed(["alice"], 2);

    // Another base, and merged there: nothing of that is anybody's word against it on main.
    repository.branches.set("release", repository.branches.get("main")!);
    github.pull(2).base = "release";
    endAsPerson(2, "merged");
    await proposed(["alice"], 3);
    expect(service.log).toContain("REVIEW_ELSEWHERE");
    endAsPerson(3, "merged");
    await until(async () => (await bench.sluice("show", "reviews", "-o", "name")).stdout === "", "nothing left");
    expect(namespaces("main")).toEqual(["alice"]);
    expect((await bench.sluice("show", "addons")).stdout).toMatch(/alice .*merged/);
    expect(github.pulls).toHaveLength(3);
  });

  it("on the target before GitHub has it on record is waited for", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    repository.merge(1, all, "main");
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(github.pull(1)).toMatchObject({ state: "open", comments: [] });
    github.end(1, "merged", "ada");
    await until(async () => (await bench.sluice("show", "reviews", "-o", "name")).stdout === "", "it settled");
    expect(github.pull(1).comments).toEqual([]);
    expect(service.log).not.toContain("REVIEW_TURNED_DOWN");
  });

  it("pressing Update branch is no change of theirs; a token taken away takes nothing away", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    await bench.commitFiles({ "README.md": "More\n" });
    repository.update(all, "main");
    await publish("login", "bob");
    await proposed(["alice", "bob"], 1);
    expect(service.log).not.toContain("REVIEW_STOPPED");

    github.isHidden = true;
    await until(() => service.log.includes("FORGE_AUTH"), "the refusal");
    github.end(1, "closed", "ada");
    github.isHidden = false;
    await until(() => service.log.includes("REVIEW_TURNED_DOWN"), "what was closed meanwhile");
    expect(github.pulls).toHaveLength(1);
  });
});

describe("who sent an event", () => {
  it("is told when people have decided: of what they merged with the commit that has it, and of what they closed", async () => {
    await open(`\n${keptOutcomes}`);
    await addOutcomesStream(bench);
    await publish("login", "alice");
    await proposed(["alice"], 1);
    // What needs nobody's word is told meanwhile: the request is not.
    await bench.publish("user.red", "no event");
    await until(async () => (await readTold(bench)).length === 1, "the dead letter");
    expect(await readTold(bench)).toMatchObject([{ data: { result: "dead-letter" } }]);

    endAsPerson(1, "merged");
    await until(async () => (await readTold(bench)).length === 2, "what was merged");
    const [, merged] = await readTold(bench);
    expect(merged).toMatchObject({ subject: "alice", data: { result: "Create", branch: "main", trigger: "red" } });
    expect(merged!.data.request).toEqual({ number: 1, url: "https://github.com/acme/fleet/pull/1" });
    const paths = repository.git("ls-tree", "-r", "--name-only", String(merged!.data.commit));
    expect(paths).toContain("/namespace/alice.yaml");

    await publish("login", "bob");
    await proposed(["alice", "bob"], 2);
    endAsPerson(2, "closed");
    await until(async () => (await readTold(bench)).length === 3, "what was closed");
    expect((await readTold(bench))[2]).toMatchObject({
      subject: "bob",
      data: {
        result: "turned-down",
        turnedDown: 1,
        request: { number: 2, url: "https://github.com/acme/fleet/pull/2" },
      },
    });
  });
});

describe("what a hub applies", () => {
  it("is in the request with what it applies, and on the target when that is merged", async () => {
    await open("group: trigger\ndelivery: {kind: flux}");
    const hubOf = (branch: string) =>
      repository
        .git("ls-tree", "-r", "--name-only", branch)
        .split("\n")
        .filter((path) => path.startsWith("delivery/hub/"));
    await publish("login", "alice");
    const branch = "sluice/review/red";
    await until(
      () =>
        github.pulls.some(({ head, state }) => head === branch && state === "open") && namespaces(branch).length === 1,
      "the request",
    );
    expect(hubOf("main")).toEqual([]);
    expect(hubOf(branch)).toEqual(["delivery/hub/fleet/eu-1.yaml", "delivery/hub/sluice-delivery.yaml"]);
    const { number } = github.pulls.find(({ head }) => head === branch)!;
    const reviews: readonly { group: string; proposed: readonly { path: string }[] }[] = await json("show", "reviews");
    expect(reviews.find(({ group }) => group === "red")?.proposed.map(({ path }) => path)).toEqual(
      expect.arrayContaining(hubOf(branch)),
    );

    endAsPerson(number, "merged");
    await until(async () => (await bench.sluice("show", "reviews", "-o", "name")).stdout === "", "nothing left");
    expect(hubOf("main")).toContain("delivery/hub/fleet/eu-1.yaml");
    expect(namespaces("main")).toEqual(["alice"]);
  });
});

/** What is done while the service is down, found when it starts. */
async function meanwhile(work: () => void): Promise<void> {
  expect(await service.stop()).toBe(0);
  work();
  service = await bench.start();
}

// What of it a stop in between changes is tried by test/pipeline/review/review-stopped.test.ts each time.
describe.skipIf(process.env.SLUICE_TEST_ALL !== "1")("what people decide while the service is down", () => {
  it("closed by mistake it is told at the start, shown, and proposed again", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    await meanwhile(() => endAsPerson(1, "closed"));
    await until(() => service.log.includes("REVIEW_TURNED_DOWN"), "the warning");
    await until(() => github.pull(1).comments.some(({ body }) => body.includes("sluice propose all")), "the comment");
    await until(async () => (await bench.sluice("show", "reviews", "-o", "name")).stdout === "all\n", "it on record");
    expect((await bench.sluice("show", "addons")).stdout).toMatch(/alice .*turned down in 1/);
    // Told again by the next one, and still no request of its own accord.
    await meanwhile(() => undefined);
    expect((await bench.sluice("show", "addons")).stdout).toMatch(/alice .*turned down in 1/);
    expect(github.pulls).toHaveLength(1);
    expect(await bench.sluice("propose", "all")).toMatchObject({ code: 0 });
    await proposed(["alice"], 2);
  });

  it("merged into another branch it is nobody's word against it on main", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    await meanwhile(() => {
      repository.branches.set("release", repository.branches.get("main")!);
      github.pull(1).base = "release";
      endAsPerson(1, "merged");
    });
    await proposed(["alice"], 2);
    expect(service.log).toContain("REVIEW_ELSEWHERE");
    expect(service.log).not.toContain("REVIEW_TURNED_DOWN");
    endAsPerson(2, "merged");
    await until(() => namespaces("main").includes("alice"), "it on main");
  });

  it("a repository that answers 404 at the start takes nothing away; what was closed counts when it answers", async () => {
    await open();
    await publish("login", "alice");
    await proposed(["alice"], 1);
    await meanwhile(() => {
      github.isHidden = true;
      endAsPerson(1, "closed");
    });
    await until(() => service.log.includes("FORGE_AUTH"), "the refusal");
    await publish("login", "bob");
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(service.log).not.toContain("REVIEW_TURNED_DOWN");
    github.isHidden = false;
    await until(() => service.log.includes("REVIEW_TURNED_DOWN"), "what was closed meanwhile");
    // What nobody has turned down is proposed by itself.
    await proposed(["bob"], 2);
  });
});

it("auto-merge of what nothing keeps from it merges, and marks each head once", async () => {
  await open("autoMerge: squash");
  for (const name of ["alice", "bob"]) {
    await publish("login", name);
    await until(() => namespaces("main").includes(name), `${name} merged`).catch((error: Error) => {
      throw new Error(`${error.message}\n${service.log}`);
    });
  }
  const marks = new Set(github.statuses.map(({ sha, context, description }) => `${sha} ${context} ${description}`));
  expect(marks.size).toBe(github.statuses.length);
});
