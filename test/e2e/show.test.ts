/** `sluice show` on what is there and what is not: rows in order, how many are left out, and what can't be asked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { usersConfig, usersConnection } from "./users-config.ts";
import { type CliResult, until, Workbench } from "./workbench.ts";

const users = ["eve", "bob", "ada", "dan", "cyd"];
let bench: Workbench;
let connections: CliResult;
beforeAll(async () => {
  bench = await Workbench.open({ config: usersConfig, connection: usersConnection });
  const service = await bench.start();
  for (const [index, subject] of users.entries()) {
    const event = { specversion: "1.0", type: "login", source: "auth", id: String(index), subject };
    await bench.publish("user-operation", JSON.stringify(event));
  }
  await until(async () => (await bench.rendered()).length === users.length, "all users");
  connections = await bench.sluice("show", "connections", "-o", "json");
  await service.stop();
});
afterAll(() => bench?.close());

const names = (text: string) => users.filter((user) => new RegExp(`\\b${user}\\b`).test(text)).sort();

describe.each(["entities", "addons"])("%s", (what) => {
  it("come in one order, of which the first are shown, and it says how many there are", async () => {
    const whole = (await bench.sluice("show", what, "-o", "name")).stdout.trim().split("\n");
    const { code, stdout, stderr } = await bench.sluice("show", what, "--limit", "3", "-o", "name");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toEqual(whole.slice(0, 3));
    expect(stderr).toContain("3 of 5 shown");
    if (what === "addons") expect(names(stdout)).toEqual(["ada", "bob", "cyd"]);
    const json = await bench.sluice("show", what, "--limit", "3", "-o", "json");
    if (what === "entities") expect(names(json.stdout)).toEqual(["ada", "bob", "cyd"]);
  });

  it("are all there where nothing is cut, and in JSON, without a word", async () => {
    for (const more of [[], ["-o", "json"]]) {
      const { stdout, stderr } = await bench.sluice("show", what, ...more);
      expect(names(stdout)).toEqual([...users].sort());
      expect(stderr).toBe("");
    }
  });
});

it("connections are the service's, with how far each is; without a service there are none to ask", async () => {
  expect(connections.code).toBe(0);
  expect(JSON.parse(connections.stdout)).toEqual([
    { connection: "bus", stream: "@journal", state: "subscribed", read: 5, pushed: 5, waiting: 0 },
  ]);
  expect((await bench.sluice("show", "connections")).code).toBe(3);
});

it.each([
  { asked: ["connections", "--cluster", "fleet/eu"], code: 2, says: "--cluster" },
  { asked: ["addons", "--cluster", "fleet/nope"], code: 3, says: "fleet/nope" },
  { asked: ["addons", "--trigger", "nope"], code: 3, says: "nope" },
  { asked: ["entities", "--trigger", "nope"], code: 3, says: "nope" },
  { asked: ["dead-letters", "--failed"], code: 2, says: "--failed" },
  { asked: ["dead-letters", "--cluster", "fleet/eu"], code: 2, says: "--cluster" },
  { asked: ["reviews", "--limit", "0"], code: 2, says: "--limit" },
])("show $asked is no empty table: exit $code", async ({ asked, code, says }) => {
  const result = await bench.sluice("show", ...asked);
  expect(result).toMatchObject({ code, stdout: "" });
  expect(result.stderr).toContain(says);
});
