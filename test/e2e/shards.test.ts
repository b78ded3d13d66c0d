/** A change of `output.shards`: one commit moves every manifest, and what comes later finds them there. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

/** Files that the trigger made: the example's profile brings a Secret besides. */
const namespacesOf = async (workbench: Workbench) =>
  (await workbench.rendered()).filter((path) => path.includes("/triggers/"));

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const users = 30;
const event = (user: number, type: string) =>
  JSON.stringify({
    specversion: "1.0",
    id: "1",
    source: "auth.example.com",
    type: `auth.example.com.${type}`,
    subject: `user-${user}`,
  });

it("moves everything in one commit, and back", async () => {
  const open = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
  });
  bench = open;
  const service = await open.start();
  for (let user = 0; user < users; user++) await open.publish("user-operation", event(user, "login"));
  await until(async () => (await namespacesOf(open)).length === users, "all users");
  const tree = (await open.git("rev-parse", "main:rendered")).trim();
  const commits = Number(await open.git("rev-list", "--count", "main"));

  const settings = await readFile(join(open.folder, "sluice.yaml"), "utf8");
  await open.write("sluice.yaml", settings.replace("output: {", "output: {shards: 2, "));
  await service.untilLogged("settings in force");
  expect(Number(await open.git("rev-list", "--count", "main"))).toBe(commits + 1);
  const sharded = await namespacesOf(open);
  expect(sharded).toHaveLength(users);
  for (const path of sharded)
    expect(path).toMatch(/\/triggers\/manage-namespace\/[0-9a-f]{2}\/[0-9a-f]{2}\/_cluster\/namespace\//);

  await open.publish("user-operation", event(3, "logout"));
  await until(async () => (await namespacesOf(open)).length === users - 1, "the logout of user 3");
  await open.publish("user-operation", event(3, "login"));
  await until(async () => (await namespacesOf(open)).length === users, "the login of user 3");
  expect(await namespacesOf(open)).toEqual(sharded);

  await open.write("sluice.yaml", settings);
  await until(async () => (await open.git("rev-parse", "main:rendered")).trim() === tree, "the old layout");
  expect(await service.stop()).toBe(0);
  await open.git("fsck", "--strict");
});
