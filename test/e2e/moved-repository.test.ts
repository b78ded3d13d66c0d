/** A state copied or moved to another repository, on the built program: nothing goes on before a person has said which. */
import { execFile } from "node:child_process";
import { cp, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

const run = promisify(execFile);

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const login = await readExample("3-end-to-end/login.json");

/** A service that has rendered an event, and was stopped. */
async function openStopped(): Promise<Workbench> {
  const workbench = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
  });
  bench = workbench;
  const service = await workbench.start();
  await workbench.publish("user-operation", login);
  await until(async () => (await workbench.rendered()).length > 0, "the first event");
  expect(await service.stop()).toBe(0);
  return workbench;
}

const git = async (workbench: Workbench, repository: string, ...args: readonly string[]) =>
  (await run("git", ["-C", join(workbench.folder, repository), ...args])).stdout;

async function stateIdOf(workbench: Workbench, repository: string): Promise<string> {
  const text = await git(workbench, repository, "show", "sluice/state:checkpoint.json");
  return (JSON.parse(text) as { stateId: string }).stateId;
}

/** The file that a cluster has once, whose name is of the state's id. */
const clusterFile = (workbench: Workbench, repository: string) =>
  git(workbench, repository, "show", "main:rendered/fleet/eu-1/base/sluice-cluster.yaml");

it("a copy is held, and becomes a state of its own", async () => {
  const workbench = await openStopped();
  await cp(join(workbench.folder, "fleet.git"), join(workbench.folder, "copy.git"), { recursive: true });
  await workbench.changeSettings((text) => text.replace("./fleet.git", "./copy.git"));
  const service = workbench.launch();
  await service.untilCode("CHANGE_HELD");
  expect((await workbench.sluice("status")).stdout).toMatch(/repair --copied/);
  expect((await workbench.sluice("repair", "--copied")).code).toBe(0);
  await service.untilLogged("ready");
  expect(await service.stop()).toBe(0);
  const [original, copy] = [await stateIdOf(workbench, "fleet.git"), await stateIdOf(workbench, "copy.git")];
  expect(copy).not.toBe(original);
  expect(await clusterFile(workbench, "copy.git")).not.toBe(await clusterFile(workbench, "fleet.git"));
  // It knows itself from now on.
  const again = await workbench.start();
  expect(again.count("CHANGE_HELD")).toBe(0);
  expect(await again.stop()).toBe(0);
});

it("a repository that was moved goes on as it was", async () => {
  const workbench = await openStopped();
  const before = await stateIdOf(workbench, "fleet.git");
  await rename(join(workbench.folder, "fleet.git"), join(workbench.folder, "moved.git"));
  await workbench.changeSettings((text) => text.replace("./fleet.git", "./moved.git"));
  const service = workbench.launch();
  await service.untilCode("CHANGE_HELD");
  expect((await workbench.sluice("repair", "--moved")).code).toBe(0);
  await service.untilLogged("ready");
  expect(await service.stop()).toBe(0);
  expect(await stateIdOf(workbench, "moved.git")).toBe(before);
});
