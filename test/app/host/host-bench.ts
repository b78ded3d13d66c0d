/** A host over fakes: files, folders, listeners, connections and leaders that a test can make fail at every step. */
import type { HostParts, Leader, LeaderWindows, Standby } from "../../../src/app/host/host-parts.ts";
import type { Host } from "../../../src/app/host.ts";
import { Host as RealHost } from "../../../src/app/host.ts";
import type { ServiceHealth } from "../../../src/app/http/status-server.ts";
import type { ServiceConfig } from "../../../src/app/read-config.ts";
import { loadSettings } from "../../../src/config/load-settings.ts";
import { type Problem, SluiceError } from "../../../src/model/problem.ts";
import type { LeadingSnapshot } from "../../../src/pipeline/loop/snapshot.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { createFakeEventStream } from "../../fakes/fake-event-stream.ts";
import { FakeLeaseServer } from "../../fakes/fake-lease.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";
import { turns, until } from "../../pipeline/service-bench.ts";

/** Everything of which there may be only so much at once. */
export type Resource =
  | "lock"
  | "control"
  | "listener"
  | "status"
  | "connection"
  | "leader"
  | "standby"
  | "lease"
  | "check";

/** Where a test can make the host wait, or fail: a step, by what it is about. */
export type Step =
  | "read"
  /** A connection's file can't be read. */
  | "link"
  | "check settings"
  | "check database"
  | "fetch database"
  | "check journals"
  | "lock"
  | "control"
  | "listener"
  | "status"
  | "start"
  | "standby"
  | "prepare"
  | "exchange"
  | `close ${Resource}`;

export const baseSettings = (
  more = "",
  repository = "",
  state = "directory: /state",
) => `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: https://git.example.com/acme/fleet.git
  branch: main
  author: {name: sluice, email: sluice@example.com}
  ${repository}
config: {path: config}
connections:
  - {name: bus, file: /bus.json}
state: {${state}}
${more}
`;

interface FakeLeader {
  readonly settings: string;
  fail: (error: unknown) => void;
  inForce: string[];
  unansweredMs: number;
  isAbandoned: boolean;
  mayAct: (() => Promise<boolean>) | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const snapshot: LeadingSnapshot = {
  catalog: { revision: "r", triggers: 1, profiles: 0, clusters: 1 },
  paused: false,
  pauses: [],
  streams: [],
  waiting: 0,
  held: [],
  heldPasses: [],
  absent: {},
  handOvers: [],
  leftBehind: [],
  inTheWay: [],
  failures: {},
  withoutEffect: [],
  effects: [],
  pushes: [],
};

/** `leases`: what instances of one bench share, and how this one is called in it. */
export function createHostBench(first = baseSettings(), leases = new FakeLeaseServer(), name = "one") {
  const clock = createFakeClock();
  clock.holdSleepers();
  const log = createFakeLog();
  const stop = new AbortController();
  /** The settings file; undefined: it is away. */
  const file: { text: string | undefined; version: number } = { text: first, version: 1 };
  const faults = new Map<Step, () => unknown>();
  const open = new Map<Resource, number>();
  const opened: string[] = [];
  const held = new Set<string>();
  const leaders: FakeLeader[] = [];
  /** What the standby says of itself. */
  const standing: Mutable<Pick<Standby, "mayCompete" | "problem" | "stateId">> = {
    mayCompete: true,
    problem: undefined,
    stateId: "state",
  };
  const leaseLinks: ReturnType<FakeLeaseServer["connect"]>[] = [];
  let health: () => ServiceHealth = () => ({ state: "not served", isReady: false, isLeader: false });
  let answer: (request: unknown) => Promise<string> = async () => {
    throw new Error("there is no control socket");
  };

  async function step(name: Step): Promise<void> {
    await faults.get(name)?.();
  }

  function hold(resource: Resource, name: string) {
    open.set(resource, (open.get(resource) ?? 0) + 1);
    opened.push(`${resource} ${name}`);
    let isOpen = true;
    return {
      close: async () => {
        await step(`close ${resource}`);
        if (!isOpen) throw new Error(`${resource} ${name} is closed twice`);
        isOpen = false;
        open.set(resource, (open.get(resource) ?? 0) - 1);
        opened.push(`close ${resource} ${name}`);
      },
    };
  }

  const label = ({ settings }: ServiceConfig) => settings.repository.branch;

  async function startLeader(
    config: ServiceConfig,
    signal: AbortSignal,
    { onReady, mayAct }: Pick<LeaderWindows, "onReady" | "mayAct">,
  ): Promise<Leader> {
    await Promise.race([
      step("start"),
      new Promise((_, reject) =>
        signal.addEventListener("abort", () =>
          reject(new SluiceError({ code: "GIT_UNAVAILABLE", message: "stopped" })),
        ),
      ),
    ]);
    const handle = hold("leader", label(config));
    let fail: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => undefined);
    const entry: FakeLeader = {
      settings: label(config),
      fail,
      inForce: [label(config)],
      unansweredMs: 0,
      isAbandoned: false,
      mayAct,
    };
    leaders.push(entry);
    return {
      run: async (stopped) => {
        onReady();
        if (stopped.aborted) return;
        await Promise.race([failed, new Promise((resolve) => stopped.addEventListener("abort", resolve))]);
      },
      execute: async ({ command }) => `did ${command}`,
      hint: () => undefined,
      snapshot: () => snapshot,
      look: {
        inventory: () => ({ triggers: [], triggersCount: 0, clusters: [], clustersCount: 0 }),
        search: async () => ({ found: [], searched: 0, isWhole: true }),
        entity: async () => undefined,
      },
      lead: { stateId: "state", term: 1 },
      get unansweredMs() {
        return entry.unansweredMs;
      },
      abandon: () => {
        entry.isAbandoned = true;
      },
      prepare: async (next) => {
        await step("prepare");
        return {
          exchange: async (takeStreams) => {
            await step("exchange");
            takeStreams();
            entry.inForce.push(label(next));
          },
        };
      },
      close: handle.close,
    };
  }

  const parts: HostParts = {
    clock,
    log,
    version: "1.2.3",
    settingsFile: "/sluice.yaml",
    readConfig: async () => {
      const { text } = file;
      await step("read");
      if (text === undefined) return { value: undefined, problems: [problem("SETTINGS_INVALID", "it is not there")] };
      if (faults.has("link"))
        return { value: undefined, problems: [problem("CONNECTION_INVALID", "it can't be read")] };
      const { value: settings, problems } = loadSettings(text, "/sluice.yaml");
      if (settings === undefined) return { value: undefined, problems };
      const [bus] = settings.connections;
      const connection = {
        name: bus!.name,
        connectTo: new Map(),
        ...(text.includes("# no core subjects")
          ? {}
          : {
              core: {
                url: "nats://nats:4222",
                authorization: {},
                subjects: [text.includes("more.>") ? "more.>" : "user"],
              },
            }),
      } as unknown as ServiceConfig["connections"][number]["connection"];
      return { value: { settings, connections: [{ settings: bus!, connection }], files: ["/sluice.yaml"] }, problems };
    },
    fingerprint: async () => `${file.version} ${file.text === undefined}`,
    lockState: async (directory) => {
      await step("lock");
      if (held.has(directory)) throw new SluiceError({ code: "JOURNAL_LOCKED", message: `${directory} is in use` });
      held.add(directory);
      const handle = hold("lock", directory);
      return {
        close: async () => {
          held.delete(directory);
          await handle.close();
        },
      };
    },
    openControl: async (directory, given) => {
      await step("control");
      answer = given;
      return hold("control", directory);
    },
    openListener: async (host, port) => {
      await step("listener");
      return hold("listener", `${host}:${port}`);
    },
    openStatus: async (host, port, given) => {
      await step("status");
      health = given.health;
      return hold("status", `${host}:${port}`);
    },
    openConnection: (_, { connection }) => {
      const handle = hold("connection", connection.name);
      let streams = [createFakeEventStream()];
      return {
        get streams() {
          return streams;
        },
        change() {
          const gone = streams;
          streams = [createFakeEventStream()];
          return gone;
        },
        move: ({ state }) => {
          opened.push(`move ${connection.name} to ${state.directory}`);
        },
        close: handle.close,
      };
    },
    checkJournals: async () => step("check journals"),
    checkSettings: async () => step("check settings"),
    checkDatabase: async (_config, _before, onReached, signal) => {
      const gaveUp = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () =>
          reject(new SluiceError({ code: "GIT_UNAVAILABLE", message: "given up" })),
        ),
      );
      await Promise.race([step("check database"), gaveUp]);
      onReached();
      await Promise.race([step("fetch database"), gaveUp]);
    },
    startLeader: (config, _streams, windows, signal) => startLeader(config, signal, windows),
    openStandby: async (config) => {
      await step("standby");
      const handle = hold("standby", label(config));
      let isLeading = false;
      return {
        run: async (signal) => {
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
        get stateId() {
          return standing.stateId;
        },
        get mayCompete() {
          return standing.mayCompete;
        },
        get problem() {
          return standing.problem;
        },
        lead: async (_streams, windows, signal) => {
          const leader = await startLeader(config, signal, windows);
          isLeading = true;
          await handle.close();
          return leader;
        },
        close: async () => {
          if (!isLeading) await handle.close();
        },
      };
    },
    openLease: () => {
      const link = leases.connect();
      leaseLinks.push(link);
      const handle = hold("lease", name);
      const close = async () => {
        await link.lease.close();
        await handle.close();
      };
      return { lease: { ...link.lease, close }, holder: name, address: `${name}:8080` };
    },
    claimState: (claim) => `the state was ${claim}`,
    restoreState: async () => "the state branch is back",
  };

  const host: Host = new RealHost(parts, stop.signal);
  let ended: Promise<boolean> | undefined;
  let hasEnded = false;

  return {
    host,
    clock,
    log,
    parts,
    faults,
    opened,
    leaders,
    standing,
    leases,
    /** Its way to the lease. */
    get leaseLink() {
      return leaseLinks.at(-1);
    },
    held,
    /** Writes the settings file; undefined takes it away. */
    write(text: string | undefined): void {
      file.text = text;
      file.version++;
    },
    run(): Promise<boolean> {
      ended = host.run(() => undefined);
      ended.then(
        () => (hasEnded = true),
        () => (hasEnded = true),
      );
      return ended;
    },
    get hasEnded() {
      return hasEnded;
    },
    stop: () => stop.abort(),
    answer: (request: unknown) => answer(request),
    health: () => health(),
    state: () => host.snapshot().state,
    until: (condition: () => boolean) => until(condition, [clock]),
    /** Lets so many seconds pass, and everything happen that can. */
    async pass(seconds: number): Promise<void> {
      for (let second = 0; second < seconds; second++) {
        await turns(3);
        clock.advance(1000);
      }
      await turns(3);
    },
    /** What is open, and how many of each. */
    openNow: () => Object.fromEntries([...open].filter(([, count]) => count !== 0)),
    /** What is open and should not be, at the end. */
    leaks: () => [...open].filter(([, count]) => count !== 0),
    said: (message: string) => log.lines.filter((line) => line.includes(message)).length,
  };
}

export type HostBench = ReturnType<typeof createHostBench>;

export function problem(code: Problem["code"], message: string): Problem {
  return { code, severity: "error", message };
}

export function failure(code: Problem["code"]): () => never {
  return () => {
    throw new SluiceError({ code, message: `it is ${code}` });
  };
}
