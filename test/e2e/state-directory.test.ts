/** The state directory as people meet it: who may use it, from how many shells at once, and what lies in it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

/** Files that the trigger made: the example's profile brings a Secret besides. */
const namespacesOf = async (workbench: Workbench) =>
  (await workbench.rendered()).filter((path) => path.includes("/triggers/"));

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(settings: { repository?: string; env?: Record<string, string>; directory?: string } = {}) {
  const { repository, env, directory = "./state" } = settings;
  bench = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    ...(repository === undefined ? {} : { repository: async () => repository }),
    ...(env === undefined ? {} : { env }),
  });
  await bench.changeSettings((text) => `${text.replace("directory: ./state", `directory: ${directory}`)}\n`);
  return bench;
}

const login = JSON.stringify({
  specversion: "1.0",
  id: "1",
  source: "auth.example.com",
  type: "auth.example.com.login",
  subject: "ada",
});

/** All files below a folder. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("several at once", () => {
  it("four commands that read on a fresh state directory, with and without a service beside them", async () => {
    const work = await open();
    const four = () => Promise.all([1, 2, 3, 4].map(() => work.sluice("show", "entities")));
    for (const { code, stderr } of await four()) expect([code, stderr]).toEqual([0, ""]);
    const service = await work.start();
    await work.publish("user-operation", login);
    await until(async () => (await namespacesOf(work)).length === 1, "ada's namespace");
    for (const { code, stdout } of await four()) expect([code, stdout]).toEqual([0, expect.stringContaining("ada")]);
    expect(await service.stop()).toBe(0);
  });

  it("of two services the second is refused, and the first has noticed nothing", async () => {
    const work = await open();
    const first = await work.start();
    const second = work.launch();
    expect(await second.ended()).toBe(3);
    expect(second.log).toContain("another service runs with state.directory");
    await work.publish("user-operation", login);
    await until(async () => (await namespacesOf(work)).length === 1, "ada's namespace");
    expect(await first.stop()).toBe(0);
  });
});

it("a path of more than 150 characters works, is this user's alone, and takes commands", async () => {
  const work = await open({ directory: `./${"a-long-name/".repeat(14)}state` });
  const service = await work.start();
  const directory = join(work.folder, "a-long-name/".repeat(14), "state");
  expect([modeOf(directory), modeOf(join(directory, "control.sock"))]).toEqual(["700", "600"]);
  expect((await work.sluice("pause")).code).toBe(0);
  expect(await service.stop()).toBe(0);
});

describe("keys for ssh", () => {
  /** A command in ssh's place that notes the key's file, and then does what it is told. */
  async function openOverSsh(script: string) {
    const work = await open({ repository: "url: git@example.com:fleet.git\n  auth: {sshKey: {file: ./key}}", env: {} });
    writeFileSync(join(work.folder, "key"), "THE PRIVATE KEY\n");
    const ssh = join(work.folder, "my-ssh");
    const note = `while test $# -gt 0; do test "$1" = -i && echo "$2" >>'${work.folder}/seen'; shift; done`;
    writeFileSync(ssh, `#!/bin/sh\n${note}\n${script}\n`, { mode: 0o755 });
    return { work, env: { ...process.env, GIT_SSH: ssh }, seen: join(work.folder, "seen") };
  }

  const program = join(findProjectRoot(), "dist/program/sluice.js");

  it.each([
    { name: "a command that fails", script: "echo 'Connection refused' >&2; exit 255", signal: undefined, code: 3 },
    {
      name: "a command that is ended while the server is silent",
      script: "exec sleep 60",
      signal: "SIGTERM",
      code: 143,
    },
  ] as const)("$name leaves none, and none of its programs", async ({ script, signal, code }) => {
    const { work, env, seen } = await openOverSsh(script);
    const child = spawn(process.execPath, [program, "show", "entities"], { cwd: work.folder, env, stdio: "ignore" });
    const exited = once(child, "exit");
    await until(() => existsSync(seen), "ssh to be called");
    if (signal !== undefined) child.kill(signal);
    expect((await exited)[0]).toBe(code);
    const keys = readFileSync(seen, "utf8").trim().split("\n");
    for (const key of keys)
      expect([key.startsWith(join(work.folder, "state")), existsSync(key)]).toEqual([true, false]);
    const left = filesBelow(join(work.folder, "state")).filter((path) => /secrets\/.*\/key/.test(path));
    expect(left).toEqual([]);
  });
});

it("a state branch that is lost is pushed again from here", async () => {
  const work = await open();
  const service = await work.start();
  await work.publish("user-operation", login);
  await until(async () => (await namespacesOf(work)).length === 1, "ada's namespace");
  expect(await service.stop()).toBe(0);
  const state = (await work.git("rev-parse", "sluice/state")).trim();
  await work.git("update-ref", "-d", "refs/heads/sluice/state");

  const again = work.launch();
  await again.untilCode("STATE_MISSING");
  const { code, stdout } = await work.sluice("repair", "--restore-state");
  expect([code, stdout]).toEqual([0, expect.stringContaining("sluice/state is back")]);
  await again.untilLogged("ready");
  expect((await work.git("merge-base", "--is-ancestor", state, "sluice/state")).trim()).toBe("");
  expect(await again.stop()).toBe(0);
});
