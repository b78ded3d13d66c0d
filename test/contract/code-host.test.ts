/** One contract for all forges. That over a real Gitea takes a build of minutes: only with SLUICE_TEST_ALL=1. */
import { expect } from "vitest";
import { GiteaCodeHost } from "../../src/adapters/gitea/gitea-code-host.ts";
import { GithubCodeHost } from "../../src/adapters/github/github-code-host.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { FakeCodeHost } from "../fakes/fake-code-host.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { GiteaServer } from "../tools/gitea-server.ts";
import { GithubServer, stranger } from "../tools/github-server.ts";
import { describeCodeHost } from "./code-host-contract.ts";

describeCodeHost("the fake", async () => ({
  async openWorld() {
    const remote = new FakeGitRemote();
    remote.commitAsPerson("main", { "README.md": "Hello\n" });
    const host = new FakeCodeHost(remote);
    host.unknown = ["nobody-there"];
    host.hasChecks = false;
    let files = 0;
    const decorated = (number: number, part: "labels" | "reviewers") =>
      host.requests[number - 1]!.decorations.flatMap((decoration) => decoration[part]);
    return {
      host,
      user: "ada",
      async pushBranch(name) {
        remote.branches.set(name, remote.branches.get("main")!);
        return remote.commitAsPerson(name, { [`file-${files++}.txt`]: "" });
      },
      async deleteBranch(name) {
        remote.branches.delete(name);
      },
      close: async (number) => host.closeAsPerson(number),
      merge: async (number) => host.merge(number),
      retarget: async (number, base) => {
        remote.branches.set(base, remote.branches.get("main")!);
        host.retarget(number, base);
      },
      approve: async (number) => host.approve(number),
      comments: async (number) => host.requests[number - 1]!.comments,
      comment: async (number, text) => host.commentAsPerson(number, text),
      labels: async (number) => decorated(number, "labels"),
      reviewers: async (number) => decorated(number, "reviewers").filter((name) => !host.unknown.includes(name)),
      statuses: async (commit) => {
        const status = host.statuses.get(commit);
        return status === undefined ? [] : [`${status.context}: ${status.state}`];
      },
      end: async () => undefined,
    };
  },
  stop: async () => undefined,
}));

describeCodeHost("github, by its published description", async () => ({
  async openWorld() {
    const server = await GithubServer.start();
    server.tokens.add("secret");
    server.branches.set("main", "0".repeat(40));
    let second = 1;
    // A person's doings are some seconds apart.
    const soon = () => {
      second += 5;
      return second;
    };
    const host = new GithubCodeHost({
      apiUrl: server.apiUrl,
      owner: "acme",
      repository: "fleet",
      auth: { kind: "token", token: () => "secret" },
      log: createFakeLog(),
      limits: { secondMs: 1 },
    });
    return {
      host,
      user: "ada",
      async pushBranch(name) {
        const commit = String(soon()).padStart(40, "0");
        server.branches.set(name, commit);
        return commit;
      },
      deleteBranch: async (name) => server.deleteBranch(name, "ada", soon()),
      close: async (number) => server.end(number, "closed", "ada", soon()),
      merge: async (number) => server.end(number, "merged", "ada", soon()),
      async retarget(number, base) {
        server.branches.set(base, server.branches.get("main")!);
        server.pull(number).base = base;
      },
      approve: async (number) => server.review(number, "ada", "APPROVED"),
      comments: async (number) => server.pull(number).comments.map(({ body }) => body),
      comment: async (number, text) => {
        server.pull(number).comments.push({ id: 4000, body: text, ...stranger });
      },
      labels: async (number) => server.pull(number).labels,
      reviewers: async (number) => server.pull(number).reviewers,
      statuses: async (commit) =>
        server.statuses.filter(({ sha }) => sha === commit).map(({ context, state }) => `${context}: ${state}`),
      async end() {
        host.close();
        await server.stop();
        expect(server.violations).toEqual([]);
      },
    };
  },
  stop: async () => undefined,
}));

describeCodeHost(
  "gitea",
  async () => {
    const server = await GiteaServer.start();
    let worlds = 0;
    return {
      stop: () => server.stop(),
      async openWorld() {
        const name = `fleet-${worlds++}`;
        await server.createRepository(name);
        const repo = `/repos/${server.person.name}/${name}`;
        const write = (path: string, branch: object) =>
          server.api<{ commit: { sha: string } }>("POST", `${repo}/contents/${path}`, {
            content: Buffer.from(`${Math.random()}\n`).toString("base64"),
            ...branch,
          });
        await write("README.md", { branch: "main" });
        let files = 0;
        const host = new GiteaCodeHost({
          apiUrl: `${server.url}/api/v1`,
          owner: server.person.name,
          repository: name,
          token: () => server.bot.token,
          clock: systemClock,
        });
        return {
          host,
          user: server.person.name,
          pushBranch: async (branch) =>
            (await write(`file-${files++}.txt`, { branch: "main", new_branch: branch })).commit.sha,
          deleteBranch: (branch) => server.api("DELETE", `${repo}/branches/${encodeURIComponent(branch)}`),
          close: (number) => server.api("PATCH", `${repo}/pulls/${number}`, { state: "closed" }),
          async merge(number) {
            await expect
              .poll(
                () =>
                  server.api("POST", `${repo}/pulls/${number}/merge`, { Do: "merge" }).then(
                    () => true,
                    () => false,
                  ),
                {
                  timeout: 30_000,
                  interval: 300,
                },
              )
              .toBe(true);
          },
          async retarget(number, base) {
            await server.api("POST", `${repo}/branches`, { new_branch_name: base, old_branch_name: "main" });
            await server.api("PATCH", `${repo}/pulls/${number}`, { base });
          },
          approve: (number) => server.api("POST", `${repo}/pulls/${number}/reviews`, { event: "APPROVED", body: "" }),
          comments: async (number) =>
            (await server.api<{ body: string }[]>("GET", `${repo}/issues/${number}/comments`)).map(({ body }) => body),
          comment: (number, text) => server.api("POST", `${repo}/issues/${number}/comments`, { body: text }),
          labels: async (number) =>
            (await server.api<{ name: string }[]>("GET", `${repo}/issues/${number}/labels`)).map((label) => label.name),
          reviewers: async (number) =>
            (
              await server.api<{ requested_reviewers: { login: string }[] }>("GET", `${repo}/pulls/${number}`)
            ).requested_reviewers.map(({ login }) => login),
          statuses: async (commit) =>
            (await server.api<{ context: string; status: string }[]>("GET", `${repo}/statuses/${commit}`)).map(
              ({ context, status }) => `${context}: ${status}`,
            ),
          end: async () => host.close(),
        };
      },
    };
  },
  process.env.SLUICE_TEST_ALL !== "1",
);
