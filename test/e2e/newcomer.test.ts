/**
 * The newcomer's path, as the README has it: its commands run literally, in its order, in an empty clone, by the program as
 * others install it (packed, without the packages beside it); the files that it prints are written as they are. Timed.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { codeBlocks, readPage } from "../docs/pages.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { startNatsServer } from "../tools/nats-server.ts";
import { until } from "./workbench.ts";

const run = promisify(execFile);
const root = findProjectRoot();
/** What the README says of the time that it takes; a machine under load is given more. */
const secondsMax = 300;

const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The commands and files of the README's section, in its order. */
type Step = { readonly command: string } | { readonly path: string; readonly text: string };

function readSteps(): readonly Step[] {
  const page = readPage("README.md");
  const start = page.text.split("\n").findIndex((line) => line.startsWith("## Your first trigger")) + 1;
  const end = page.text.split("\n").findIndex((line) => line.startsWith("The two files that everything hangs on")) + 1;
  return codeBlocks(page)
    .filter(({ line }) => line > start && line < end)
    .flatMap(({ language, text }): readonly Step[] => {
      if (language === "console") {
        const commands = text.split("\n").flatMap((line) => /^\s*\$ (.*)$/.exec(line)?.[1] ?? []);
        return commands.map((command) => ({ command }));
      }
      const path = /^\s*# (\S+\.yaml)$/m.exec(text)?.[1];
      return path === undefined ? [] : [{ path, text }];
    });
}

it("leads from an empty repository to a tenant's Namespace", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-newcomer-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const nats = await startNatsServer({});
  ends.push(() => nats.stop());
  const packed = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
  });
  await run("tar", ["-xzf", join(folder, packed.stdout.trim()), "-C", folder]);
  const bin = join(folder, "bin");
  await mkdir(bin);
  const program = join(folder, "package", "dist", "program", "sluice.js");
  await writeFile(join(bin, "sluice"), `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${program} "$@"\n`);
  await chmod(join(bin, "sluice"), 0o755);
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(folder, "fleet.git")]);
  const checkout = join(folder, "fleet");
  await run("git", ["clone", "--quiet", join(folder, "fleet.git"), checkout]);
  const person = { GIT_AUTHOR_NAME: "Ada", GIT_AUTHOR_EMAIL: "ada@example.com" };
  const committer = { GIT_COMMITTER_NAME: "Ada", GIT_COMMITTER_EMAIL: "ada@example.com" };
  const env = { ...process.env, ...person, ...committer, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const pushed = async () =>
    (await run("git", ["-C", join(folder, "fleet.git"), "ls-tree", "-r", "--name-only", "main"])).stdout;

  const steps = readSteps();
  expect(steps.length).toBeGreaterThanOrEqual(11);
  const began = performance.now();
  let shown = "";
  for (const step of steps) {
    if ("path" in step) {
      await mkdir(dirname(join(checkout, step.path)), { recursive: true });
      await writeFile(join(checkout, step.path), step.text);
      continue;
    }
    // The port is the machine's own.
    const command = step.command.replace("127.0.0.1:4222", `127.0.0.1:${nats.port}`);
    if (command === "sluice run") {
      const child = spawn(join(bin, "sluice"), ["run", "--log-format", "json"], {
        cwd: checkout,
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
      const exited = once(child, "exit");
      ends.push(async () => {
        child.kill("SIGTERM");
        expect((await exited)[0], log).toBe(0);
      });
      await until(() => log.includes('"message":"ready"') || child.exitCode !== null, "sluice run");
      continue;
    }
    // What is shown is looked at when it has had its time.
    if (command === "sluice show addons")
      await until(async () => (await pushed()).includes("/mgianluc.yaml"), "the login");
    // The service has to have seen the documents.
    if (command.includes("--type tenant.added")) {
      await until(
        async () => (await run(join(bin, "sluice"), ["status"], { cwd: checkout, env })).stdout.includes("2 triggers"),
        "the trigger",
      );
    }
    const { stdout } = await run("bash", ["-ec", command], { cwd: checkout, env }).catch((error: Error) => {
      throw new Error(`$ ${command}\n${error.message}\n${String((error as { stdout?: string }).stdout)}`);
    });
    shown += `$ ${command}\n${stdout}`;
  }
  await until(async () => (await pushed()).includes("/acme-inc-"), "the tenant's Namespace");
  const seconds = (performance.now() - began) / 1000;

  expect(await pushed()).toContain("rendered/fleet/eu-1/triggers/manage-namespace/_cluster/namespace/mgianluc.yaml");
  expect(shown).toContain("3 passed, 0 failed");
  expect(shown).toMatch(/fleet\/eu-1 .*Namespace .*mgianluc/);
  expect(seconds).toBeLessThan(secondsMax);
  process.stderr.write(`the newcomer's path: ${seconds.toFixed(1)} s, ${steps.length} steps\n`);
});
