/**
 * The Action as workflows run it: by `act`, on this machine, for a repository with entities on record; and its program
 * alone for what needs no runner. Needs act, so it is skipped unless SLUICE_TEST_ALL=1.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { buildTool } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type CommentServer, serveComments } from "./github-comments.ts";
import { loginOf, RecordedFleet, userConfig } from "./recorded-fleet.ts";

const run = promisify(execFile);
const root = findProjectRoot();
const token = "ghs_test-token-of-the-job";

let fleet: RecordedFleet | undefined;
let api: CommentServer | undefined;
afterEach(async () => {
  await api?.close();
  await fleet?.close();
  fleet = undefined;
  api = undefined;
});

const namespace = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ .CloudEvent.subject }}
  annotations:
    acme.example/organization: {{ .CloudEvent.data.organization }}
    acme.example/tier: bronze
`;

interface Run {
  readonly code: number;
  readonly log: string;
}

/** A fleet with the Action in it, and the change committed. */
async function openChange(change: Readonly<Record<string, string>>, inputs = ""): Promise<RecordedFleet> {
  const workflow = (name: string, more: string) => `on: ${name}
jobs:
  diff:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: sluice
        uses: ./.sluice
        with: {api-url: "\${{ vars.API }}", ${more}}
      - if: always()
        run: echo "outputs=\${{ steps.sluice.outputs.result }},\${{ steps.sluice.outputs.update }},\${{ steps.sluice.outputs.delete }}"
`;
  fleet = await RecordedFleet.open({
    config: userConfig(namespace),
    events: [loginOf("alice"), loginOf("bob")],
    files: {
      ".github/workflows/diff.yaml": workflow("pull_request", inputs),
      ".github/workflows/comment.yaml": workflow("workflow_run", "comment-from: report.json"),
    },
  });
  for (const [path, text] of Object.entries(change)) await fleet.write(path, text);
  await fleet.git("add", "--all");
  const head = (await fleet.commit("Change").catch(() => fleet?.git("rev-parse", "HEAD")))?.trim() ?? "";
  api = await serveComments({ ref: "change", sha: head });
  // What a release holds, outside of the commit as an action's own folder is.
  const folder = join(fleet.checkout, ".sluice");
  await mkdir(folder);
  await copyFile(join(root, "action.yml"), join(folder, "action.yml"));
  for (const part of ["dist", "node_modules", "package.json"]) await symlink(join(root, part), join(folder, part));
  return fleet;
}

function changed(content: string, clusters?: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(userConfig(content, clusters)).map(([path, text]) => [`config/${path}`, text]),
  );
}

async function pullRequest(from: string): Promise<unknown> {
  const base = (await fleet!.git("rev-parse", "main~1").catch(() => fleet!.git("rev-parse", "main"))).trim();
  return {
    pull_request: {
      number: 7,
      base: { sha: base, ref: "main", repo: { full_name: "acme/fleet" } },
      head: { ref: "change", sha: base, repo: { full_name: from } },
    },
  };
}

async function act(name: string, event: unknown, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const eventFile = join(fleet!.folder, "event.json");
  await writeFile(eventFile, JSON.stringify(event));
  const given = { GITHUB_REPOSITORY: "acme/fleet", ...env };
  const args = [
    name,
    ...["-P", "ubuntu-latest=-self-hosted", "-e", eventFile, "-s", `GITHUB_TOKEN=${token}`, "--var", `API=${api!.url}`],
    ...Object.entries(given).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
  ];
  const options = {
    cwd: fleet!.checkout,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, XDG_CACHE_HOME: join(fleet!.folder, "cache") },
  };
  try {
    const { stdout, stderr } = await run(await buildTool("act"), args, options);
    return { code: 0, log: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, log: stdout + stderr };
  }
}

describe.skipIf(process.env.SLUICE_TEST_ALL !== "1")("the Action, run by act", () => {
  it("clean: passes, and the comment says so", async () => {
    await openChange({ "README.md": "Hello\n" });
    const { code, log } = await act("pull_request", await pullRequest("acme/fleet"));
    expect(code, log).toBe(0);
    expect(log).toContain("outputs=clean,0,0");
    expect(log).toContain("### Sluice: no differences");
    expect(log).not.toMatch(/::(?:error|warning|notice) /);
    expect(api!.comments).toHaveLength(1);
  });

  it("changed: passes with summary, annotation at the template, and one comment that is kept up to date", async () => {
    await openChange(changed(namespace.replace("bronze", "silver")));
    const event = await pullRequest("acme/fleet");
    const first = await act("pull_request", event);
    expect(first.code, first.log).toBe(0);
    expect(first.log).toContain("outputs=changed,4,0");
    expect(first.log).toMatch(
      /::notice file=config\/users\.yaml,line=27,col=5,title=EventTrigger users::would update 4 objects/,
    );
    expect(first.log).toContain("### Sluice: 0 to create, 4 to update, 0 to delete");
    expect(first.log).not.toContain("private-alice");
    expect(api!.requests.map(({ method, url }) => `${method} ${url.split("?")[0]}`)).toEqual([
      "GET /repos/acme/fleet/issues/7/comments",
      "POST /repos/acme/fleet/issues/7/comments",
    ]);
    expect(api!.requests.every(({ authorization }) => authorization === `token ${token}`)).toBe(true);
    expect(api!.comments[0]).toMatch(/^<!-- sluice:diff -->\n### Sluice: 0 to create, 4 to update, 0 to delete\n/);
    expect(api!.comments[0]).toContain("+    acme.example/tier: silver\n");

    for (const [path, text] of Object.entries(changed(namespace.replace("bronze", "gold"))))
      await fleet!.write(path, text);
    await act("pull_request", event);
    expect(api!.comments).toHaveLength(1);
    expect(api!.comments[0]).toContain("+    acme.example/tier: gold\n");
  });

  it("broken: fails, with the error at file, line and column", async () => {
    await openChange(changed(namespace.replace(".CloudEvent.data.organization", ".CloudEvent.nothing.at.all")));
    const { code, log } = await act("pull_request", await pullRequest("acme/fleet"));
    expect(code, log).toBe(1);
    expect(log).toMatch(
      /::error file=config\/users\.yaml,line=32,col=\d+,title=TEMPLATE_FAILED::2 entities of EventTrigger users would fail/,
    );
    expect(log).toContain("outputs=broken,0,0");
    expect(api!.comments[0]).toContain("2 entities would fail");
  });

  it("deletions fail it where that is asked for", async () => {
    await openChange(changed(namespace, ["eu-1"]), "fail-on-deletions: true");
    const { code, log } = await act("pull_request", await pullRequest("acme/fleet"));
    expect(code, log).toBe(1);
    // The cluster's own file, which keeps its folder, goes with the last of them.
    expect(log).toContain("::error title=Sluice::3 objects would be deleted");
    expect(log).toContain("outputs=changed,0,3");
  });

  it("a hostile fork reaches nothing, reads nothing, says nothing", async () => {
    let connections = 0;
    const trap = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
    const trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/fleet.git`;
    const evil =
      "x\n::error file=a::pwned\n::set-output name=result::pwned\n##[error]pwned @acme/admins Fixes #1 </details> ```";
    await openChange(
      {
        ...changed(`${namespace}  # @acme/admins Fixes #1\n  labels: {a: ::error::pwned}\n`),
        "sluice.yaml": `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: "${trapUrl}", auth: {token: {env: DEPLOY_SECRET}}}
config: {directory: /etc}
connections: [{name: bus, file: /etc/passwd}]
render: {seedKey: {file: ${join("/etc", "hostname")}}}
`,
        "samples/evil.json": JSON.stringify({
          ...(loginOf("mallory") as object),
          id: evil,
          subject: evil,
          data: { organization: evil },
        }),
        "samples/good.json": JSON.stringify(loginOf("mallory")),
      },
      "events: samples",
    );
    await symlink("/etc/passwd", join(fleet!.checkout, "config", "linked.yaml"));
    await symlink("/etc/hostname", join(fleet!.checkout, "samples", "linked.json"));
    await fleet!.git("add", "config", "samples");
    await fleet!.git(
      "-c",
      "user.name=M",
      "-c",
      "user.email=m@example.com",
      "commit",
      "--quiet",
      "--amend",
      "--no-edit",
    );
    const { code, log } = await act("pull_request", await pullRequest("mallory/fleet"), {
      DEPLOY_SECRET: "the-deploy-secret",
    });
    await new Promise((resolve) => trap.close(resolve));

    expect(connections).toBe(0);
    expect(api!.requests).toEqual([]);
    expect(log).not.toContain("the-deploy-secret");
    expect(log).not.toContain("root:");
    // Lines that the runner took for commands are printed by act without the bar that ours have.
    const commands = log.split("\n").filter((line) => /^\[[^\]]*\]\s+(?:❗|🚧|❓|⚙)/u.test(line));
    expect(commands.filter((line) => /::(?:error|set-output)[^:]*::\s*pwned|result=pwned/.test(line))).toEqual([]);
    expect(log).toContain("From a fork");
    expect(log).not.toMatch(/@acme\/admins|Fixes #1/);
    // The template that breaks the sample is told at its place, and the check fails for it.
    expect(log).toMatch(/::error file=config\/users\.yaml,line=35,/);
    expect(log).toContain("outputs=broken,0,0");
    expect(code, log).toBe(1);
  });

  it("a fork's comment: by the second workflow, on the pull request that the forge names, whatever the report says", async () => {
    await openChange({ "README.md": "Hello\n" });
    const head = (await fleet!.git("rev-parse", "HEAD")).trim();
    const event = (sha: string) => ({
      workflow_run: {
        event: "pull_request",
        head_branch: "change",
        head_sha: sha,
        head_repository: { owner: { login: "mallory" }, full_name: "mallory/fleet" },
        pull_requests: [],
      },
    });
    const evil =
      "@acme/admins Fixes #1 [skip ci] <img src=x onerror=alert(1)> | ```\n</details>\n# Approved **by** all https://evil.example";
    const hostile = {
      version: 1,
      isUntrusted: false,
      number: 1,
      problems: Array.from({ length: 1000 }, () => ({
        code: evil,
        severity: "error",
        message: evil,
        at: { file: evil, line: 1, column: -5 },
      })),
      report: {
        base: evil,
        head: { toString: "x" },
        counts: { create: "1e9", update: 3, delete: -1 },
        triggers: [{ trigger: evil, create: 1 }],
        groups: [
          {
            action: "create",
            trigger: evil,
            objects: 2,
            first: { path: evil, hunks: [{ lines: [{ sign: "+", text: evil.repeat(100) }] }] },
          },
        ],
        newTriggers: [evil],
      },
    };
    await fleet!.write("report.json", JSON.stringify(hostile));
    const { code, log } = await act("workflow_run", event(head));
    expect(code, log).toBe(0);
    expect(api!.requests[0]?.url).toContain("head=mallory%3Achange");
    const [comment = ""] = api!.comments;
    expect(comment.length).toBeLessThanOrEqual(65_536);
    expect(comment).toContain("From a fork");
    const outside = comment.replace(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "").replace(/<code>[^<]*<\/code>/g, "");
    expect(outside).not.toMatch(/acme|Fixes|skip|img|https|Approved/);
    expect(comment).not.toMatch(/@acme|Fixes #1/);

    await act("workflow_run", event("0".repeat(40)));
    expect(api!.comments).toHaveLength(1);

    await rm(join(fleet!.checkout, "report.json"));
    await symlink("/etc/passwd", join(fleet!.checkout, "report.json"));
    const linked = await act("workflow_run", event(head));
    expect(linked.code).toBe(1);
    expect(linked.log).not.toContain("root:");
  });
});
