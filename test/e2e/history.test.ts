/** What the state was and what became of it: `show … --at` and `explain … --history`, over the commits that a running service made. */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { usersConfig, usersConnection } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

const run = promisify(execFile);
let bench: Workbench;
/** Of the state branch, the oldest first. */
let commits: readonly { readonly id: string; readonly time: number }[];

/** A request to the bare repository. */
async function git(...args: readonly string[]): Promise<string> {
  return (await run("git", ["-C", join(bench.folder, "fleet.git"), ...args])).stdout.trim();
}

async function show(at: string, ...what: readonly string[]) {
  return bench.sluice("show", ...what, "--at", at);
}

/** Names of the Namespaces at a moment. */
async function namesAt(at: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await show(at, "addons", "-o", "json");
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name).sort();
}

/** The newest commit of which this is true. */
async function commitWith(users: readonly string[]): Promise<{ readonly id: string; readonly time: number }> {
  for (const commit of [...commits].reverse()) {
    const files = await git("ls-tree", "-r", "--name-only", commit.id, "desired/");
    const names = [...files.matchAll(/\/_cluster\/namespace\/(\w+)\.yaml/g)].map(([, name]) => name);
    if (names.sort().join() === [...users].sort().join()) return commit;
  }
  throw new Error(`there is no commit with ${users.join()}`);
}

const iso = (time: number) => new Date(time).toISOString();

beforeAll(async () => {
  bench = await Workbench.open({ config: usersConfig, connection: usersConnection });
  // As forges do: else a fetch brings all there is.
  await git("config", "uploadpack.allowFilter", "true");
  const service = await bench.start();
  const expected: string[] = [];
  for (const subject of ["ada", "bob", "cyd"]) {
    const event = { specversion: "1.0", type: "login", source: "auth", id: `in-${subject}`, subject };
    await bench.publish("user-operation", JSON.stringify(event));
    expected.push(subject);
    await until(async () => (await bench.rendered()).length === expected.length, subject);
    // Times of commits are whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
  }
  const { code, stderr } = await bench.sluice("remove", "--source", "auth", "--subject", "bob");
  expect(code, stderr).toBe(0);
  await until(async () => (await bench.rendered()).length === 2, "the removal");
  await service.stop();
  const log = await git("log", "--first-parent", "--reverse", "--format=%H %ct", "sluice/state");
  commits = log.split("\n").map((line) => ({ id: line.slice(0, 40), time: Number(line.slice(41)) * 1000 }));
});
afterAll(() => bench?.close());

describe("show --at", () => {
  it("has add-ons as they were at a commit, by its id or how that begins", async () => {
    expect(await namesAt((await commitWith(["ada"])).id)).toEqual(["ada"]);
    expect(await namesAt((await commitWith(["ada", "bob", "cyd"])).id.slice(0, 9))).toEqual(["ada", "bob", "cyd"]);
    expect(await namesAt(commits.at(-1)!.id)).toEqual(["ada", "cyd"]);
  });

  it("takes the newest commit that is not later than a time", async () => {
    const [before, after] = [await commitWith(["ada", "bob"]), await commitWith(["ada", "bob", "cyd"])];
    expect(await namesAt(iso(before.time))).toEqual(["ada", "bob"]);
    expect(await namesAt(iso(after.time - 1))).toEqual(["ada", "bob"]);
    expect(await namesAt("2999-01-01")).toEqual(["ada", "cyd"]);
    const { stderr } = await show(iso(before.time), "addons");
    expect(stderr).toContain(`as of commit ${before.id.slice(0, 12)} of ${iso(before.time)}`);
  });

  it("has entities, what was left, dead letters, usage and dry runs of then", async () => {
    const { id } = await commitWith(["ada", "bob"]);
    const rows = async (...what: readonly string[]) => {
      const { code, stdout, stderr } = await show(id, ...what, "-o", "json");
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout) as { readonly subject?: string; readonly kind?: string }[];
    };
    expect((await rows("entities")).map(({ subject }) => subject)).toEqual(["ada", "bob"]);
    expect(await rows("entities", "--trigger", "users", "--cluster", "fleet/eu")).toHaveLength(2);
    expect((await rows("usage")).map(({ kind }) => kind)).toContain("ConfigMap");
    expect(await rows("addons", "--left")).toEqual([]);
    expect(await rows("dead-letters")).toEqual([]);
    expect(await rows("dryrun")).toEqual([]);
  });

  it("says since when there is any history", async () => {
    const { code, stderr } = await show(iso(commits[0]!.time - 1000), "entities");
    expect(code).toBe(3);
    expect(stderr).toContain(`Its history begins with ${commits[0]!.id.slice(0, 12)} of ${iso(commits[0]!.time)}`);
    expect((await show("0123456789ab", "entities")).stderr).toContain("has no commit 0123456789ab");
  });

  it.each([
    { asked: ["addons", "--at", "yesterday"], says: "neither a commit nor a time" },
    { asked: ["addons", "--at", "2026-01-31", "--live"], says: "--at" },
    { asked: ["reviews", "--at", "2026-01-31"], says: "--at" },
  ])("$asked is a mistake", async ({ asked, says }) => {
    const result = await bench.sluice("show", ...asked);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(says);
  });

  it("says of a state of format 1, and of a commit that holds none, that it can't be read", async () => {
    const tip = await git("rev-parse", "sluice/state");
    const plant = async (files: Readonly<Record<string, string>>) => {
      const lines: string[] = [];
      for (const [path, text] of Object.entries(files)) {
        const file = join(bench.folder, "planted");
        await bench.write("planted", text);
        lines.push(`100644 blob ${await git("hash-object", "-w", file)}\t${path}`);
      }
      await bench.write("tree", `${lines.join("\n")}\n`);
      const tree = (await run("sh", ["-c", `git -C fleet.git mktree < tree`], { cwd: bench.folder })).stdout.trim();
      const identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
      return git(...identity, "commit-tree", tree, "-m", "Planted");
    };
    const old = await plant({ "checkpoint.json": '{"version": 1}' });
    const none = await plant({ "README.md": "nothing" });
    for (const [id, says] of [
      [old, "is a state of format 1: history is read from format 2 on"],
      [none, "holds no checkpoint.json"],
    ] as const) {
      await git("update-ref", "refs/heads/sluice/state", id);
      const { code, stderr } = await show(id, "addons");
      expect(code).toBe(3);
      expect(stderr).toContain(says);
    }
    await git("update-ref", "refs/heads/sluice/state", tip);
    expect(await namesAt(tip)).toEqual(["ada", "cyd"]);
  });
});

describe("explain --history", () => {
  interface Row {
    readonly commit: string;
    readonly change: string;
    readonly path: string;
    readonly owner?: string;
    readonly event?: { readonly id: string };
    readonly deliveries: readonly string[];
  }

  async function changesOf(...args: readonly string[]): Promise<readonly Row[]> {
    const { code, stdout, stderr } = await bench.sluice("explain", ...args, "--history", "-o", "json");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`${commits.length} commits, the oldest ${commits[0]!.id.slice(0, 12)}`);
    expect(stderr).toContain("there the history begins");
    return JSON.parse(stdout) as Row[];
  }

  const path = "rendered/fleet/eu/triggers/users/_cluster/namespace/bob.yaml";

  it("tells of an object that is gone when it came and went, by which event and which delivery", async () => {
    const rows = await changesOf("Namespace/bob");
    const created = await commitWith(["ada", "bob"]);
    expect(rows.map(({ change }) => change)).toEqual(["deleted", "created"]);
    const [deleted, first] = rows;
    expect(deleted).toMatchObject({ path, owner: "EventTrigger/users", deliveries: [] });
    expect(first).toMatchObject({ path, owner: "EventTrigger/users", event: { id: "in-bob" } });
    expect(first!.deliveries).toEqual(["bus/@journal#2"]);
    expect(await namesAt(first!.commit)).toContain("bob");
    expect(await namesAt(deleted!.commit)).not.toContain("bob");
    expect(commits.findIndex(({ id }) => id === first!.commit)).toBeLessThanOrEqual(
      commits.findIndex(({ id }) => id === created.id),
    );
    expect(await changesOf(path)).toEqual(rows);
    expect(await changesOf("Namespace/bob", "--cluster", "fleet/eu")).toEqual(rows);
  });

  it("tells of an entity what became of its record", async () => {
    const [ada] = JSON.parse((await bench.sluice("show", "entities", "-o", "json")).stdout) as { id: string }[];
    const rows = await changesOf(ada!.id);
    expect(rows.at(-1)).toMatchObject({ change: "created", event: { id: "in-ada" } });
    expect(rows.every((row) => row.path.startsWith("records/eventtrigger/users/"))).toBe(true);
  });

  it("ends where it is told to, and says so; what never was is not found", async () => {
    const { code, stdout, stderr } = await bench.sluice("explain", "Namespace/ada", "--history", "--commits", "1");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/there before \| fleet\/eu \| namespace ada \| EventTrigger\/users \| login in-ada/);
    expect(stderr).toContain("1 commit, the oldest");
    expect(stderr).toContain("--commits goes further back");
    const never = await bench.sluice("explain", "Namespace/eve", "--history");
    expect(never).toMatchObject({ code: 3, stdout: "" });
    expect(never.stderr).toContain("there the history begins");
    expect((await bench.sluice("explain", "Namespace/ada", "--commits", "5")).code).toBe(2);
  });
});

it("fetches commits and what is asked for, in a store beside the one of the heads", async () => {
  await rm(join(bench.folder, "state/readers"), { recursive: true });
  const { id } = await commitWith(["ada"]);
  const objects = async (store: string) => {
    const list = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"];
    return (await run("git", ["-C", join(bench.folder, "state/readers/0", store), ...list])).stdout.split("\n");
  };
  expect((await show(id, "dead-letters")).code).toBe(0);
  const held = await objects("history");
  for (const commit of commits) expect(held).toContain(commit.id);
  expect(held).toContain(await git("rev-parse", `${id}^{tree}`));
  expect(held).not.toContain(await git("rev-parse", `${id}:records`));
  expect((await bench.sluice("show", "entities")).code).toBe(0);
  expect(await objects("git")).not.toContain(id);
});
