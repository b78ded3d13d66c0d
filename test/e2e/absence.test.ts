/**
 * Whatever is not there takes nothing away: neither from a service that runs nor from one that starts. What was in force
 * stays, it is told, events go on, and what is back counts again.
 */
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { clusterDocument, readExample, type SluiceProcess, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const login = (user: number) =>
  JSON.stringify({
    specversion: "1.0",
    id: `in-${user}`,
    source: "auth.example.com",
    type: "auth.example.com.login",
    subject: `user-${user}`,
  });

async function documents(): Promise<Record<string, string>> {
  return {
    "eu.yaml": clusterDocument("eu-1", { env: "production" }),
    "config.yaml": await readExample("3-end-to-end/config.yaml"),
  };
}

async function open(settings?: string): Promise<Workbench> {
  bench = await Workbench.open({
    config: await documents(),
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    ...(settings === undefined ? {} : { settings }),
  });
  return bench;
}

/** Users on the target, and in the desired tree of the state. */
async function users(workbench: Workbench, branch: "main" | "sluice/state" = "main"): Promise<number> {
  const folder = branch === "main" ? "rendered/" : "desired/";
  const list = await workbench.git("ls-tree", "-r", "--name-only", branch, folder).catch(() => "");
  return list.split("\n").filter((path) => /namespace\/user-\d+\.yaml$/.test(path)).length;
}

const untilUsers = (workbench: Workbench, count: number, branch?: "main" | "sluice/state") =>
  until(async () => (await users(workbench, branch)) === count, `${count} users`);

interface Case {
  readonly name: string;
  readonly code: string;
  /** Takes it away; returns how to put it back. */
  readonly vanish: (workbench: Workbench) => Promise<() => Promise<void>>;
  /** The target is not there meanwhile, or not what it was. */
  readonly isTargetGone?: boolean;
}

/** Moves the target to a commit of a person's own, without anything that was there. */
async function forceElsewhere(workbench: Workbench): Promise<() => Promise<void>> {
  const before = (await workbench.git("rev-parse", "main")).trim();
  const tree = (await workbench.git("hash-object", "-t", "tree", "-w", "/dev/null")).trim();
  const person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  const commit = (await workbench.git(...person, "commit-tree", "-m", "Another history", tree)).trim();
  await workbench.git("update-ref", "refs/heads/main", commit);
  return async () => {
    await workbench.git("update-ref", "refs/heads/main", before);
  };
}

/**
 * Takes the config folder away and puts these files there, in one commit: what is told between two is not what the case is
 * about. Putting back takes them away again.
 */
async function replaceFolder(
  workbench: Workbench,
  files: Readonly<Record<string, string>> = {},
): Promise<() => Promise<void>> {
  await workbench.commitFiles({ config: undefined, ...files });
  const gone = Object.fromEntries(Object.keys(files).map((path) => [path, undefined]));
  const back = Object.entries(await documents()).map(([path, text]) => [`config/${path}`, text]);
  return () => workbench.commitFiles({ ...gone, ...Object.fromEntries(back) });
}

const cases: readonly Case[] = [
  {
    name: "the target branch is deleted",
    code: "TARGET_MISSING",
    isTargetGone: true,
    vanish: async (workbench) => {
      const before = (await workbench.git("rev-parse", "main")).trim();
      await workbench.git("update-ref", "-d", "refs/heads/main");
      return async () => {
        await workbench.git("update-ref", "refs/heads/main", before);
      };
    },
  },
  {
    name: "the target is forced to another history",
    code: "CONFIG_MISSING",
    isTargetGone: true,
    vanish: forceElsewhere,
  },
  { name: "the config folder is removed", code: "CONFIG_MISSING", vanish: replaceFolder },
  {
    name: "the config folder is renamed",
    code: "CONFIG_MISSING",
    vanish: async (workbench) => {
      const moved = Object.entries(await documents()).map(([path, text]) => [`configuration/${path}`, text]);
      return replaceFolder(workbench, Object.fromEntries(moved));
    },
  },
  {
    name: "the config folder is a file",
    code: "CONFIG_MISSING",
    vanish: (workbench) => replaceFolder(workbench, { config: "see docs\n" }),
  },
  {
    name: "the config folder has a README and nothing else",
    code: "CHANGE_HELD",
    vanish: (workbench) => replaceFolder(workbench, { "config/README.md": "empty for now\n" }),
  },
  {
    name: "all documents are commented out",
    code: "CHANGE_HELD",
    vanish: async (workbench) => {
      const files = Object.entries(await documents());
      await workbench.commitConfig(Object.fromEntries(files.map(([path, text]) => [path, text.replace(/^/gm, "# ")])));
      return async () => workbench.commitConfig(await documents());
    },
  },
];

describe.each(cases)("$name", ({ code, vanish, isTargetGone = false }) => {
  it("while it runs", async () => {
    const workbench = await open();
    const service = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);

    const back = await vanish(workbench);
    await service.untilCode(code);
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2, "sluice/state");
    if (!isTargetGone) await untilUsers(workbench, 2);
    // Some more looks.
    await sleep(2000);
    expect([await users(workbench, "sluice/state"), service.count(code)]).toEqual([2, 1]);
    if (code === "TARGET_MISSING") expect(await workbench.git("branch", "--list", "main")).toBe("");

    await back();
    await service.untilLogged("is there again");
    await workbench.publish("user-operation", login(3));
    await untilUsers(workbench, 3);
    expect(await service.stop()).toBe(0);
  });

  it("at a start", async () => {
    const workbench = await open();
    const first = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    expect(await first.stop()).toBe(0);

    const back = await vanish(workbench);
    const service = await workbench.start();
    await service.untilCode(code);
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2, "sluice/state");
    await back();
    await service.untilLogged("is there again");
    await untilUsers(workbench, 2);
    expect(await service.stop()).toBe(0);
  });
});

describe("a wrong config.path", () => {
  it("is refused while it runs, as validate refuses it", async () => {
    const workbench = await open();
    const service = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    await workbench.changeSettings((text) => text.replace("path: config}", "path: confg}"));
    await service.untilLogged("the new settings are refused; the old ones stay in force");
    expect(service.count("CONFIG_MISSING")).toBeGreaterThan(0);
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2);
    await workbench.changeSettings((text) => text.replace("path: confg}", "path: config}"));
    await workbench.publish("user-operation", login(3));
    await untilUsers(workbench, 3);
    expect(await service.stop()).toBe(0);
  });

  it("at a start leaves in force what was", async () => {
    const workbench = await open();
    const first = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    expect(await first.stop()).toBe(0);
    await workbench.changeSettings((text) => text.replace("path: config}", "path: confg}"));
    const service = await workbench.start();
    await service.untilCode("CONFIG_MISSING");
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2);
    await workbench.changeSettings((text) => text.replace("path: confg}", "path: config}"));
    await service.untilLogged("settings in force");
    expect(await users(workbench)).toBe(2);
    expect(await service.stop()).toBe(0);
  });

  it("at a first start takes no event until it is mended, and then all of them", async () => {
    const workbench = await open();
    await workbench.changeSettings((text) => text.replace("path: config}", "path: confg}"));
    const service = workbench.launch();
    await service.untilCode("CONFIG_MISSING");
    await workbench.publish("user-operation", login(1));
    await workbench.changeSettings((text) => text.replace("path: confg}", "path: config}"));
    await untilUsers(workbench, 1);
    expect(await service.stop()).toBe(0);
  });
});

describe("config.directory", () => {
  /** Outside the repository, and in force for one user. */
  async function openOutside(): Promise<{ workbench: Workbench; service: SluiceProcess; folder: string }> {
    const workbench = await open();
    const folder = join(workbench.folder, "documents");
    for (const [path, text] of Object.entries(await documents())) await workbench.write(`documents/${path}`, text);
    await workbench.changeSettings((text) =>
      text.replace("config: {path: config}", "config: {directory: ./documents}"),
    );
    const service = await workbench.start();
    await workbench.publish("user-operation", login(1));
    await untilUsers(workbench, 1);
    return { workbench, service, folder };
  }

  it.each([
    { name: "gone", code: "CONFIG_MISSING", leave: false },
    { name: "there and empty, as a volume that is not mounted", code: "CHANGE_HELD", leave: true },
  ])("$name: held while it runs and at a start, and right when it is back", async ({ code, leave }) => {
    const { workbench, service, folder } = await openOutside();
    await rename(folder, `${folder}-away`);
    if (leave) await workbench.write("documents/lost+found", "");
    await service.untilCode(code);
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2);
    expect(await service.stop()).toBe(0);

    const second = await workbench.start();
    await second.untilCode(code);
    expect(await users(workbench)).toBe(2);
    await rm(folder, { recursive: true, force: true });
    await rename(`${folder}-away`, folder);
    await second.untilLogged("is there again");
    await workbench.publish("user-operation", login(3));
    await untilUsers(workbench, 3);
    expect(await second.stop()).toBe(0);
  });

  it("a file that is away when the service starts, and back at once, is never missed", async () => {
    const { workbench, service: first, folder } = await openOutside();
    let service = first;
    const file = join(folder, "config.yaml");
    for (let time = 0; time < 3; time++) {
      expect(await service.stop()).toBe(0);
      await rename(file, join(workbench.folder, "away"));
      service = await workbench.start();
      await sleep(700);
      await rename(join(workbench.folder, "away"), file);
      await sleep(1500);
      expect([await users(workbench), await users(workbench, "sluice/state")]).toEqual([1, 1]);
    }
    await workbench.publish("user-operation", login(2));
    await untilUsers(workbench, 2);
    expect(await service.stop()).toBe(0);
  });

  it("a file that is away for 0.7 s is never missed", async () => {
    const { workbench, service, folder } = await openOutside();
    const file = join(folder, "config.yaml");
    for (let time = 0; time < 6; time++) {
      await rename(file, join(workbench.folder, "away"));
      await sleep(700);
      await rename(join(workbench.folder, "away"), file);
      await sleep(500);
    }
    expect([await users(workbench), await users(workbench, "sluice/state")]).toEqual([1, 1]);
    // One that is half written is none either.
    const text = (await documents())["config.yaml"]!;
    await writeFile(file, text.slice(0, text.length / 3));
    await sleep(700);
    await writeFile(file, text);
    await sleep(3000);
    expect(await users(workbench)).toBe(1);
    expect(await service.stop()).toBe(0);
  });
});
