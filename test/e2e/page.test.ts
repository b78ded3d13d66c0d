/**
 * The status page of a service that is busy, in a real browser: what a reader sees, by keyboard and screen reader too, on a
 * small screen and in the dark. UPDATE_SCREENSHOTS=1 writes what docs/ shows.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { Chromium, findChromium, type Screen } from "../tools/chromium.ts";
import { findFreePort } from "../tools/find-free-port.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

let workbench: Workbench | undefined;
let chromium: Chromium | undefined;

afterEach(async () => {
  await chromium?.close();
  await workbench?.close();
  chromium = undefined;
  workbench = undefined;
});

const program = findChromium();
const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const entities = 10_000;
const images = join(findProjectRoot(), "docs", "images");
const screens: readonly (Screen & { readonly name: string })[] = [
  { name: "page-light", width: 1200, height: 900, scheme: "light" },
  { name: "page-dark", width: 1200, height: 900, scheme: "dark" },
  { name: "page-360", width: 360, height: 1100, scheme: "light" },
];

/** 499 triggers besides, which no event means. */
const triggers = Array.from({ length: 499 }, (_, index) =>
  usersTrigger
    .replace("{name: users}", `{name: team-${index}}`)
    .replace("eventSourceName: login", "eventSourceName: none"),
).join("---\n");
const noSource =
  "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: none}\nspec:\n  messagingMatchCriteria: [{subject: none}]\n";

it.skipIf(!isAll || program === undefined)("shows a burst in Chromium, to everybody", async () => {
  const port = await findFreePort();
  workbench = await Workbench.open({
    config: { ...usersConfig, "teams.yaml": triggers, "none.yaml": noSource },
    connection: usersConnection,
    settings: `output: {secrets: plain}\nserver: {address: "127.0.0.1:${port}", page: {}}\nguard: {additions: 100000}`,
  });
  const service = await workbench.start();
  const login = (subject: string) =>
    workbench!.publish(
      "user-operation",
      JSON.stringify({ specversion: "1.0", id: subject, type: "login", source: "auth", subject }),
    );
  for (let index = 0; index < entities; index++) {
    workbench.nats.publish(
      "user-operation",
      JSON.stringify({ specversion: "1.0", id: `${index}`, type: "login", source: "auth", subject: `user-${index}` }),
    );
  }
  await workbench.nats.flush();

  chromium = await Chromium.open(program!);
  const url = `http://127.0.0.1:${port}/`;
  await chromium.show(url, screens[0]!);
  const bytes = (await (await fetch(url)).text()).length;
  const paint = await chromium.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1",
  );
  process.stdout.write(
    `page: ${bytes} bytes of HTML, first paint after ${Math.round(paint)} ms, ${entities} events under way\n`,
  );
  expect(bytes).toBeLessThan(150_000);

  const text = () => chromium!.evaluate<string>("document.body.innerText");
  await until(async () => (await text()).includes("user-9999"), "the burst on a page that nobody reloads");
  expect(await text()).toContain("500 in force");
  await login("Alice Smith");
  await until(async () => (await text()).includes("failed"), "the failure on the page");
  expect(await text()).toContain("NAME_INVALID");
  workbench.nats.publish("user-operation", "no event at all");
  await until(async () => (await text()).includes("dead letter"), "the dead letter on the page");
  for (const name of ["alice", "bob", "carol"]) await login(name);
  await until(async () => (await text()).includes("carol"), "the last events");

  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const checkPage = async (name: string) => {
    await chromium!.evaluate(axe);
    const found =
      "axe.run().then(({violations}) => violations.map(({id, nodes}) => id + ' ' + nodes.map(({html}) => html)))";
    expect(await chromium!.evaluate<string[]>(found), name).toEqual([]);
    const overflow = "document.documentElement.scrollWidth - innerWidth";
    expect(await chromium!.evaluate<number>(overflow), `${name}: nothing sticks out`).toBeLessThanOrEqual(0);
  };
  for (const { name, ...screen } of screens) {
    await chromium.show(url, screen);
    if (process.env.UPDATE_SCREENSHOTS) await writeFile(join(images, `${name}.png`), await chromium.screenshot());
    await checkPage(name);
  }

  await chromium.show(`${url}search?q=user-77`, screens[2]!);
  expect(await text()).toMatch(/50 found|1?[0-9]{2} found/);
  await checkPage("search");
  const href = await chromium.evaluate<string>("document.querySelector('a.name').href");
  await chromium.show(href, screens[0]!);
  expect(await text()).toContain("Namespace user-");
  await checkPage("entity");
  expect(chromium.complaints, "what the policy refused").toEqual([]);

  // By keyboard: the first stop leads past the head, the second one to the search.
  await chromium.show(url, screens[0]!);
  const stops: string[] = [];
  for (let index = 0; index < 3; index++) {
    for (const type of ["keyDown", "keyUp"])
      await chromium.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
    stops.push(await chromium.evaluate<string>("document.activeElement.className || document.activeElement.id"));
  }
  expect(stops).toEqual(["skip", "brand", "q"]);
  await service.stop();
});
