/**
 * The newcomer's path, as the README has it: its commands are typed as printed, in its order, by the program as others
 * install it (packed, without the packages beside it); the files that it prints are written as they are. Each step is timed.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { codeBlocks, readPage } from "../docs/pages.ts";
import { commandLines } from "../docs/shell-commands.ts";
import { buildTool } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { TypingPlace } from "./typing-place.ts";
import { until } from "./workbench.ts";

const run = promisify(execFile);
const root = findProjectRoot();
const fleetUrl = "https://git.example.com/acme/fleet.git";
/** What the README says of the time that its first trigger takes; a machine under load is given more. */
const secondsMax = 300;

const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The README's commands, and the files that say their path in their first line, in its order. */
type Step = { readonly command: string } | { readonly path: string; readonly text: string };

function readSteps(): readonly Step[] {
  return codeBlocks(readPage("README.md")).flatMap(({ language, text }): readonly Step[] => {
    if (language === "console" || language === "sh")
      return commandLines(language, text).map((command) => ({ command }));
    const path = /^# ((?:config|tests)\/\S+\.yaml)$/m.exec(text)?.[1];
    return path === undefined ? [] : [{ path, text }];
  });
}

/** Runs `step` and notes how long it took. */
async function timed(seconds: Map<string, number>, name: string, step: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await step();
  seconds.set(name, (performance.now() - began) / 1000);
}

function report(title: string, seconds: ReadonlyMap<string, number>): void {
  const lines = [...seconds].map(([name, took]) => `${took.toFixed(1).padStart(7)} s  ${name}\n`);
  process.stderr.write(`${title}\n${lines.join("")}`);
}

it("leads from an empty repository to a tenant's Namespace", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-newcomer-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
  const packed = await run("npm", pack, { cwd: root });
  await run("tar", ["-xzf", join(folder, packed.stdout.trim()), "-C", folder]);
  const place = await TypingPlace.open({
    program: join(folder, "package", "dist", "program", "sluice.js"),
    repositories: [fleetUrl],
  });
  ends.push(() => place.close());
  place.env.NATS_SERVER = await buildTool("nats-server");
  const bare = place.bareRepository(fleetUrl);
  await place.git("clone", "--quiet", bare, place.start);

  const pushed = () => place.pushedFiles(fleetUrl);
  const hasPushed = async (part: string) => (await pushed()).some((path) => path.includes(part));
  /** What people wait for before they type this. */
  const before: Readonly<Record<string, () => Promise<void>>> = {
    "sluice show addons": () => until(() => hasPushed("/mgianluc.yaml"), "the login"),
    "sluice publish user-operation --type tenant.added": () =>
      until(async () => (await place.type("sluice status")).includes("2 triggers"), "the trigger"),
  };
  const seconds = new Map<string, number>();
  let shown = "";
  const steps = readSteps();
  expect(steps.length).toBeGreaterThanOrEqual(12);
  for (const step of steps) {
    if ("path" in step) {
      await mkdir(dirname(join(place.start, step.path)), { recursive: true });
      await writeFile(join(place.start, step.path), step.text);
      continue;
    }
    const { command } = step;
    // It is what runs this.
    if (command === "npm test") continue;
    place.directory = command.startsWith("npm ") ? root : place.start;
    await timed(seconds, command, async () => {
      for (const [begin, wait] of Object.entries(before)) if (command.startsWith(begin)) await wait();
      shown += `$ ${command}\n${await place.type(command)}`;
    });
  }
  await timed(seconds, "until the tenant has its Namespace", () => until(() => hasPushed("/acme-inc-"), "it"));
  report("the newcomer's path:", seconds);

  expect(await pushed()).toContain("rendered/fleet/eu-1/triggers/manage-namespace/_cluster/namespace/mgianluc.yaml");
  expect(shown).toContain("3 passed, 0 failed");
  expect(shown).toMatch(/fleet\/eu-1 .*Namespace .*mgianluc/);
  expect([...seconds.values()].reduce((sum, took) => sum + took)).toBeLessThan(secondsMax);
});

it.skipIf(process.env.SLUICE_TEST_ALL === undefined)(
  "npm run demo works on a clean clone (npm run test:all)",
  async () => {
    const place = await TypingPlace.open();
    ends.push(() => place.close());
    Object.assign(place.env, { npm_config_prefer_offline: "true", NATS_SERVER: await buildTool("nats-server") });
    const seconds = new Map<string, number>();
    await timed(seconds, "git clone", () => place.type(`git clone --quiet --no-hardlinks ${root} sluice`));
    place.directory = join(place.start, "sluice");
    let shown = "";
    await timed(seconds, "npm run demo, which installs and builds", async () => {
      shown = await place.type("npm run demo 2>&1");
    });
    await timed(seconds, "npm run demo, once more", () => place.type("npm run demo 2>&1"));
    report("on a clean clone:", seconds);
    expect(shown).toContain("Installing packages");
    expect(shown).toMatch(/kind: Namespace|namespace\//);
  },
);
