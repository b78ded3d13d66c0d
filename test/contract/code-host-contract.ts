/** What every CodeHost promises: over the fake and GitHub's description in every run, over a real Gitea too. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CodeHost, ReviewRequest } from "../../src/ports/code-host.ts";
import type { ObjectId } from "../../src/ports/git.ts";

/** A repository of its own on a forge, with a branch `main`; what is not in the port is done as a person. */
export interface CodeHostWorld {
  readonly host: CodeHost;
  /** A user that the forge knows. */
  readonly user: string;
  /** Makes a branch with a commit of its own on top of `main`, or moves it to a new one. */
  pushBranch(name: string): Promise<ObjectId>;
  deleteBranch(name: string): Promise<void>;
  close(number: number): Promise<void>;
  merge(number: number): Promise<void>;
  /** Points a request at another branch, which is there then. */
  retarget(number: number, base: string): Promise<void>;
  /** As somebody else than who opened it. */
  approve(number: number): Promise<void>;
  comments(number: number): Promise<readonly string[]>;
  /** Comments as somebody else. */
  comment(number: number, text: string): Promise<void>;
  labels(number: number): Promise<readonly string[]>;
  reviewers(number: number): Promise<readonly string[]>;
  /** `context: state` of a commit. */
  statuses(commit: ObjectId): Promise<readonly string[]>;
  end(): Promise<void>;
}

export interface Forge {
  openWorld(): Promise<CodeHostWorld>;
  stop(): Promise<void>;
}

export function describeCodeHost(name: string, start: () => Promise<Forge>, isSkipped = false): void {
  describe.skipIf(isSkipped)(name, () => {
    let forge: Forge;
    let world: CodeHostWorld;
    let host: CodeHost;

    beforeAll(async () => {
      forge = await start();
    });
    afterAll(() => forge?.stop());
    beforeEach(async () => {
      world = await forge.openWorld();
      ({ host } = world);
    });
    afterEach(() => world?.end());

    const text = { title: "Create 2 manifests", body: "<!-- mark -->\nLine one\n\n| a | b |\n" };

    async function open(head = "sluice/review/all", isDraft = false): Promise<ReviewRequest> {
      await world.pushBranch(head);
      return host.createRequest({ head, base: "main", ...text, isDraft });
    }

    it("opens a request, and finds it by its branch as long as it is open", async () => {
      const listed = async () => (await host.listOpenRequests("sluice/review/")).map(({ head }) => head).sort();
      expect(await listed()).toEqual([]);
      const opened = await open();
      await open("sluice/review/other");
      await open("people/own");
      const place = { head: "sluice/review/all", base: "main" };
      const like = { state: "open", ...text, ...place, isDraft: false, number: opened.number };
      expect(opened).toMatchObject(like);
      expect(await listed()).toEqual(["sluice/review/all", "sluice/review/other"]);
      const found = (await host.listOpenRequests("sluice/review/all")).find(({ number }) => number === opened.number);
      expect(found).toMatchObject(like);
      expect(await host.readRequest(opened.number)).toMatchObject(like);
      await host.closeRequest(opened.number);
      expect(await host.readRequest(opened.number)).toMatchObject({ state: "closed" });
      expect(await listed()).toEqual(["sluice/review/other"]);
    });

    it("tells which branch a request is for, also when people have changed it, and that it was merged there", async () => {
      const { number } = await open();
      await world.retarget(number, "release");
      expect(await host.readRequest(number)).toMatchObject({ base: "release", state: "open" });
      expect(await host.listOpenRequests("sluice/")).toMatchObject([{ number, base: "release" }]);
      await world.merge(number);
      expect(await host.readRequest(number)).toMatchObject({ base: "release", state: "merged" });
    });

    it("tells an approval", async () => {
      const { number } = await open();
      expect(await host.isApproved(number)).toBe(false);
      await world.approve(number);
      expect(await host.isApproved(number)).toBe(true);
    });

    it("is behind nothing where nothing asks for it", async () => {
      const { number } = await open();
      await expect.poll(() => host.isBehind(number), { timeout: 20_000 }).toBe(false);
    });

    it("merges at once what nothing keeps from it, and only the head that is meant", async () => {
      const head = await world.pushBranch("sluice/review/all");
      const opened = await host.createRequest({ head: "sluice/review/all", base: "main", ...text, isDraft: false });
      expect(await host.mergeWhenAllowed(opened, "1".repeat(40), "merge")).toBe("later");
      await expect
        .poll(
          async () => {
            await host.mergeWhenAllowed(opened, head, "merge").catch(() => undefined);
            return (await host.readRequest(opened.number))?.state;
          },
          { timeout: 60_000, interval: 500 },
        )
        .toBe("merged");
    });

    it("knows no request that there is not, and opens none twice", async () => {
      expect(await host.readRequest(4711)).toBeUndefined();
      await open();
      const twice = host.createRequest({ head: "sluice/review/all", base: "main", ...text, isDraft: false });
      await expect(twice).rejects.toMatchObject({ problem: { code: "FORGE_REFUSED" } });
    });

    it("changes what a request says, drafts too, and takes a body of the greatest length", async () => {
      const opened = await open("sluice/review/all", true);
      expect(opened).toMatchObject({ isDraft: true, title: text.title });
      await host.updateRequest(opened, { title: "Delete 1 manifest", body: "x".repeat(host.bodyCharactersMax) });
      const changed = await host.readRequest(opened.number);
      expect(changed).toMatchObject({ isDraft: true, title: "Delete 1 manifest" });
      expect(changed?.body.length).toBe(host.bodyCharactersMax);
    });

    it("tells a merge from a refusal", async () => {
      const merged = await open();
      const closed = await open("sluice/review/other");
      await world.merge(merged.number);
      await world.close(closed.number);
      expect(await host.readRequest(merged.number)).toMatchObject({ state: "merged" });
      expect(await host.readRequest(closed.number)).toMatchObject({ state: "closed" });
    });

    it("tells a refusal from a branch's deletion", async () => {
      const refused = await open();
      await world.close(refused.number);
      const refusedTidily = await open("sluice/review/tidy");
      await world.close(refusedTidily.number);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await world.deleteBranch("sluice/review/tidy");
      const abandoned = await open("sluice/review/gone");
      await world.deleteBranch("sluice/review/gone");
      await expect
        .poll(async () => (await host.readRequest(abandoned.number))?.state, { timeout: 20_000 })
        .toBe("closed");
      await expect.poll(() => host.wasClosedByDeletion(abandoned.number), { timeout: 20_000 }).toBe(true);
      expect(await host.wasClosedByDeletion(refused.number)).toBe(false);
      expect(await host.wasClosedByDeletion(refusedTidily.number)).toBe(false);
    });

    it("puts on labels and reviewers, and tells which it can't", async () => {
      const { number } = await open();
      const decoration = {
        labels: ["sluice", "a label of ours"],
        reviewers: ["nobody-there", world.user],
        assignees: [world.user],
      };
      const problems = await host.decorateRequest(number, decoration);
      expect(problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["warning FORGE_REFUSED"]);
      expect([...(await world.labels(number))].sort()).toEqual(["a label of ours", "sluice"]);
      expect(await world.reviewers(number)).toEqual([world.user]);
    });

    it("keeps one comment, among those of others", async () => {
      const { number } = await open();
      await world.comment(number, "<!-- a -->\nforged");
      await host.keepComment(number, "<!-- a -->", "<!-- a -->\none");
      await host.keepComment(number, "<!-- b -->", "<!-- b -->\nother");
      await host.keepComment(number, "<!-- a -->", "<!-- a -->\ntwo");
      await host.keepComment(number, "<!-- a -->", "<!-- a -->\ntwo");
      expect(await world.comments(number)).toEqual(["<!-- a -->\nforged", "<!-- a -->\ntwo", "<!-- b -->\nother"]);
    });

    it("sets the status of a commit", async () => {
      const commit = await world.pushBranch("sluice/review/all");
      const status = { state: "success", context: "sluice/review", description: "As events ask for" } as const;
      await host.setStatus(commit, status);
      await host.setStatus(commit, status);
      expect(await world.statuses(commit), "one effect, one mark").toEqual(["sluice/review: success"]);
    });

    it("ends what is under way when it is closed", async () => {
      host.close();
      await expect(host.readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
    });
  });
}
