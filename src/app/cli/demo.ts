/** `sluice demo`: the main job on this machine, with a nats-server and a repository of its own, in a throwaway folder. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { SluiceError } from "../../model/problem.ts";
import { composeLog } from "../compose/log.ts";
import { demoPrograms } from "../compose/programs.ts";
import { composeService } from "../compose/service.ts";
import { composePublisher, openConnection } from "../compose/streams.ts";
import type { Leader } from "../host/host-parts.ts";
import { exampleFolder } from "../project-files.ts";
import { readServiceConfig } from "../read-config.ts";
import { type CliContext, type ExitCode, reportProblems } from "./context.ts";
import { showAddons } from "./show.ts";

interface DemoOptions {
  readonly keep?: boolean;
}

/** How long an event may take to become a commit before the demo gives up. */
const commitMsMax = 30_000;

export function addDemoCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command("demo")
    .description("the main job on this machine: a login becomes a commit, a logout removes it again")
    .option("--keep", "leave the folder with the repository and the settings for a look around")
    .action(async (options: DemoOptions) => end(await demo(context, options)));
}

async function demo(context: CliContext, options: DemoOptions): Promise<ExitCode> {
  context.stopInOrder();
  const folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  try {
    return await demoIn(folder, context, options);
  } finally {
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  }
}

async function demoIn(folder: string, context: CliContext, options: DemoOptions): Promise<ExitCode> {
  await cp(exampleFolder("user-namespaces"), folder, { recursive: true });
  const { startServer, git } = demoPrograms();
  const server = await startServer(folder, "admin", "my-password");
  const inFolder: CliContext = { ...context, workingDirectory: folder };
  const say = (text: string) => context.out(`\n==> ${text}\n`);
  const stopped = new AbortController();
  context.stop.addEventListener("abort", () => stopped.abort(), { once: true });
  try {
    const settingsFile = join(folder, "sluice.yaml");
    const text = await readFile(settingsFile, "utf8");
    await writeFile(settingsFile, text.replace('"127.0.0.1:4222"', JSON.stringify(server.address)));
    await makeRepository(git, folder);
    say(`A nats-server on ${server.address}, and a repository with this configuration in ${folder}/fleet.git`);
    context.out(await readFile(join(folder, "config/user-namespaces.yaml"), "utf8"));

    const { value: config, problems } = await readServiceConfig(inFolder, "sluice.yaml", true);
    if (reportProblems(context, problems) || config === undefined) return 3;
    const { settings } = config;
    const log = composeLog(inFolder, { logFormat: "text", logLevel: "warn" });
    let onReady = () => {};
    const ready = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    const opened = config.connections.map((connection) =>
      openConnection(inFolder, settings, connection, log, () => service.lead),
    );
    const streams = opened.flatMap((connection) => connection.streams);
    const service: Leader = await composeService(inFolder, config, streams, { log }, { onReady });
    const running = service.run(stopped.signal);
    await Promise.race([ready, running]);

    const { publisher } = await composePublisher(inFolder, settings, undefined);
    const repository = join(folder, "fleet.git");
    const gitThere = (...args: string[]) => git(["-C", repository, ...args]);
    for (const [event, doing] of [
      ["login.json", "logs in"],
      ["logout.json", "logs out"],
    ] as const) {
      say(`User mgianluc ${doing}: ${event} is published on user-operation`);
      const before = await gitThere("rev-parse", "main");
      const started = performance.now();
      await publisher.publish("user-operation", await readFile(join(folder, event)));
      await untilMoved(() => gitThere("rev-parse", "main"), before);
      say(`Committed after ${Math.round(performance.now() - started)} ms`);
      context.out(
        await gitThere(
          "log",
          "-1",
          "--stat",
          "--patch",
          "--format=commit %h%nAuthor: %an <%ae>%n%n%w(0,4,4)%B",
          "main",
        ),
      );
      say("sluice show addons");
      await showAddons(inFolder, settings, { format: "table", limit: 100 }, {});
    }
    say("The files of the clusters now");
    context.out(await gitThere("ls-tree", "-r", "--name-only", "main", "rendered/"));

    stopped.abort();
    await running;
    await publisher.close();
    for (const connection of opened) await connection.close();
    await service.close();
    if (options.keep) say(`Left in ${folder}`);
    return 0;
  } finally {
    stopped.abort();
    await server.stop();
  }
}

type Git = (args: readonly string[]) => Promise<string>;

/** A bare repository whose branch main holds the config folder. */
async function makeRepository(git: Git, folder: string): Promise<void> {
  const bare = join(folder, "fleet.git");
  const checkout = join(folder, "checkout");
  await git(["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  await git(["init", "--quiet", "--initial-branch=main", checkout]);
  await cp(join(folder, "config"), join(checkout, "config"), { recursive: true });
  await git(["-C", checkout, "add", "config"]);
  const person = ["-c", "user.name=Platform Team", "-c", "user.email=platform@example.com"];
  await git(["-C", checkout, ...person, "commit", "--quiet", "--message=Give every user a Namespace"]);
  await git(["-C", checkout, "push", "--quiet", bare, "main"]);
}

async function untilMoved(read: () => Promise<string>, before: string): Promise<void> {
  const deadline = performance.now() + commitMsMax;
  while ((await read()) === before) {
    if (performance.now() > deadline) {
      throw new SluiceError({ code: "GIT_UNAVAILABLE", message: `no commit after ${commitMsMax / 1000} s` });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
