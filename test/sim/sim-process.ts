/**
 * A process of the service on a simulated machine: the real host, standing by, leading, and everything below them, over
 * a repository, streams, a lease, a disk and a clock that a seed disturbs. It can be killed, stopped and cut off at any
 * call to the outside; of a process that is killed no call ever comes back.
 */
import type { JournalFiles } from "../../src/adapters/journal/journal-files.ts";
import type { CliContext } from "../../src/app/cli/context.ts";
import { createReview } from "../../src/app/compose/review.ts";
import { composeSettings, createStandby } from "../../src/app/compose/service.ts";
import type { HostParts } from "../../src/app/host/host-parts.ts";
import { plainText } from "../../src/app/host/plain-text.ts";
import { Host } from "../../src/app/host.ts";
import type { ServiceConfig } from "../../src/app/read-config.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import type { Delivery, StreamPosition } from "../../src/model/delivery.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { SettingsMemory } from "../../src/pipeline/loop/standing-by.ts";
import type { OutcomeSettings } from "../../src/pipeline/outcomes/outcome-teller.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import type { HiddenTexts } from "../../src/ports/hidden-texts.ts";
import type { Lease } from "../../src/ports/lease.ts";
import type { Clock } from "../../src/ports/system.ts";
import { createFakeChance } from "../fakes/fake-chance.ts";
import { FakeGitRepository, type GitOperation, gitUnavailable } from "../fakes/fake-git-repository.ts";
import { createFakeLog, type FakeLog } from "../fakes/fake-log.ts";
import { stateBranch } from "../pipeline/service-bench.ts";
import { rememberingLoader } from "./remembering-loader.ts";
import { type Message, SimCore } from "./sim-bus.ts";
import type { World } from "./world.ts";

export interface Handed {
  readonly delivery: Delivery;
  readonly message: Message;
  /** When it was handed on, among what came over any stream of the process. */
  readonly number: number;
}

/** The adapter gives a call up that has had no answer for so long. */
const gitSilenceMs = 120_000;
/** How likely a process is killed before, and behind, a message that it tells. */
const killedTelling = 0.005;
/** The same for the lease. */
const leaseSilenceMs = 2_000;
/** Nothing here must stand on no branch; what takes a while of this machine's would play a seed otherwise each time. */
const noTexts: HiddenTexts = {
  digestOf: (text) => text,
  read: async () => undefined,
  keep: async () => undefined,
  keepOnly: async () => undefined,
};

export class SimProcess {
  readonly name: string;
  readonly #world: World;
  readonly #seed: number;
  readonly clock: Clock;
  readonly files: JournalFiles;
  readonly core: SimCore;
  readonly log: FakeLog;
  /** By stream what it has handed on, in order. */
  readonly handed = new Map<string, Handed[]>();
  /** By stream, what it has read a second time for a backfill. */
  readonly past = new Map<string, readonly Delivery[]>();
  #handedOn = 0;
  readonly host: Host;
  readonly ended: Promise<boolean>;
  readonly #stop = new AbortController();
  isDead = false;
  isCutFromNats = false;
  isCutFromGit = false;
  isCutFromLease = false;
  /** Calls until it is killed. */
  callsLeft = Number.POSITIVE_INFINITY;
  #stopped: { readonly over: Promise<void>; readonly resume: () => void } | undefined;
  #answer: (request: unknown) => Promise<string> = () => Promise.reject(new Error("there is no control socket"));
  #views = new Map<string, EventStream>();

  constructor(world: World, name: string, seed: number) {
    this.#world = world;
    this.#seed = seed;
    this.name = name;
    const { clock } = world;
    this.log = telling(createFakeLog(), (text) => world.tell(`${name}: ${text}`));
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      turn: () => clock.turn(),
      sleep: async (milliseconds, signal) => {
        await clock.sleep(milliseconds, signal);
        await this.#untilRunning();
      },
    };
    this.files = world.diskOf(name).files({
      now: () => Math.floor(clock.now()),
      sleep: (milliseconds, signal) => this.clock.sleep(milliseconds, signal),
      gate: () => this.gate(),
    });
    this.core = new SimCore(this, () => world.isCoreAway);
    this.host = new Host(this.#parts(seed), this.#stop.signal);
    this.ended = this.host.run((problems) => {
      throw new Error(problems.map(({ message }) => message).join("; "));
    });
    this.ended.catch(() => undefined);
  }

  get isLeading(): boolean {
    return !this.isDead && this.host.snapshot().state === "leading";
  }

  /** At any time, also before it began. */
  get hasDiskFailed(): boolean {
    return this.#world.diskOf(this.name).faults > 0;
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Every call to the outside passes it, before and after. */
  async gate(): Promise<void> {
    if (!this.isDead && this.callsLeft-- <= 0) this.#world.kill(this);
    await this.#untilRunning();
  }

  async #untilRunning(): Promise<void> {
    while (this.#stopped !== undefined && !this.isDead) await this.#stopped.over;
    if (this.isDead) await new Promise<never>(() => undefined);
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.#stopped !== undefined) return;
    let resume: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      resume = resolve;
    });
    this.#stopped = { over, resume };
  }

  /** SIGCONT. */
  resume(): void {
    this.#stopped?.resume();
    this.#stopped = undefined;
  }

  /** Something that must never happen. */
  report(violation: string): void {
    this.#world.violations.push(violation);
  }

  /** In order. */
  stop(): void {
    this.#stop.abort();
  }

  /** A reading begins behind a position: what was handed on behind it will be handed on once more. */
  beginReading(stream: string, from: StreamPosition | undefined): void {
    const list = this.handed.get(stream) ?? [];
    this.handed.set(stream, list.slice(0, findPosition(list, from) + 1));
  }

  hand(delivery: Delivery, message: Message): void {
    this.handed.get(delivery.stream)!.push({ delivery, message, number: ++this.#handedOn });
  }

  /** A stretch behind a sequence was read a second time: what had been read behind that counts no more. */
  notePast(stream: string, after: number, deliveries: readonly Delivery[]): void {
    const before = (this.past.get(stream) ?? []).filter(({ position }) => position.sequence <= after);
    this.past.set(stream, [...before, ...deliveries]);
  }

  /** Until a server answers. Throws where it does not. */
  async answer(code: "NATS_UNAVAILABLE" | "FORGE_UNAVAILABLE" = "NATS_UNAVAILABLE"): Promise<void> {
    await this.gate();
    await this.#world.latency(this);
    await this.gate();
    if (this.#world.chance.next() >= this.#world.trouble) return;
    this.#world.counts.faults++;
    throw new SluiceError({ code, message: "no answer" });
  }

  /** A command over its socket. */
  async ask(request: unknown): Promise<string> {
    return this.#answer(request);
  }

  #parts(seed: number): HostParts {
    const world = this.#world;
    const { clock, log } = this;
    const chance = createFakeChance(seed);
    const closable = { close: async () => undefined };
    let known: { readonly text: string; readonly memory: SettingsMemory } | undefined;
    const memoryFor = ({ settings }: ServiceConfig) => {
      const text = plainText(settings);
      if (known?.text !== text) known = { text, memory: { wereInForce: false } };
      return known.memory;
    };
    const openStandby = (config: ServiceConfig) => {
      const git = new FakeGitRepository(world.remote);
      // Closing ends whatever is under way, also while a server keeps silent.
      const closed = new AbortController();
      git.close = async () => closed.abort();
      git.fault = (operation, when) => this.#disturbGit(git, operation, when, closed.signal);
      git.refusals.push(...world.takeRefusals());
      const compose: Parameters<typeof createStandby>[2] = (given, ports) => {
        const { review } = given.settings;
        // The forge is the world's.
        const unreviewed = { ...given, settings: { ...given.settings, review: { mode: "push" } as const } };
        const settings = composeSettings({} as CliContext, unreviewed, ports);
        const host = world.forge.view(this);
        const reviewed =
          review.mode === "push" ? {} : { review: createReview(given.settings, review, { ...ports, host }) };
        const outcomes = world.hasOutcomes ? { outcomes: this.#outcomes() } : {};
        const options = { ...settings.options, hidden: noTexts };
        const loadCatalog = world.noting(rememberingLoader(given.settings, given.connections));
        return { ...settings, ...outcomes, ...reviewed, options, loadCatalog };
      };
      const machine = { git, clock, chance, loader: rememberingLoader };
      return createStandby(config, machine, compose, { log }, memoryFor);
    };
    return {
      clock,
      log,
      version: "1.2.3",
      settingsFile: "/sluice.yaml",
      readConfig: async () => {
        await this.gate();
        return readConfig(world.settingsOf(this.name), world.streamsOf(this.name));
      },
      fingerprint: async () => {
        await this.gate();
        return `${world.settingsOf(this.name)} ${world.streamsOf(this.name).join()}`;
      },
      lockState: async () => closable,
      openControl: async (_, answer) => {
        this.#answer = answer;
        return closable;
      },
      openListener: async () => closable,
      openStatus: async () => closable,
      openConnection: (_, { connection }) => {
        const views = (given: ServiceConfig["connections"][number]["connection"]) => {
          const names = given.jetstream?.streams.map(({ name }) => `bus/${name}`) ?? [];
          const streams = names.map((name) => {
            const view = this.#views.get(name) ?? world.streamNamed(name).view(this);
            this.#views.set(name, view);
            return view;
          });
          return given.core === undefined ? streams : [...streams, this.#coreView()];
        };
        let streams = views(connection);
        return {
          get streams() {
            return streams;
          },
          change: (next) => {
            const before = streams;
            streams = views(next.connection);
            const gone = before.filter((stream) => !streams.includes(stream));
            for (const { name } of gone) this.#views.delete(name);
            return gone;
          },
          move: () => undefined,
          close: async () => {
            for (const stream of streams) {
              await stream.close();
              this.#views.delete(stream.name);
            }
          },
        };
      },
      checkSettings: async () => undefined,
      checkJournals: async () => undefined,
      checkDatabase: async () => undefined,
      startLeader: (config, streams, windows, signal) => openStandby(config).lead(streams, windows, signal),
      openStandby: async (config) => openStandby(config),
      openLease: () => ({ lease: this.#lease(), holder: `${this.name}-${seed}`, address: this.name }),
      claimState: () => undefined,
      restoreState: async () => undefined,
    };
  }

  #coreView(): EventStream {
    const view = this.#views.get(this.core.name) ?? this.core.view();
    this.#views.set(this.core.name, view);
    return view;
  }

  /** A call takes its time, may fail before or behind its effect, or get no answer for long. */
  async #disturbGit(
    git: FakeGitRepository,
    operation: GitOperation,
    when: "before" | "after",
    closed: AbortSignal,
  ): Promise<void> {
    const world = this.#world;
    // What arrived has arrived, whatever becomes of who sent it.
    if (operation === "push" && when === "after") world.notePush(this);
    await this.gate();
    const isRemote = operation === "push" || operation === "fetch";
    if (!isRemote) {
      // Reading fails only where the clone is a partial one, writing where the disk is full; rarely, both.
      if (world.chance.next() >= world.trouble / 40) return;
      world.counts.faults++;
      if (operation === "read") throw gitUnavailable(`${operation}, ${when}`);
      throw new SluiceError({ code: "DISK_UNAVAILABLE", message: "no room" });
    }
    if (when === "before" && operation === "push") world.beforePush(git);
    await world.latency(this);
    if (closed.aborted) throw gitUnavailable("closed");
    if (this.isCutFromGit) throw gitUnavailable("cut off");
    if (world.chance.next() >= world.trouble) return;
    world.counts.faults++;
    if (world.chance.next() < 0.2) {
      world.counts.hangs++;
      await this.clock.sleep(gitSilenceMs, closed);
      await this.gate();
    }
    throw gitUnavailable(`${operation}, ${when}`);
  }

  /** A message may get lost, and so may the answer that says that it has arrived; or the process ends before or behind it. */
  #outcomes(): OutcomeSettings {
    const world = this.#world;
    // Of its own: what is told changes nothing of what else happens in this world.
    const chance = createFakeChance(this.#seed);
    const mayEnd = async () => {
      if (!this.isDead && world.trouble > 0 && chance.next() < killedTelling) world.kill(this);
      await this.#untilRunning();
    };
    const publish = async (_: string, payload: Uint8Array) => {
      await mayEnd();
      const isLost = chance.next() < world.trouble || this.isCutFromNats;
      const hasArrived = !isLost || (!this.isCutFromNats && chance.next() < 0.5);
      const { id } = JSON.parse(new TextDecoder().decode(payload)) as { id: string };
      if (hasArrived) world.toldOutcomes.push({ id, head: world.remote.branches.get(stateBranch) });
      await mayEnd();
      if (isLost) throw new SluiceError({ code: "NATS_UNAVAILABLE", message: "no answer" });
    };
    const publisher = { publish, close: async () => undefined };
    return { subject: "outcomes", publisher, redactor: { redact: (text) => text } };
  }

  #lease(): Lease {
    const world = this.#world;
    const { lease } = world.leases.connect();
    const silent = () => new SluiceError({ code: "NATS_UNAVAILABLE", message: "no answer" });
    const call = async <T>(work: () => Promise<T>): Promise<T> => {
      await this.gate();
      if (this.isCutFromLease || this.isCutFromNats) {
        await this.clock.sleep(leaseSilenceMs);
        throw silent();
      }
      const isLost = world.chance.next() < world.trouble;
      // The answer, or the call.
      if (isLost && world.chance.next() < 0.5) throw silent();
      const result = await work();
      await this.gate();
      if (!isLost) return result;
      await this.clock.sleep(leaseSilenceMs);
      throw silent();
    };
    return {
      read: () => call(() => lease.read()),
      write: (value, at) => call(() => lease.write(value, at)),
      close: () => lease.close(),
    };
  }
}

function telling(log: FakeLog, tell: (text: string) => void): FakeLog {
  const noting =
    (level: "info" | "warn" | "error"): FakeLog["info"] =>
    (message, fields) => {
      tell(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
      log[level](message, fields);
    };
  const problem: FakeLog["problem"] = (one, fields) => {
    tell(`${one.severity} ${one.code} ${one.message}`);
    log.problem(one, fields);
  };
  return { ...log, info: noting("info"), warn: noting("warn"), error: noting("error"), problem };
}

/** -1: it is not among them. */
export function findPosition(list: readonly Handed[], at: StreamPosition | undefined): number {
  return list.findLastIndex(
    ({ delivery: { position } }) => position.epoch === at?.epoch && position.sequence === at.sequence,
  );
}

const loadedSettings = new Map<string, ReturnType<typeof loadSettings>>();

/** What is read of a text is the same in every world. */
function readSettings(text: string): ReturnType<typeof loadSettings> {
  const loaded = loadedSettings.get(text) ?? loadSettings(text, "/sluice.yaml");
  loadedSettings.set(text, loaded);
  return loaded;
}

function readConfig(text: string, streams: readonly string[]): Awaited<ReturnType<HostParts["readConfig"]>> {
  const { value: settings, problems } = readSettings(text);
  if (settings === undefined) return { value: undefined, problems };
  const endpoint = { url: "nats://nats:4222", authorization: {} };
  const kept = streams.filter((name) => name !== "core").map((name) => ({ name, subjects: [name.toLowerCase()] }));
  const connection = {
    name: "bus",
    connectTo: new Map<string, string>(),
    jetstream: { ...endpoint, streams: kept },
    ...(streams.includes("core") ? { core: { ...endpoint, subjects: ["core"] } } : {}),
  };
  const [bus] = settings.connections;
  return { value: { settings, connections: [{ settings: bus!, connection }], files: ["/sluice.yaml"] }, problems };
}
