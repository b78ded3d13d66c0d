/**
 * Chaos for real: the built program, nats-servers and a repository, all of which are killed, stopped, cut off and kept silent
 * while events come in and somebody pushes to the target all the time. Afterwards the target has to hold exactly what the
 * events come to, and its history must never have gone back.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { jetstream, jetstreamManager, type RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { loggedInUsers } from "../e2e/users-config.ts";
import { clusterDocument, SluiceProcess, until } from "../e2e/workbench.ts";
import { startNatsCluster } from "../tools/nats-cluster.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { type GitTrouble, gitFaults, openGitTrouble, type Transport } from "./git-trouble.ts";
import { createRandom } from "./random.ts";

const run = promisify(execFile);

export interface ChaosOptions {
  readonly events: number;
  /** How events come; `core` is over core NATS, into the journal. */
  readonly retention: "core" | "limits" | "workqueue" | "interest";
  readonly replicas: 1 | 3;
  /** How the service reaches the repository. */
  readonly transport: Transport;
  readonly seed: number;
  /** Faults at least; others follow for as long as events are published. */
  readonly faultsMin: number;
}

export interface ChaosResult {
  /** Of those that were published, how many were received. */
  readonly received: number;
  readonly faults: Readonly<Record<string, number>>;
  /** How long after each fault everything that had been published by then was pushed, in seconds, in ascending order. */
  readonly recoveries: readonly number[];
  readonly pushesOfPeople: number;
  /** What must not be: empty. */
  readonly wrong: readonly string[];
}

const users = 200;
const atOnce = 25;
const backlogMax = 2_000;
/** A fault and what follows take about so long. */
const faultMs = 4_000;
const diskMiB = 256;
const turnMs = 50;
const subject = "users";
const documents: Readonly<Record<string, string>> = {
  "eu.yaml": clusterDocument("eu-1", { env: "production" }),
  "users.yaml": loggedInUsers(subject, '{number: "{{ .CloudEvent.id }}"}'),
};

interface UserEvent {
  readonly id: number;
  readonly user: string;
  readonly type: "login" | "logout";
}

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const site = await ChaosSite.open(options);
  try {
    return await site.play();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${await site.tell()}`, { cause: error });
  } finally {
    await site.close();
  }
}

class ChaosSite {
  readonly #options: ChaosOptions;
  readonly #folder: string;
  readonly #servers: readonly NatsServer[];
  readonly #nats: NatsConnection;
  readonly #git: GitTrouble;
  readonly #random: () => number;
  readonly #hasDisk: boolean;
  #service: SluiceProcess | undefined;
  /** All that ran, and lines about what was done to them, for whoever looks into a run that failed. */
  readonly #services: SluiceProcess[] = [];
  readonly #diary: string[] = [];
  readonly #published: UserEvent[] = [];
  /** What was found in the journal so far, by its sequence: what is settled is removed from it. */
  readonly #journal = new Map<number, UserEvent>();
  readonly #faults: Record<string, number> = {};
  readonly #recoveries: number[] = [];
  #pushesOfPeople = 0;
  #isOver = false;

  private constructor(
    options: ChaosOptions,
    folder: string,
    servers: readonly NatsServer[],
    nats: NatsConnection,
    git: GitTrouble,
    hasDisk: boolean,
  ) {
    this.#hasDisk = hasDisk;
    this.#options = options;
    this.#folder = folder;
    this.#servers = servers;
    this.#nats = nats;
    this.#git = git;
    this.#random = createRandom(options.seed);
  }

  static async open(options: ChaosOptions): Promise<ChaosSite> {
    const { retention, replicas, transport } = options;
    const folder = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
    const servers = replicas === 1 ? [await startNatsServer({ jetstream: true })] : (await startNatsCluster()).servers;
    const urls = servers.map(({ url }) => url);
    const nats = await connect({ servers: urls, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    if (retention !== "core") {
      const manager = await jetstreamManager(nats, { checkAPI: false });
      const stream = { name: "USERS", subjects: [subject], num_replicas: replicas };
      const add = () => manager.streams.add({ ...stream, retention: retention as RetentionPolicy });
      await until(() => isDone(add()), "the stream");
    }
    await mkdir(join(folder, "state"));
    // A disk of its own, where the machine allows it: one that can be filled.
    const mount = run("mount", ["-t", "tmpfs", "-o", `size=${diskMiB}m`, "tmpfs", join(folder, "state")]);
    const hasDisk = await isDone(mount);
    const bare = join(folder, "fleet.git");
    await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
    await run("git", ["-C", bare, "config", "http.receivepack", "true"]);
    const git = await openGitTrouble(folder, transport);
    const site = new ChaosSite(options, folder, servers, nats, git, hasDisk);
    await site.#writeFiles(urls.join(","));
    return site;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#git.end();
    await this.#service?.kill();
    await this.#nats.close();
    for (const server of this.#servers) await server.stop();
    await this.#git.stop();
    if (this.#hasDisk) await run("umount", ["--lazy", join(this.#folder, "state")]);
    // Git's housekeeping may still write there.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** What to look at where a run did not come to its end: the faults, the streams, and where the whole log is kept. */
  async tell(): Promise<string> {
    const file = join(tmpdir(), `sluice-chaos-${this.#options.retention}-${process.pid}.log`);
    await writeFile(file, [...this.#services.map(({ log }) => log), ...this.#diary].join(""));
    const streams = jetstreamManager(this.#nats, { checkAPI: false, timeout: 2_000 }).then(async (manager) => {
      const consumers = await manager.consumers.list("USERS").next();
      return JSON.stringify({ stream: await manager.streams.info("USERS"), consumers });
    });
    const told = await streams.catch((error: unknown) => `the stream says: ${error}`);
    return [
      `published ${this.#published.length}, pushed ${await this.#pushed()}, faults ${JSON.stringify(this.#faults)}`,
      told,
      `the service's log: ${file}`,
    ].join("\n");
  }

  async play(): Promise<ChaosResult> {
    await this.#start();
    const pushing = this.#pushAsPeople();
    const publishing = this.#publishAll();
    let isPublished = false;
    void publishing.then(() => {
      isPublished = true;
    });
    for (let faults = 0; faults < this.#options.faultsMin || !isPublished; faults++) {
      await this.#disturb();
      await this.#recover();
    }
    await publishing;
    await untilInTurns(() => this.#isAllPushed(), "the last event on the state branch", 180);
    this.#isOver = true;
    await pushing;
    // The target may have lost races against people until now.
    const expected = await this.#expected();
    const isAsExpected = async () => isSame(await this.#target(), expected);
    await untilInTurns(isAsExpected, "the target as the fold says", 60).catch(() => undefined);
    await this.#service?.stop();
    const wrong = [...(await this.#compare(expected)), ...(await this.#lookBack())];
    await run("git", ["-C", join(this.#folder, "fleet.git"), "fsck", "--strict"]);
    return {
      received: (await this.#received()).length,
      faults: this.#faults,
      recoveries: this.#recoveries.sort((a, b) => a - b),
      pushesOfPeople: this.#pushesOfPeople,
      wrong,
    };
  }

  async #writeFiles(servers: string): Promise<void> {
    const { retention } = this.#options;
    const configuration = { url: servers, authorization: {} };
    const connection =
      retention === "core"
        ? { nats: { configuration: { ...configuration, subjects: [subject] } } }
        : { jetstream: { configuration: { ...configuration, streams: [{ name: "USERS", subjects: [subject] }] } } };
    await this.#write("bus.json", JSON.stringify(connection));
    await this.#write(
      "sluice.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  ${this.#git.settings}
  branch: main
  pollInterval: 1s
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections: [{name: bus, file: ./bus.json}]
state: {directory: ./state}
commit: {maxEvents: 100}
`,
    );
    await run("git", ["init", "--quiet", "--initial-branch=main", join(this.#folder, "checkout")]);
    for (const [path, text] of Object.entries(documents)) await this.#write(`checkout/config/${path}`, text);
    const person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    const checkout = ["-C", join(this.#folder, "checkout")];
    await run("git", [...checkout, "add", "--all"]);
    await run("git", [...checkout, ...person, "commit", "--quiet", "--message=Begin"]);
    await run("git", [...checkout, "push", "--quiet", join(this.#folder, "fleet.git"), "main"]);
  }

  async #write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.#folder, path)), { recursive: true });
    await writeFile(join(this.#folder, path), text);
  }

  async #start(): Promise<void> {
    this.#service = new SluiceProcess(this.#folder, this.#git.env);
    this.#services.push(this.#service);
    await untilInTurns(() => this.#hasStarted(), "the service to be ready", 180);
  }

  /** Throws where it has ended instead. */
  #hasStarted(): boolean {
    const { log, isRunning } = this.#service!;
    if (log.includes('"message":"ready"')) return true;
    if (!isRunning) throw new Error(`sluice run ended:\n${log}`);
    return false;
  }

  /** With core subjects it does not start where there can be no journal, and says so: false. */
  async #startWithoutDisk(): Promise<boolean> {
    try {
      await this.#start();
      return true;
    } catch (error) {
      const hasSaidSo = this.#service?.isRunning === false && this.#service.log.includes("[DISK_UNAVAILABLE]");
      if (this.#options.retention !== "core" || !hasSaidSo) throw error;
      return false;
    }
  }

  async #bare(...args: readonly string[]): Promise<string> {
    const options = { maxBuffer: 512 * 1024 * 1024 };
    return (await run("git", ["-C", join(this.#folder, "fleet.git"), ...args], options)).stdout;
  }

  /** Somebody else's file changes on the target, again and again. */
  async #pushAsPeople(): Promise<void> {
    const env = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    while (!this.#isOver) {
      await sleep(150 + this.#random() * 500);
      if (this.#isOver) return;
      const head = (await this.#bare("rev-parse", "main")).trim();
      const tree = (await this.#bare("rev-parse", "main^{tree}")).trim();
      const commit = ["commit-tree", tree, "-p", head, "-m", `Somebody's ${this.#pushesOfPeople}`];
      const made = (await run("git", ["-C", join(this.#folder, "fleet.git"), ...env, ...commit])).stdout.trim();
      if (await isDone(this.#bare("update-ref", "refs/heads/main", made, head))) this.#pushesOfPeople++;
    }
  }

  async #publishAll(): Promise<void> {
    const { events, faultsMin, retention } = this.#options;
    const js = jetstream(this.#nats);
    // It is over early where a run has failed: why is told by who failed.
    for (let first = 1; first <= events && !this.#isOver; first += atOnce) {
      while (first - this.#pushedCount > backlogMax && retention !== "core" && !this.#isOver) await sleep(50);
      // Of one user one at a time: a try that is repeated must not change the order.
      const some = new Map<string, UserEvent>();
      for (let id = first; id < Math.min(first + atOnce, events + 1); id++) {
        let user = `user-${Math.floor(this.#random() * users)}`;
        while (some.has(user)) user = `user-${Math.floor(this.#random() * users)}`;
        some.set(user, { id, user, type: this.#random() < 0.7 ? "login" : "logout" });
      }
      await Promise.all(
        [...some.values()].map(async (event) => {
          const payload = writeEvent(event);
          if (this.#isOver) return;
          if (retention === "core") this.#nats.publish(subject, payload);
          else
            while (!(await isDone(js.publish(subject, payload, { msgID: String(event.id) }))) && !this.#isOver)
              await sleep(100);
        }),
      );
      if (retention === "core" && !this.#isOver) await this.#nats.flush().catch(() => undefined);
      this.#published.push(...some.values());
      // Spread over the faults.
      await sleep((faultsMin * faultMs * atOnce) / events);
    }
  }

  /** What is known to be pushed of the stream; asked for beside. */
  #pushedCount = 0;

  async #pushed(): Promise<number> {
    const text = await this.#bare("show", "sluice/state:positions/bus.json").catch(() => "{}");
    const { streams = {} } = JSON.parse(text) as { streams?: Record<string, { sequence: number }> };
    this.#pushedCount = Object.values(streams)[0]?.sequence ?? 0;
    return this.#pushedCount;
  }

  async #isAllPushed(): Promise<boolean> {
    return this.#isPushed(this.#options.retention === "core" ? await this.#journaled() : this.#published.length);
  }

  /** Throws where the service has ended by itself: nobody would push it. */
  async #isPushed(wanted: number): Promise<boolean> {
    if (this.#service?.isRunning !== true) throw new Error("sluice run has ended by itself");
    return (await this.#pushed()) >= wanted;
  }

  /** The journal's last sequence, as far as it is on disk. */
  async #journaled(): Promise<number> {
    await this.#received();
    return Math.max(0, ...this.#journal.keys());
  }

  async #disturb(): Promise<void> {
    const kinds = [
      "kill",
      "kill",
      "stop",
      "nats is killed",
      "nats is killed",
      "nats hangs",
      "nats is slow",
      ...gitFaults,
      ...(this.#hasDisk ? (["disk full", "disk read-only"] as const) : []),
    ] as const;
    const kind = kinds[Math.floor(this.#random() * kinds.length)]!;
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    this.#note(kind);
    const someTimeMs = 500 + this.#random() * 3_000;
    const server = this.#servers[Math.floor(this.#random() * this.#servers.length)]!;
    if (kind === "kill") {
      await this.#service?.kill();
      await this.#start();
    } else if (kind === "stop") {
      this.#service?.signal("SIGSTOP");
      await sleep(someTimeMs);
      this.#service?.signal("SIGCONT");
    } else if (kind === "nats is killed") {
      await server.kill();
      await sleep(someTimeMs / 2);
      await server.restart();
    } else if (kind === "nats hangs") {
      server.freeze();
      await sleep(someTimeMs);
      server.thaw();
    } else if (kind === "nats is slow") {
      for (const until = performance.now() + someTimeMs; performance.now() < until; ) {
        server.freeze();
        await sleep(100);
        server.thaw();
        await sleep(20);
      }
    } else if (kind === "disk full") {
      const fill = join(this.#folder, "state", "fill");
      await run("dd", ["if=/dev/zero", `of=${fill}`, "bs=64k"]).catch(() => undefined);
      await sleep(someTimeMs);
      await rm(fill, { force: true });
    } else if (kind === "disk read-only") {
      // As a file system becomes when its disk fails; with files open for writing it can't be had.
      let isRunning = true;
      if (!(await isDone(this.#remount("ro")))) {
        await this.#service?.kill();
        // What the service had started may go on for a while.
        await until(() => isDone(this.#remount("ro")), "nobody to write to the disk");
        isRunning = await this.#startWithoutDisk();
      }
      await sleep(someTimeMs);
      await this.#remount("rw");
      if (!isRunning) await this.#start();
    } else {
      await this.#git.begin(kind, this.#random);
      await sleep(someTimeMs);
      await this.#git.end();
    }
  }

  #note(message: string): void {
    this.#diary.push(`${JSON.stringify({ time: new Date().toISOString(), level: "chaos", message })}\n`);
  }

  async #remount(mode: "ro" | "rw"): Promise<void> {
    await run("mount", ["-o", `remount,${mode}`, join(this.#folder, "state")]);
  }

  /** Until what had been published when a fault was over is pushed. */
  async #recover(): Promise<void> {
    const since = performance.now();
    const { retention } = this.#options;
    const wanted = retention === "core" ? await this.#journaled() : this.#published.length;
    await untilInTurns(() => this.#isPushed(wanted), `event ${wanted} to be pushed`, 300);
    this.#note(`recovered, with ${wanted} events`);
    this.#recoveries.push((performance.now() - since) / 1000);
    await sleep(this.#random() * 1_000);
  }

  /** Every event that there was, as Sluice has it: what came over core NATS while it was down it never had. */
  async #received(): Promise<readonly UserEvent[]> {
    if (this.#options.retention !== "core") return this.#published;
    // A copy: the journal is the service's.
    const copy = join(this.#folder, "journal-copy");
    const take = async () => {
      await rm(copy, { recursive: true, force: true });
      await run("cp", ["-r", join(this.#folder, "state/journal/bus"), copy]);
    };
    // A file may go while it is copied.
    await until(() => isDone(take()), "a copy of the journal");
    await run("find", [copy, "-name", "*lock.*", "-delete"]);
    const journal = await openJournal(copy);
    const last = journal.lastSequence();
    const stop = new AbortController();
    if (last > 0) {
      for await (const { payload, sequence } of journal.read(0, stop.signal, () => undefined)) {
        this.#journal.set(sequence, readEvent(payload));
        if (sequence >= last) break;
      }
    }
    await journal.close();
    return [...this.#journal].sort(([a], [b]) => a - b).map(([, event]) => event);
  }

  async #expected(): Promise<ReadonlyMap<string, number>> {
    const last = new Map<string, UserEvent>();
    for (const event of await this.#received()) last.set(event.user, event);
    return new Map(
      [...last.values()].filter(({ type }) => type === "login").map(({ user, id }): [string, number] => [user, id]),
    );
  }

  async #target(): Promise<ReadonlyMap<string, number>> {
    const list = await this.#bare("grep", "-e", "number:", "main", "--", "rendered").catch(() => "");
    const lines = [...list.matchAll(/\/(user-\d+)\.yaml:.*number: "?(\d+)/g)];
    return new Map(lines.map(([, user = "", number]): [string, number] => [user, Number(number)]));
  }

  async #compare(expected: ReadonlyMap<string, number>): Promise<readonly string[]> {
    const found = await this.#target();
    const all = new Set([...expected.keys(), ...found.keys()]);
    return [...all].flatMap((user) => {
      const [wanted, is] = [expected.get(user), found.get(user)];
      return wanted === is ? [] : [`${user} is ${is ?? "not there"}, and should be ${wanted ?? "gone"}`];
    });
  }

  /** Through the target's history, whatever stands at a path is of a later event than what stood there before. */
  async #lookBack(): Promise<readonly string[]> {
    const log = await this.#bare(
      "log",
      "--reverse",
      "--format=",
      "-p",
      "-U0",
      "--no-renames",
      "main",
      "--",
      "rendered",
    );
    const last = new Map<string, number>();
    const wrong: string[] = [];
    let path = "";
    for (const line of log.split("\n")) {
      path = /^\+\+\+ b\/(.*)$/.exec(line)?.[1] ?? path;
      const value = /^\+.*number: "?(\d+)/.exec(line)?.[1];
      if (value === undefined) continue;
      const before = last.get(path) ?? 0;
      if (Number(value) <= before) wrong.push(`${path} went from event ${before} to event ${value}`);
      last.set(path, Number(value));
    }
    return wrong;
  }
}

/**
 * As `until`, by the time that this process had: on a machine that has none to spare for what is tried, no time passes.
 */
async function untilInTurns(isTrue: () => boolean | Promise<boolean>, what: string, secondsMax: number): Promise<void> {
  let passedMs = 0;
  for (let since = performance.now(); !(await isTrue()); since = performance.now()) {
    if (passedMs > secondsMax * 1000) throw new Error(`waited ${secondsMax} s for ${what}`);
    await sleep(turnMs);
    passedMs += Math.min(performance.now() - since, 2 * turnMs);
  }
}

function writeEvent({ id, user, type }: UserEvent): string {
  return JSON.stringify({ specversion: "1.0", id: String(id), source: "auth", type, subject: user });
}

function readEvent(payload: Uint8Array): UserEvent {
  const event = JSON.parse(Buffer.from(payload).toString()) as { id: string; subject: string; type: "login" };
  return { id: Number(event.id), user: event.subject, type: event.type };
}

function isSame(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return one.size === other.size && [...one].every(([user, number]) => other.get(user) === number);
}

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
