/**
 * A place where the built program runs as its users run it: a nats-server, a bare repository, settings and documents in
 * a throwaway folder.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";

const run = promisify(execFile);
const program = join(findProjectRoot(), "dist", "program", "sluice.js");
const waitMsMax = 60_000;

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WorkbenchOptions {
  /** Documents of the config folder, by path. */
  readonly config: Readonly<Record<string, string>>;
  /** The connection's JSON; its address is mapped to the server's by connectTo. */
  readonly connection: string;
  /** Further lines of sluice.yaml; `output`, `commit` and such. */
  readonly settings?: string;
  /** Where the repository is and how to get in: lines below `repository`, given the folder it is in. */
  readonly repository?: (folder: string) => Promise<string>;
  /** Further variables for the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** Streams to create: their names and subjects. */
  readonly streams?: Readonly<Record<string, readonly string[]>>;
}

export class Workbench {
  readonly folder: string;
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  readonly streams: JetStreamManager;
  readonly #env: Readonly<Record<string, string>>;
  #services: SluiceProcess[] = [];
  /** A test that has the server refuse pushes says so: in any other a refused push is a fault. */
  expectsRefusedPushes = false;

  private constructor(
    folder: string,
    server: NatsServer,
    nats: NatsConnection,
    streams: JetStreamManager,
    env: Readonly<Record<string, string>>,
  ) {
    this.folder = folder;
    this.server = server;
    this.nats = nats;
    this.streams = streams;
    this.#env = env;
  }

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
    const server = await startNatsServer({
      // Larger than Sluice takes, so that a test can send too much.
      config: "max_payload: 8MB",
      jetstream: true,
      users: [{ user: "admin", password: "my-password" }],
    });
    const nats = await connect({ servers: server.url, user: "admin", pass: "my-password" });
    const streams = await jetstreamManager(nats);
    for (const [name, subjects] of Object.entries(options.streams ?? {})) {
      await streams.streams.add({ name, subjects: [...subjects] });
    }
    const bench = new Workbench(folder, server, nats, streams, options.env ?? {});
    await bench.write("connection.json", options.connection);
    await bench.write(
      "sluice.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  ${(await options.repository?.(folder)) ?? "url: ./fleet.git"}
  branch: main
  pollInterval: 500ms
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections:
  - name: bus
    file: ./connection.json
    connectTo: {"nats.nats.svc.cluster.local:4222": "127.0.0.1:${server.port}"}
state: {directory: ./state}
${options.settings ?? "output: {secrets: plain}"}
`,
    );
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(folder, "fleet.git")]);
    await run("git", ["init", "--quiet", "--initial-branch=main", join(folder, "checkout")]);
    await bench.commitConfig(options.config);
    return bench;
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** A person's commit on the target: files of the config folder, by path; undefined removes one. */
  async commitConfig(files: Readonly<Record<string, string | undefined>>): Promise<void> {
    await this.commitFiles(Object.fromEntries(Object.entries(files).map(([path, text]) => [`config/${path}`, text])));
  }

  /** A person's commit on the target; undefined removes a file or a folder, and a file takes the place of a folder. */
  async commitFiles(files: Readonly<Record<string, string | undefined>>): Promise<void> {
    await this.#commit(async () => {
      for (const [path, text] of Object.entries(files)) await this.writeOrRemove(`checkout/${path}`, text);
    });
  }

  /** A person's commit on the target that renames a folder. */
  async moveInTarget(from: string, to: string): Promise<void> {
    await this.#commit(() => run("git", ["-C", join(this.folder, "checkout"), "mv", from, to]));
  }

  async #commit(change: () => Promise<unknown>): Promise<void> {
    const checkout = join(this.folder, "checkout");
    for (;;) {
      const head = await this.git("rev-parse", "--verify", "--quiet", "main").catch(() => "");
      if (head !== "") await this.fetchCheckout();
      await change();
      const person = ["-c", "user.name=Platform Team", "-c", "user.email=platform@example.com"];
      await run("git", ["-C", checkout, "add", "--all"]);
      await run("git", [
        "-C",
        checkout,
        ...person,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=Change the configuration",
      ]);
      // The service may have pushed in between, as it does for people: then once more.
      const push = ["-C", checkout, "push", "--quiet", join(this.folder, "fleet.git"), "HEAD:main"];
      const pushed = await run("git", push).catch(() => undefined);
      if (pushed !== undefined) return;
    }
  }

  /** Brings the person's checkout to the target's head; what was changed in it is lost. */
  async fetchCheckout(): Promise<void> {
    const checkout = join(this.folder, "checkout");
    await run("git", ["-C", checkout, "fetch", "--quiet", join(this.folder, "fleet.git"), "main"]);
    await run("git", ["-C", checkout, "reset", "--quiet", "--hard", "FETCH_HEAD"]);
    await run("git", ["-C", checkout, "clean", "--quiet", "--force", "-d"]);
  }

  async writeOrRemove(path: string, text: string | undefined): Promise<void> {
    await rm(join(this.folder, path), { recursive: true, force: text !== undefined });
    if (text !== undefined) await this.write(path, text);
  }

  git(...args: readonly string[]): Promise<string> {
    return this.gitIn("fleet.git", ...args);
  }

  /** In another repository of the folder. */
  async gitIn(repository: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run("git", ["-C", join(this.folder, repository), ...args], {
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout;
  }

  /** Paths below `rendered/` on the target, without what every cluster's folder has. */
  async rendered(repository = "fleet.git"): Promise<readonly string[]> {
    const list = await this.gitIn(repository, "ls-tree", "-r", "--name-only", "main", "rendered/");
    return list.split("\n").filter((path) => path !== "" && !/\/sluice-(?:cluster|unit)\.yaml$/.test(path));
  }

  async checkpoint(): Promise<{ positions: Record<string, { sequence: number }> }> {
    // Each connection's positions are in a file of its own, as soon as it has some.
    const path = "positions/bus.json";
    if ((await this.git("ls-tree", "--name-only", "sluice/state", path)) === "") return { positions: {} };
    const text = await this.git("show", `sluice/state:${path}`);
    const { streams } = JSON.parse(text) as { streams: Record<string, { sequence: number }> };
    return { positions: streams };
  }

  /** Publishes over JetStream where a stream has the subject, else over core NATS. */
  async publish(subject: string, payload: string | Uint8Array): Promise<void> {
    const found = await this.streams.streams.find(subject).catch(() => undefined);
    if (found !== undefined) await jetstream(this.nats).publish(subject, payload);
    else {
      this.nats.publish(subject, payload);
      await this.nats.flush();
    }
  }

  /** Starts `sluice run`; resolves when it has logged `ready`. */
  async start(): Promise<SluiceProcess> {
    const service = this.launch();
    await service.untilLogged("ready");
    return service;
  }

  /** Starts `sluice run` with this settings file, and waits for nothing. */
  launch(file = "sluice.yaml"): SluiceProcess {
    const service = new SluiceProcess(this.folder, this.#env, file);
    this.#services.push(service);
    return service;
  }

  /** Changes the settings file. */
  async changeSettings(change: (settings: string) => string): Promise<void> {
    const file = join(this.folder, "sluice.yaml");
    const before = await readFile(file, "utf8");
    const after = change(before);
    if (after === before) throw new Error("the settings are as they were");
    await writeFile(file, after);
  }

  sluice(...args: readonly string[]): Promise<CliResult> {
    return this.sluiceWith({}, ...args);
  }

  /** With further variables, or other ones. */
  async sluiceWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<CliResult> {
    try {
      const { stdout, stderr } = await run(process.execPath, [program, ...args], {
        cwd: this.folder,
        env: { ...process.env, ...this.#env, ...env },
        maxBuffer: 64 * 1024 * 1024,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }

  async close(): Promise<void> {
    for (const service of this.#services) await service.kill();
    await this.nats.close();
    await this.server.stop();
    // Git's housekeeping may still write there.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
    const refused = this.#services.flatMap((service) => service.lines().filter(({ code }) => code === "GIT_REFUSED"));
    if (!this.expectsRefusedPushes && refused.length > 0) {
      throw new Error(`a push was refused that should not have been: ${JSON.stringify(refused[0])}`);
    }
  }
}

/** `sluice run` as a process; its temporary files are below its folder, where they go with it if it is killed. */
export class SluiceProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #log = "";

  constructor(folder: string, env: Readonly<Record<string, string>>, file = "sluice.yaml") {
    const temporary = join(folder, "tmp");
    mkdirSync(temporary, { recursive: true });
    this.#child = spawn(process.execPath, [program, "run", "--file", file, "--log-format", "json"], {
      cwd: folder,
      env: { ...process.env, TMPDIR: temporary, ...env },
      stdio: ["ignore", "inherit", "pipe"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    this.#exited = once(this.#child, "exit").then(([code]) => code as number | null);
  }

  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The lines so far, each as it was logged. */
  lines(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.#log.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** How many lines have this code. */
  count(code: string): number {
    return this.lines().filter((line) => line.code === code).length;
  }

  async untilCode(code: string): Promise<void> {
    await until(() => this.count(code) > 0 || !this.isRunning, `a line with ${code}`);
    if (!this.isRunning) throw new Error(`sluice run ended:\n${this.#log}`);
  }

  /** The exit code, once it ends by itself. */
  ended(): Promise<number | null> {
    return this.#exited;
  }

  async untilLogged(message: string, msMax = waitMsMax): Promise<void> {
    const isLogged = () => this.#log.includes(`"message":"${message}"`);
    await Promise.race([
      until(isLogged, `the log line ${message}`, msMax),
      this.#exited.then((code) => {
        if (!isLogged()) throw new Error(`sluice run ended with ${code}:\n${this.#log}`);
      }),
    ]);
  }

  /** SIGTERM; the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.#exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

/** Polls until the condition holds; throws after a minute, or as long as said. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string, msMax = waitMsMax): Promise<void> {
  const deadline = Date.now() + msMax;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited ${msMax / 1000} s for ${what}`);
    await sleep(20);
  }
}

export function readExample(path: string): Promise<string> {
  return readFile(join(findProjectRoot(), "test", "fixtures", "examples", path), "utf8");
}

/** A SveltosCluster document. */
export function clusterDocument(name: string, labels: Readonly<Record<string, string>>): string {
  return `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata:
  name: ${name}
  namespace: fleet
  labels: ${JSON.stringify(labels)}
`;
}
