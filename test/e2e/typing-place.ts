/**
 * Where the commands of a page are typed as they are printed: a folder with `sluice` and the built tools on PATH, a HOME and
 * a Git identity of its own, a nats-server. The one thing changed is the port of 127.0.0.1:4222, which is the server's.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { buildTool, type ToolName } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { until } from "./workbench.ts";

const run = promisify(execFile);

export interface TypingPlaceOptions {
  /** The program's file; by default the one that is built. */
  readonly program?: string;
  readonly tools?: readonly ToolName[];
  /** Addresses of repositories that pages name, each served by a bare repository, which begins empty. */
  readonly repositories?: readonly string[];
}

export class TypingPlace {
  /** Throwaway; what pages call the current folder is `work` in it. */
  readonly folder: string;
  readonly nats: NatsServer;
  readonly env: NodeJS.ProcessEnv;
  /** Where the next command is typed. */
  directory: string;
  readonly #services: { readonly child: ChildProcess; readonly exited: Promise<unknown[]>; log: string }[] = [];

  private constructor(folder: string, nats: NatsServer) {
    this.folder = folder;
    this.nats = nats;
    this.directory = this.start;
    this.env = {
      ...process.env,
      HOME: folder,
      NATS_URL: nats.url,
      GIT_CONFIG_GLOBAL: join(folder, ".gitconfig"),
      GIT_TOKEN: "none",
      PATH: [join(folder, "global", "bin"), join(folder, "bin"), process.env.PATH].join(delimiter),
    };
  }

  static async open({ program, tools = [], repositories = [] }: TypingPlaceOptions = {}): Promise<TypingPlace> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-typing-"));
    const place = new TypingPlace(folder, await startNatsServer({ jetstream: true }));
    await mkdir(place.start);
    await mkdir(join(folder, "bin"));
    const built = program ?? join(findProjectRoot(), "dist", "program", "sluice.js");
    const script = `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(built)} "$@"\n`;
    await writeFile(join(folder, "bin", "sluice"), script, { mode: 0o755 });
    for (const tool of tools) await symlink(await buildTool(tool), join(folder, "bin", tool));
    await writeFile(
      join(folder, ".gitconfig"),
      `[user]\nname = Ada\nemail = ada@example.com\n[init]\ndefaultBranch = main\n${repositories
        .map((url) => `[url "${place.bareRepository(url)}"]\ninsteadOf = ${url}\n`)
        .join("")}`,
    );
    for (const url of repositories) await place.git("init", "--quiet", "--bare", place.bareRepository(url));
    return place;
  }

  get start(): string {
    return join(this.folder, "work");
  }

  /** What stands for the repository at this address. */
  bareRepository(url: string): string {
    return join(this.folder, "repositories", url.replaceAll(/[^\w.]+/g, "-"));
  }

  async git(...args: readonly string[]): Promise<string> {
    return (await run("git", [...args], { cwd: this.folder, env: this.env })).stdout;
  }

  /** What is at the branch `main` of a repository, by path. */
  async pushedFiles(url: string): Promise<readonly string[]> {
    const listed = await this.git("-C", this.bareRepository(url), "ls-tree", "-r", "--name-only", "main");
    return listed.split("\n").filter((path) => path !== "");
  }

  /**
   * Types a line into bash, where the line before left off; what it printed on stdout. `sluice run` is waited for until it
   * is ready, and goes on. Throws what a person would see where the line fails.
   */
  async type(line: string): Promise<string> {
    const typed = line.replace("127.0.0.1:4222", `127.0.0.1:${this.nats.port}`);
    if (typed === "sluice run") return this.#startService();
    const whereFile = join(this.folder, "where");
    const script = `${typed}\npwd > ${whereFile}`;
    const { stdout } = await run("bash", ["-ec", script], { cwd: this.directory, env: this.env }).catch(
      (error: Error & { stdout: string }) => {
        throw new Error(`$ ${typed}\n${error.message}\n${error.stdout}`);
      },
    );
    this.directory = (await readFile(whereFile, "utf8")).trim();
    return stdout;
  }

  async #startService(): Promise<string> {
    const child = spawn("sluice", ["run", "--log-format", "json"], {
      cwd: this.directory,
      env: this.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const service = { child, exited: once(child, "exit"), log: "" };
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      service.log += text;
    });
    this.#services.push(service);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const isReady = () => service.log.includes('"message":"ready"');
    await until(() => isReady() || hasEnded(), "sluice run").catch(() => undefined);
    if (hasEnded() || !isReady()) throw new Error(`$ sluice run\n${service.log}`);
    return "";
  }

  /** Ends what runs, each in order, and removes the folder. Throws where a service did not end well. */
  async close(): Promise<void> {
    const failed: string[] = [];
    for (const { child, exited, log } of this.#services) {
      child.kill("SIGTERM");
      const [code] = await exited;
      if (code !== 0) failed.push(`sluice run ended with ${code}:\n${log}`);
    }
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
    if (failed.length > 0) throw new Error(failed.join("\n"));
  }
}
