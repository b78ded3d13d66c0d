/**
 * Reviews on a real Gitea, by the built program. Needs gitea, which takes minutes to build: only with SLUICE_TEST_ALL=1.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findFreePort } from "../tools/find-free-port.ts";
import { GiteaServer } from "../tools/gitea-server.ts";
import { namespaceTemplate, ReviewBench, teamConfig } from "./review-bench.ts";

const isWanted = process.env.SLUICE_TEST_ALL === "1";
const branch = "sluice/review/all";
const fileOf = (name: string, team = "red") => `rendered/fleet/eu-1/triggers/${team}/_cluster/namespace/${name}.yaml`;

describe.skipIf(!isWanted)("reviews on gitea", () => {
  let gitea: GiteaServer;
  let bench: ReviewBench;
  let benches = 0;

  beforeAll(async () => {
    gitea = await GiteaServer.start();
  });
  afterAll(() => gitea?.stop());
  afterEach(() => bench?.stop());

  async function open(review = "group: all", teams: readonly string[] = ["red"]): Promise<void> {
    bench = await ReviewBench.open(gitea, `fleet-${benches++}`, `pollInterval: 1s, ${review}`, teamConfig(teams));
    await bench.start();
  }

  it("a burst of events is one request, further events update it, and merging it leaves nothing to propose", async () => {
    await open(`labels: [sluice, fleet], reviewers: [${gitea.person.name}, nobody], assignees: [${gitea.person.name}]`);
    for (let user = 0; user < 40; user++) await bench.publish("login", `user-${user}`);
    const users = Array.from({ length: 40 }, (_, user) => `user-${user}`);
    const first = await bench.untilProposed(users);
    expect(await bench.namespaces("main")).toEqual([]);

    await bench.publish("login", "late");
    await bench.publish("logout", "user-7");
    const present = [...users.filter((user) => user !== "user-7"), "late"];
    const second = await bench.untilProposed(present);
    expect(second.number).toBe(first.number);
    expect(second.title).toMatch(/^Create 41 manifests on 1 cluster for \S+, \S+, \S+ and 37 more$/);
    expect(second.labels.map(({ name }) => name).sort()).toEqual(["fleet", "sluice"]);
    expect(second.requested_reviewers?.map(({ login }) => login)).toEqual([gitea.person.name]);
    const [status] = await bench.api<{ context: string; status: string }[]>("GET", `/statuses/${second.head.sha}`);
    expect(status).toMatchObject({ context: "sluice/review", status: "success" });

    await bench.merge(second.number);
    await bench.until(async () => (await bench.namespaces("main")).length === 40, "the merge");
    await bench.untilLookedAgain();
    expect(await bench.pulls()).toEqual([]);
    expect(await bench.pulls("all")).toHaveLength(1);
  });

  it("what arrives while people merge is a new request, with only that", async () => {
    await open();
    await bench.publish("login", "before");
    const first = await bench.untilProposed(["before"]);
    await bench.merge(first.number);
    // Sluice looks once a second: it knows of neither yet.
    await bench.publish("login", "meanwhile");

    const second = await bench.untilProposed(["before", "meanwhile"]);
    expect(second.number).not.toBe(first.number);
    expect(second.title).toBe("Create meanwhile on 1 cluster (red: login from auth)");
    expect(await bench.namespaces("main")).toEqual(["before"]);
  });

  it("a closed request is not opened again until something else is desired, absences included", async () => {
    await open();
    await bench.publish("login", "kept");
    await bench.merge((await bench.untilProposed(["kept"])).number);
    await bench.until(async () => (await bench.pulls()).length === 0, "the merge");
    await bench.publish("login", "unwanted");
    await bench.publish("logout", "kept");
    const closed = await bench.untilProposed(["unwanted"]);
    expect(closed.title).toBe("Create 1, delete 1 manifests on 1 cluster for kept, unwanted");
    await bench.close(closed.number);
    await bench.untilLookedAgain();
    expect(await bench.pulls()).toEqual([]);

    // The same again is no change; something else is proposed alone.
    await bench.publish("login", "unwanted");
    await bench.publish("login", "other");
    const next = await bench.untilProposed(["kept", "other"]);
    expect(next.number).not.toBe(closed.number);

    // Turned down survives a restart; and it ends with what was turned down.
    await bench.kill();
    await bench.start();
    await bench.publish("logout", "unwanted");
    await bench.untilLookedAgain();
    await bench.publish("login", "unwanted");
    await bench.untilProposed(["kept", "other", "unwanted"]);
  });

  it("what people change while merging stays as they made it", async () => {
    await open();
    await bench.publish("login", "taken");
    await bench.publish("login", "edited");
    await bench.publish("login", "dropped");
    const request = await bench.untilProposed(["taken", "edited", "dropped"]);
    const edited = (await bench.read(branch, fileOf("edited"))).replace("  labels:\n", "  labels:\n    by: ada\n");
    await bench.commit(branch, { [fileOf("edited")]: edited, [fileOf("dropped")]: undefined });
    await bench.merge(request.number);
    await bench.untilLookedAgain();
    expect(await bench.pulls()).toEqual([]);
    expect(await bench.namespaces("main")).toEqual(["edited", "taken"]);
    expect(await bench.read("main", fileOf("edited"))).toContain("by: ada");

    // Another template: all of it is desired otherwise.
    await bench.commit("main", { "config/namespace.yaml": namespaceTemplate("      labels: {stage: two}\n") });
    await bench.untilProposed(["taken", "edited", "dropped"]);
  });

  it("a person's commit on the branch stops updates, and Sluice says so; without the branch it begins afresh", async () => {
    await open();
    await bench.publish("login", "one");
    const request = await bench.untilProposed(["one"]);
    await bench.commit(branch, { "note.txt": "mine\n" });
    await bench.publish("login", "two");
    const comments = () => bench.api<{ body: string }[]>("GET", `/issues/${request.number}/comments`);
    await bench.until(async () => (await comments()).length > 0, "a comment");
    await bench.untilLookedAgain();
    expect(await bench.namespaces(branch)).toEqual(["one"]);
    expect(await bench.read(branch, "note.txt")).toBe("mine\n");
    expect(await comments()).toHaveLength(1);

    await bench.deleteBranch(branch);
    const afresh = await bench.untilProposed(["one", "two"]);
    expect(afresh.number).not.toBe(request.number);
  });

  it("a person's change of the target is projected upon when it matters, and only then", async () => {
    await open();
    await bench.publish("login", "one");
    const { head } = await bench.untilProposed(["one"]);
    await bench.commit("main", { "README.md": "Hello\n" });
    await bench.untilLookedAgain();
    expect((await bench.pulls())[0]?.head.sha).toBe(head.sha);

    // The person does by hand what is proposed: nothing is left, and the request is closed.
    await bench.commit("main", { [fileOf("one")]: await bench.read(branch, fileOf("one")) });
    await bench.publish("login", "two");
    await bench.until(
      async () => (await bench.pulls())[0]?.title === "Create two on 1 cluster (red: login from auth)",
      "a new projection",
    );
    await bench.publish("logout", "two");
    const file = "rendered/fleet/eu-1/base/sluice-cluster.yaml";
    await bench.commit("main", { [file]: await bench.read(branch, file) });
    await bench.until(async () => (await bench.pulls()).length === 0, "the request closed");
  });

  it("each trigger has its own request, complete in itself, and no more are open than may be", async () => {
    await open("group: trigger, maxOpen: 2", ["red", "blue", "green"]);
    await bench.publish("login", "r", "red");
    await bench.publish("login", "b", "blue");
    const blue = await bench.untilProposed(["b"], "sluice/review/blue");
    const red = await bench.untilProposed(["r"], "sluice/review/red");
    await bench.publish("login", "g", "green");
    await bench.untilLookedAgain();
    expect(await bench.pulls()).toHaveLength(2);
    expect(await bench.read("sluice/review/red", "rendered/fleet/eu-1/base/sluice-cluster.yaml")).toContain(
      "ConfigMap",
    );

    await bench.merge(blue.number);
    await bench.untilProposed(["b", "g"], "sluice/review/green");
    await bench.merge(red.number);
    await bench.until(async () => JSON.stringify(await bench.namespaces("main")) === '["b","r"]', "both merged");
  });

  it("a request merged into another branch counts for nothing here; Update branch is nobody's change", async () => {
    await open();
    await bench.publish("login", "one");
    const first = await bench.untilProposed(["one"]);
    await bench.api("POST", "/branches", { new_branch_name: "release", old_branch_name: "main" });
    await bench.api("PATCH", `/pulls/${first.number}`, { base: "release" });
    await bench.merge(first.number);
    await bench.until(
      async () => (await bench.pulls()).some(({ number }) => number !== first.number),
      "another request",
    );
    const second = await bench.untilProposed(["one"]);
    expect(second.number).not.toBe(first.number);
    expect(bench.log).not.toContain("REVIEW_TURNED_DOWN");

    await bench.commit("main", { "README.md": "More\n" });
    await bench.until(
      () =>
        bench.api("POST", `/pulls/${second.number}/update?style=merge`).then(
          () => true,
          () => false,
        ),
      "the branch up to date",
    );
    await bench.untilLookedAgain();
    await bench.publish("login", "two");
    expect((await bench.untilProposed(["one", "two"])).number).toBe(second.number);
    expect(bench.log).not.toContain("REVIEW_STOPPED");
    await bench.merge(second.number);
    await bench.until(async () => JSON.stringify(await bench.namespaces("main")) === '["one","two"]', "the merge");
  });

  it("auto-merge merges what nothing keeps from it", async () => {
    await open("autoMerge: merge");
    await bench.publish("login", "one");
    await bench.until(async () => (await bench.namespaces("main")).includes("one"), "the merge");
    await bench.publish("login", "two");
    await bench.until(async () => (await bench.namespaces("main")).includes("two"), "the second merge");
  });

  it("the forge's webhooks are enough, and drafts are drafts", async () => {
    const port = await findFreePort();
    const webhooks = `server: {webhooks: {address: "127.0.0.1:${port}", secret: {file: ./token}}}`;
    const rarely = "pollInterval: 1h, draft: true";
    bench = await ReviewBench.open(gitea, `fleet-${benches++}`, rarely, teamConfig(["red"]), webhooks);
    const config = { url: `http://127.0.0.1:${port}/webhooks/gitea`, content_type: "json", secret: gitea.bot.token };
    await bench.api("POST", "/hooks", { type: "gitea", config, events: ["pull_request"], active: true });
    await bench.start();
    await bench.publish("login", "one");
    const request = await bench.untilProposed(["one"]);
    expect(request.title).toBe("WIP: Create one on 1 cluster (red: login from auth)");
    await bench.close(request.number);
    await bench.until(async () => bench.log.includes("was closed without merging"), "the webhook");
  });
});
