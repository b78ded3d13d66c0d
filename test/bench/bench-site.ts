/**
 * A place to measure the built program in: a nats-server, a Git server over http, and a folder with a configuration, as
 * users have them. What the rival does, it does against the same servers.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";

const program = join(findProjectRoot(), "dist", "program", "sluice.js");
/** As the unit in `deploy/` starts it. */
const deployedEnv = { NODE_OPTIONS: "--v8-pool-size=1", MALLOC_ARENA_MAX: "2" };
const publishedAtOnce = 500;
const clockTicksPerSecond = 100;

export interface SiteOptions {
  readonly clusters: number;
  readonly shards: number;
  /** A bare repository to begin with. */
  readonly base?: string;
  /** A second manifest of each entity, a template. */
  readonly manifest?: string;
  /** Further lines of sluice.yaml. */
  readonly settings?: string;
  /** Further members of its `output`. */
  readonly output?: string;
  /** Further items of its `connections`. */
  readonly connections?: string;
  /** Further documents of the config folder. */
  readonly documents?: string;
}

/** A request as the Git server received it. */
export interface RecordedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** CPU seconds and peak memory of a process and all below it. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly currentMiB: number;
}

export class BenchSite {
  readonly folder: string;
  readonly repository: string;
  readonly url: string;
  readonly #nats: NatsServer;
  readonly #connection: NatsConnection;
  readonly #git: GitHttpServer;
  readonly #openedAt = Date.now();
  #published = 0;
  /** The one that was started last. */
  #service: MeasuredService | undefined;
  /** Up to where a head of the state branch is. */
  #seen: { readonly head: string | undefined; readonly sequence: number } = { head: undefined, sequence: 0 };

  private constructor(folder: string, nats: NatsServer, connection: NatsConnection, git: GitHttpServer) {
    this.folder = folder;
    this.repository = join(folder, "fleet.git");
    this.url = git.urlOf("fleet.git");
    this.#nats = nats;
    this.#connection = connection;
    this.#git = git;
  }

  static async open(options: SiteOptions): Promise<BenchSite> {
    const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
    const nats = await startNatsServer({ jetstream: true });
    const connection = await connect({ servers: nats.url });
    await (await jetstreamManager(connection)).streams.add({ name: "USERS", subjects: ["user-operation"] });
    const git = await GitHttpServer.start({ root: folder });
    const site = new BenchSite(folder, nats, connection, git);
    if (options.base === undefined) {
      execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", site.repository]);
    } else cpSync(options.base, site.repository, { recursive: true });
    execFileSync("git", ["-C", site.repository, "config", "http.receivepack", "true"]);
    execFileSync("git", ["-C", site.repository, "config", "gc.auto", "0"]);
    site.#writeConfiguration(options);
    return site;
  }

  #writeConfiguration(options: SiteOptions): void {
    const { clusters, shards, manifest, settings = "", output = "", connections = "", documents: more } = options;
    mkdirSync(join(this.folder, "config"));
    if (more !== undefined) writeFileSync(join(this.folder, "config", "more.yaml"), more);
    const example = join(findProjectRoot(), "examples", "user-namespaces", "config", "user-namespaces.yaml");
    // Something that each event changes, so that an update has a manifest to commit.
    const annotation = `      annotations: {example.com/last-event: "{{ .CloudEvent.id }}"}\n`;
    const second = manifest === undefined ? "" : `  second.yaml: |\n${manifest.replace(/^/gm, "    ")}\n`;
    writeFileSync(
      join(this.folder, "config", "user-namespaces.yaml"),
      readFileSync(example, "utf8") + annotation + second,
    );
    const documents = Array.from(
      { length: clusters },
      (_, index) =>
        `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: c-${index}, namespace: fleet, labels: {env: production}}\n`,
    );
    writeFileSync(join(this.folder, "config", "clusters.yaml"), documents.join("---\n"));
    const streams = [{ name: "USERS", subjects: ["user-operation"] }];
    const connection = { jetstream: { configuration: { url: this.#nats.url, streams } } };
    writeFileSync(join(this.folder, "nats.json"), JSON.stringify(connection));
    writeFileSync(
      join(this.folder, "sluice.yaml"),
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${this.url}, branch: main, author: {name: sluice, email: sluice@example.com}}
config: {directory: ./config}
connections: [{name: bus, file: ./nats.json}${connections}]
output: {shards: ${shards}${output}}
state: {directory: ./state}
${settings}
`,
    );
  }

  /** Publishes an event for each of these users; resolves when the stream has them all. */
  async publish(users: Iterable<number>): Promise<void> {
    const client = jetstream(this.#connection);
    let pending: Promise<unknown>[] = [];
    for (const user of users) {
      pending.push(client.publish("user-operation", eventOf(user, this.#published++)));
      if (pending.length === publishedAtOnce) {
        await Promise.all(pending);
        pending = [];
      }
    }
    await Promise.all(pending);
  }

  get published(): number {
    return this.#published;
  }

  /** Up to which event of the stream the pushed state reaches. */
  pushedSequence(): number {
    // Asked for often: git is only run where the branch has moved, for the service shares the machine.
    const head = this.#readHead("sluice/state");
    if (head !== this.#seen.head) this.#seen = { head, sequence: this.#readSequence() };
    return this.#seen.sequence;
  }

  /** The commit of a branch that was pushed in this site's time, and so has a file of its own. */
  #readHead(branch: string): string | undefined {
    const file = join(this.repository, "refs", "heads", branch);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  #readSequence(): number {
    try {
      const text = execFileSync("git", ["-C", this.repository, "show", "sluice/state:positions/bus.json"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      const { streams } = JSON.parse(text.toString()) as {
        streams: Record<string, { sequence: number; time: string }>;
      };
      const position = streams["bus/USERS"];
      // The repository may be another site's, with positions in that one's stream.
      return position === undefined || Date.parse(position.time) < this.#openedAt ? 0 : position.sequence;
    } catch {
      return 0;
    }
  }

  async untilPushed(): Promise<void> {
    while (this.pushedSequence() < this.#published) {
      this.#service?.checkRuns();
      await sleep(10);
    }
  }

  /** Keeps the pushes that come to the repository from now on, as they were sent. */
  recordPushes(): readonly RecordedRequest[] {
    const recorded: RecordedRequest[] = [];
    this.#git.onBody = ({ method, url, headers }, body) => {
      if (method === "POST" && url === "/fleet.git/git-receive-pack") recorded.push({ headers, body });
    };
    return recorded;
  }

  /** Resolves when the branch has moved on the server. */
  nextPush(branch: string, repository = this.repository): Promise<void> {
    const [folder, name] = [join(repository, "refs", "heads"), branch];
    return new Promise((resolve) => {
      const watcher = watch(folder, (_, changed) => {
        if (changed !== name) return;
        watcher.close();
        resolve();
      });
    });
  }

  async startService(): Promise<MeasuredService> {
    const service = new MeasuredService(this.folder);
    await service.ready;
    this.#service = service;
    return service;
  }

  /** Ends the service too, where a bench has failed before it did. */
  async close(): Promise<void> {
    await this.#service?.stop();
    await this.#connection.close();
    await this.#nats.stop();
    await this.#git.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function eventOf(user: number, number: number): string {
  return JSON.stringify({
    specversion: "1.0",
    id: String(number),
    type: "auth.example.com.login",
    source: "auth.example.com",
    subject: `user-${user}`,
    time: new Date(1_790_000_000_000 + number * 1000).toISOString(),
    datacontenttype: "application/json",
    data: { message: `User ${user} login`, organization: "engineering" },
  });
}

/** `sluice run`, with what it takes. */
export class MeasuredService {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #sampling: NodeJS.Timeout;
  #peakKiB = 0;
  #cpuAtReady = 0;
  /** The end of what it has logged. */
  #log = "";

  constructor(folder: string) {
    this.#child = spawn(process.execPath, [program, "run", "--log-format", "json"], {
      cwd: folder,
      env: { ...process.env, ...deployedEnv },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#exited = once(this.#child, "exit");
    this.ready = new Promise((resolve, reject) => {
      let isReady = false;
      this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        this.#log = (this.#log + text).slice(-10_000);
        // Once: what it logs later must not count as its start.
        if (isReady || !this.#log.includes('"message":"ready"')) return;
        isReady = true;
        this.#cpuAtReady = this.#cpu();
        resolve();
      });
      void this.#exited.then(() => reject(new Error(`sluice run ended:\n${this.#log}`)));
    });
    this.ready.catch(() => undefined);
    this.#sampling = setInterval(() => {
      this.#peakKiB = Math.max(this.#peakKiB, sumMemory(this.#child.pid ?? 0));
    }, 250);
  }

  /** Throws where it has ended by itself. */
  checkRuns(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) throw new Error(`sluice run ended:\n${this.#log}`);
  }

  #cpu(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    // User and system time, its own and that of children it has waited for.
    return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / clockTicksPerSecond;
  }

  /** Stands still, or goes on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** CPU since it was ready, memory since it was started. */
  usage(): Usage {
    const currentMiB = sumMemory(this.#child.pid ?? 0) / 1024;
    return { cpuSeconds: this.#cpu() - this.#cpuAtReady, peakMiB: this.#peakKiB / 1024, currentMiB };
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    clearInterval(this.#sampling);
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sampling);
    this.#child.kill("SIGTERM");
    await this.#exited;
  }
}

/** Resident memory of a process and all below it, in KiB. */
function sumMemory(root: number): number {
  const parents = new Map<number, number>();
  const memory = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name) || !existsSync(`/proc/${name}/status`)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      memory.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended in between.
    }
  }
  let sum = 0;
  for (const [pid, kibibytes] of memory) {
    for (let at: number | undefined = pid; at !== undefined && at > 0; at = parents.get(at)) {
      if (at !== root) continue;
      sum += kibibytes;
      break;
    }
  }
  return sum;
}
