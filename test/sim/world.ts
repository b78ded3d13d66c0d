/**
 * A world that a seed decides: events, people, documents and settings that change, and servers, machines and processes
 * that fail at any call.
 *
 * Whatever happens happens through the service's ports. When it is over everything is calm once more, and what is in the
 * repository has to be right.
 */
import type { Catalog } from "../../src/model/catalog.ts";
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { dispositionOf } from "../../src/model/disposition.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { LoadCatalog } from "../../src/pipeline/loop/in-force.ts";
import type { ObjectId } from "../../src/ports/git.ts";
import { createFakeChance, type FakeChance } from "../fakes/fake-chance.ts";
import { createFakeClock } from "../fakes/fake-clock.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import type { FakeGitRepository, Refusals } from "../fakes/fake-git-repository.ts";
import { FakeLeaseServer } from "../fakes/fake-lease.ts";
import { findTreeEntry, walkFiles } from "../fakes/git-objects.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { cloudEvent, keyOfTexts, stateBranch, turns } from "../pipeline/service-bench.ts";
import { documentVariants } from "./documents.ts";
import { lateTrigger } from "./late-trigger.ts";
import { type Message, SimStream } from "./sim-bus.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimForge } from "./sim-forge.ts";
import { findPosition, type Handed, SimProcess } from "./sim-process.ts";

const guardLimits = {
  open: "{removals: 1000000, share: 1, additions: 1000000}",
  closed: "{removals: 0, share: 1, additions: 1000000}",
  asked: "{removals: 2, share: 0.5, additions: 1000000}",
} as const;

const reviewSettings =
  "review: {mode: pull-request, forge: gitea, auth: {token: {env: TOKEN}}, minInterval: 1s, pollInterval: 10s}";

/** Of each stream its own, so that an entity's events have one order. */
const subjects = {
  EVENTS: ["alice", "bob", "Carol/x"],
  MORE: ["dave", "Erin/y"],
  core: ["frank", "gina"],
} as const;

type Source = keyof typeof subjects;

/**
 * alone: one process, with core subjects; in turn: two that share a lease; rivals: two without one, of which who starts
 * last leads.
 */
type Kind = "alone" | "in turn" | "rivals";

const epochStart = Date.UTC(2026, 0, 1);

export class World {
  readonly kind: Kind;
  readonly remote = new FakeGitRemote();
  readonly clock = createFakeClock();
  readonly chance: FakeChance;
  readonly leases = new FakeLeaseServer();
  readonly forge = new SimForge(this.remote);
  /** The target is changed by requests alone, which people merge or turn down. */
  readonly isReviewed: boolean;
  readonly streams: ReadonlyMap<string, SimStream>;
  /** Everything that was published, in order. */
  readonly messages: Message[] = [];
  /** Of each state commit, what it took. */
  readonly taken = new Map<ObjectId, readonly Handed[]>();
  /** Of each state commit, what a backfill made of what was read a second time. */
  readonly backfilled = new Map<ObjectId, readonly Delivery[]>();
  readonly checkpoints = new Map<ObjectId, Checkpoint>();
  readonly catalogs = new Map<string, Catalog>();
  /** What people put into the target that is not Sluice's. */
  readonly foreign = new Map<string, string>();
  /** What must never happen, and did. */
  readonly violations: string[] = [];
  /** What the guard lets configuration remove: everything, nothing, or a little without being asked. */
  readonly guard: "open" | "closed" | "asked";
  /** Whether somebody is told what became of events. */
  readonly hasOutcomes: boolean;
  /** What was told, and where the state was on the server then. */
  readonly toldOutcomes: { readonly id: string; readonly head: ObjectId | undefined }[] = [];
  /** Whether people have changed what is Sluice's. */
  hasEdits = false;
  /** Whether people have taken away what was left. */
  hasForgotten = false;
  /** How likely a call fails, while the world is not calm. */
  trouble = 0;
  readonly counts = {
    starts: 0,
    kills: 0,
    faults: 0,
    hangs: 0,
    stops: 0,
    cuts: 0,
    reloads: 0,
    changes: 0,
    restored: 0,
    absences: 0,
    diskFaults: 0,
    contended: 0,
    backfills: 0,
  };
  isCoreAway = false;
  /** What happened and what processes said, with the time, where somebody wants to know. */
  readonly story: string[] = [];
  readonly #isTold: boolean;
  readonly #seed: number;
  readonly #disks = new Map<string, SimDisk>();
  readonly #processes = new Map<string, SimProcess>();
  readonly #revisions = new Map<string, string>();
  readonly #refusals: Refusals[] = [];
  /** Of each machine, its settings' variant, and which streams it reads. */
  readonly #commit = new Map<string, string>();
  #streamNames: readonly string[];
  #events = 0;
  #stamps = 0;
  readonly #doStampsFall: boolean;
  /** In the end people merge everything. */
  readonly #doesMerge: boolean;
  /** How likely people edit what is Sluice's, when they push at all. */
  readonly #meddling: number;
  /** Somebody else pushes to the target before each push of it. */
  #isContended = false;
  #absentTarget: ObjectId | undefined;
  #stateHead: ObjectId | undefined;

  constructor(seed: number, isTold = false) {
    this.#seed = seed;
    this.#isTold = isTold;
    this.clock.holdSleepers();
    this.chance = createFakeChance(seed);
    const { chance } = this;
    this.kind = chance.pick(["alone", "alone", "in turn", "in turn", "rivals"]);
    this.remote.isAtomic = chance.next() < 0.6;
    this.isReviewed = chance.next() < 0.25;
    this.hasOutcomes = seed % 2 === 1 && !this.isReviewed;
    this.#doesMerge = this.isReviewed && chance.next() < 0.5;
    this.#meddling = chance.pick([0, 0, 0.6]);
    this.guard = chance.pick(["open", "open", "closed", "asked"]);
    // Stamps of a server fall with its clock: within an epoch they decide nothing. What a restored stream has is told from
    // what is new by its stamps as well, so that such a server's never fall.
    this.#doStampsFall = seed % 2 === 0;
    const now = () => (this.#doStampsFall ? this.clock.now() : this.clock.monotonic() + epochStart) + ++this.#stamps;
    const pushed = (stream: string) => this.checkpoint()?.positions.get(stream);
    const streams = (["EVENTS", "MORE"] as const).map(
      (name) => new SimStream(name, name.toLowerCase(), chance.next() < 0.4, now, pushed),
    );
    this.streams = new Map(streams.map((stream) => [stream.name, stream]));
    this.#streamNames = this.kind === "alone" ? ["EVENTS", "MORE", "core"] : ["EVENTS", "MORE"];
    for (const [path, variants] of Object.entries(documentVariants)) {
      this.remote.commitAsPerson("main", { [path]: variants[0] });
    }
    // Some have had it from the beginning, and it is to act on all that once more.
    const latePath = `config/${lateTrigger}.yaml`;
    if (chance.next() < 0.4) this.remote.commitAsPerson("main", { [latePath]: documentVariants[latePath]![1] });
  }

  /** Lets everything happen, then calms down and stops the service. */
  async play(steps: number): Promise<void> {
    this.trouble = this.chance.pick([0, 0.01, 0.05]);
    for (let step = 0; step < steps; step++) {
      await this.#keepRunning();
      await this.#act();
      await this.#pass(this.chance.pick([1, 20, 200, 1_000, 3_000]));
    }
    await this.#comeToRest();
  }

  tell(text: string): void {
    if (this.#isTold) this.story.push(`${(this.clock.monotonic() / 1000).toFixed(3)} ${text}`);
  }

  // What processes ask of it.

  diskOf(machine: string): SimDisk {
    const disk = this.#disks.get(machine) ?? new SimDisk(this.chance);
    this.#disks.set(machine, disk);
    return disk;
  }

  settingsOf(machine: string): string {
    const lease = this.kind === "in turn" ? "lease: {connection: bus, bucket: leases, duration: 10s}" : "";
    return `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: https://git.example.com/acme/fleet.git
  branch: main
  pollInterval: 10s
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections: [{name: bus, file: /bus.json}]
state: {directory: /state}
guard: ${guardLimits[this.guard]}
commit: ${this.#commit.get(machine) ?? "{}"}
${lease}
${this.isReviewed ? reviewSettings : ""}
${this.hasOutcomes ? "outcomes: {connection: bus, subject: outcomes}" : ""}
`;
  }

  /** Which streams a machine is told to read; `core` is what comes over core NATS. */
  streamsOf(_: string): readonly string[] {
    return this.#streamNames;
  }

  streamNamed(name: string): SimStream {
    return this.streams.get(name)!;
  }

  noting(load: LoadCatalog): LoadCatalog {
    return (files, previous, instead) => {
      const checked = load(files, previous, instead);
      this.catalogs.set(checked.value.revision, checked.value);
      this.#revisions.set(keyOfTexts(files.map(({ text }) => text)), checked.value.revision);
      return checked;
    };
  }

  takeRefusals(): readonly Refusals[] {
    return this.#refusals.splice(0);
  }

  latency(process: SimProcess): Promise<void> {
    return process.clock.sleep(this.chance.pick([1, 1, 5, 50, 400]));
  }

  beforePush(git: FakeGitRepository): void {
    git.refusals.push(...this.takeRefusals());
    if (this.#isContended && this.remote.branches.has("main")) {
      this.counts.contended++;
      this.#commitForeign("README.md");
    }
  }

  /** A push of that process has arrived, or was refused: what is new on the state branch is what it made of what it read. */
  notePush(process: SimProcess): void {
    const fresh: ObjectId[] = [];
    for (
      let id = this.remote.branches.get(stateBranch);
      id !== undefined && !this.taken.has(id);
      id = this.remote.commit(id).parents[0]
    )
      fresh.unshift(id);
    const [first] = fresh;
    if (first !== undefined && this.#stateHead !== undefined) {
      if (this.remote.commit(first).parents[0] !== this.#stateHead) this.violations.push("the state forks");
    }
    this.#stateHead = fresh.at(-1) ?? this.#stateHead;
    for (const id of fresh) {
      const [parent] = this.remote.commit(id).parents;
      const before = parent === undefined ? undefined : this.checkpoints.get(parent);
      const after = this.#readCheckpoint(id);
      this.checkpoints.set(id, after);
      const taken: Handed[] = [];
      for (const [stream, to] of after.positions) {
        const from = before?.positions.get(stream);
        if (from?.epoch === to.epoch && from.sequence === to.sequence) continue;
        if (from?.epoch === to.epoch && to.sequence < from.sequence) this.violations.push(`${stream} went back`);
        const list = process.handed.get(stream) ?? [];
        const end = findPosition(list, to);
        if (end < 0) this.violations.push(`the position of ${stream} is one that nobody handed on`);
        taken.push(...list.slice(findPosition(list, from) + 1, end + 1));
      }
      // As they came, whichever stream they came over: so they were folded in.
      taken.sort((a, b) => a.number - b.number);
      for (const { message } of taken) {
        if (message.isTaken) this.violations.push(`${message.id} is taken twice`);
        message.isTaken = true;
      }
      this.taken.set(id, taken);
      this.backfilled.set(id, readAgain(process, before, after));
      if (before?.pending.backfill === undefined && after.pending.backfill !== undefined) this.counts.backfills++;
    }
  }

  /** kill -9, or the machine loses its power. */
  kill(process: SimProcess): void {
    process.isDead = true;
    this.counts.kills++;
    this.tell(`${process.name} is killed`);
    const disk = this.diskOf(process.name);
    for (const message of this.messages) {
      if (message.stream === "core" && !disk.isDurable(message.payload)) message.mayBeLost = true;
    }
    disk.crash();
  }

  checkpoint(): Checkpoint | undefined {
    const head = this.remote.branches.get(stateBranch);
    return head === undefined ? undefined : (this.checkpoints.get(head) ?? this.#readCheckpoint(head));
  }

  #readCheckpoint(commit: ObjectId): Checkpoint {
    const { tree } = this.remote.commit(commit);
    const files = new Map<string, string>();
    for (const name of ["checkpoint.json", "positions"]) {
      const entry = findTreeEntry(this.remote, tree, name);
      if (entry === undefined) continue;
      const blob = this.remote.find(entry.id);
      if (blob?.type === "blob") files.set(name, blob.text);
      else for (const [path, text] of walkFiles(this.remote, entry.id, `${name}/`)) files.set(path, text);
    }
    return storedCheckpoint(files)!;
  }

  /** History of the state, the oldest commit first. */
  history(): readonly ObjectId[] {
    return this.remote
      .history(stateBranch)
      .map(({ id }) => id)
      .reverse();
  }

  // What happens.

  async #act(): Promise<void> {
    const { chance } = this;
    const draw = chance.next();
    this.tell(`act ${draw.toFixed(3)}`);
    if (this.isReviewed && chance.next() < 0.15) this.forge.act(chance);
    if (draw < 0.42) this.#publish();
    else if (draw < 0.5) this.#backfill();
    else if (draw < 0.56) await this.#pass(chance.pick([5_000, 20_000, 61_000]));
    else if (draw < 0.57) this.clock.advance(chance.pick([15_000, 70_000]));
    else if (draw < 0.66) this.#changeDocument();
    else if (draw < 0.72) this.#interfere();
    else if (draw < 0.77) this.#aim();
    else if (draw < 0.8) this.#someone()?.stop();
    else if (draw < 0.83) this.#refuse();
    else if (draw < 0.86) this.#disturbStreams();
    else if (draw < 0.88) await this.#approve();
    else if (draw < 0.885) this.#forgetLeft();
    else if (draw < 0.9) this.#command();
    else if (draw < 0.93) this.#disturbProcess();
    else if (draw < 0.95) this.#disturbDisk();
    else if (draw < 0.965) this.#changeSettings();
    else if (draw < 0.975) this.#disturbTarget();
    else if (draw < 0.98) this.leases.recreate();
    // The wall clock dates things and decides nothing: it may be set back, and stamps fall.
    else if (draw < 0.99) this.clock.setBy(chance.pick([-3_600_000, -61_000, -1000, 5000, 7_200_000]));
    else await turns(50);
  }

  #publish(): void {
    const { chance } = this;
    const sources: Source[] = this.kind === "alone" ? ["EVENTS", "MORE", "core", "core"] : ["EVENTS", "MORE"];
    const stream = chance.pick(sources);
    const subject = chance.pick(subjects[stream]);
    const type = chance.pick(["login", "login", "login", "logout"]);
    const data = {
      value: chance.pick(["1", "2"]),
      cluster: chance.pick(["one", "two", "three"]),
      // Without it templates that want it fail.
      ...(chance.next() < 0.85 ? { extra: chance.pick(["x", "y"]) } : {}),
    };
    for (let copies = chance.next() < 0.03 ? 20 : 1; copies > 0; copies--) {
      const id = `event-${++this.#events}-`;
      const text = chance.next() < 0.05 ? `no JSON ${id}` : cloudEvent({ subject, type, id, data });
      const payload = new TextEncoder().encode(text);
      const message: Message = { id, stream, payload, mayBeLost: false, isTaken: false };
      this.messages.push(message);
      this.tell(`${id} over ${stream}: ${text}`);
      if (stream !== "core") this.streamNamed(`bus/${stream}`).publish(message);
      else {
        const [process] = this.#processes.values();
        if (process === undefined) message.mayBeLost = true;
        else process.core.receive(message);
        this.tell(message.mayBeLost ? "nobody takes it" : "it is taken into the journal");
      }
    }
  }

  /**
   * One change after the other: what a pass has not reached yet knows nothing of a change in between, so that the end
   * would depend on how far it came.
   */
  #changeDocument(path = this.chance.pick(Object.keys(documentVariants))): void {
    if (!this.remote.branches.has("main")) return;
    const texts = [...this.remote.files("main", "config").values()];
    const revision = this.#revisions.get(keyOfTexts(texts));
    const checkpoint = this.checkpoint();
    const isFollowed = (revision !== undefined && checkpoint?.catalog === revision) || this.#held().length > 0;
    if (
      !isFollowed ||
      checkpoint === undefined ||
      checkpoint.pending.passes.length + checkpoint.pending.reviews.length > 0
    )
      return;
    this.counts.changes++;
    this.remote.commitAsPerson("main", { [path]: this.chance.pick(documentVariants[path]!) });
  }

  #commitForeign(path: string): void {
    const text = `by a person, ${this.clock.now()} ${this.remote.pushes} ${this.counts.contended}\n`;
    this.foreign.set(path, text);
    this.remote.commitAsPerson("main", { [path]: text });
  }

  /** A person pushes to the target: something of their own, or something of Sluice's. */
  #interfere(): void {
    if (!this.remote.branches.has("main")) return;
    if (this.isReviewed) {
      if (this.chance.next() < 0.2) this.#commitForeign("README.md");
      else this.forge.act(this.chance);
      return;
    }
    const rendered = [...this.remote.files("main", "rendered").keys()].filter((path) => !this.foreign.has(path));
    const isEdit = rendered.length > 0 && this.chance.next() < this.#meddling;
    this.hasEdits ||= isEdit;
    if (!isEdit) {
      const paths = ["README.md", "rendered/mgmt/one/kustomization.yaml", "rendered/mgmt/two/triggers/note.txt"];
      // A folder that others have manifests in, and Sluice has none, it does not take over.
      const chosen = this.chance.pick(paths);
      this.#commitForeign(rendered.length === 0 ? "README.md" : chosen);
    } else if (this.chance.next() < 0.5) {
      // Without the label it would be theirs as soon as nobody renders it any more.
      const text = "metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\nedited: true\n";
      this.remote.commitAsPerson("main", { [this.chance.pick(rendered)]: text });
    } else this.remote.commitAsPerson("main", { [this.chance.pick(rendered)]: undefined });
  }

  #leader(): SimProcess | undefined {
    return [...this.#processes.values()].find(({ isLeading, isStopped }) => isLeading && !isStopped);
  }

  #someone(): SimProcess | undefined {
    const all = [...this.#processes.values()].filter(({ isDead }) => !isDead);
    return all.length === 0 ? undefined : this.chance.pick(all);
  }

  #held(): readonly string[] {
    const leading = this.#leader()?.host.snapshot().leading;
    return [...(leading?.held ?? []), ...(leading?.heldPasses ?? [])].map(({ id }) => id);
  }

  /** A person allows what is held, where it is a person's to allow. */
  async #approve(): Promise<void> {
    const ids = this.#held();
    if (this.guard !== "asked" || ids.length === 0) return;
    this.#ask({ command: "approve", ids });
  }

  /** What was held may be so no more by the time the service comes to it, or the service be gone. */
  #ask(command: object): void {
    void this.#leader()
      ?.ask(command)
      .catch((error: unknown) => {
        if (!(error instanceof SluiceError)) this.violations.push(String(error));
      });
  }

  /** A person takes away what LeavePolicies left. */
  #forgetLeft(): void {
    this.hasForgotten = true;
    this.#ask({ command: "forget-left" });
  }

  /** A trigger that came later is to act on what was before it came. */
  #backfill(): void {
    const path = `config/${lateTrigger}.yaml`;
    if (this.remote.file("main", path) === undefined) {
      this.#changeDocument(path);
      return;
    }
    const since = new Date(this.clock.now() - this.chance.below(120_000)).toISOString();
    this.#ask({ command: "backfill", trigger: lateTrigger, ...(this.chance.next() < 0.3 ? { since } : {}) });
  }

  /** What changes nothing in the end. */
  #command(): void {
    const commands = ["pause", "resume", "rerender", "repair", ...(this.isReviewed ? ["propose"] : [])];
    this.#ask({ command: this.chance.pick(commands), purge: false });
  }

  /** A process is killed at one of its next calls. */
  #aim(): void {
    const process = this.#someone();
    if (process !== undefined) process.callsLeft = this.chance.below(60);
  }

  /** The server refuses one of the next pushes. */
  #refuse(): void {
    const branch = this.chance.pick(["main", stateBranch]);
    // A state that is said to be elsewhere and is not would be a lie that the service has to check.
    this.#refusals.push(new Map([[branch, this.chance.pick(["moved", "refused"] as const)]]));
  }

  #disturbStreams(): void {
    const stream = this.chance.pick([...this.streams.values()]);
    const what = this.chance.next();
    if (what < 0.4) {
      stream.isAway = !stream.isAway;
      stream.wake();
    } else if (what < 0.5) this.isCoreAway = !this.isCoreAway;
    else if (what < 0.7) stream.expire(this.chance.below(4));
    else if (what < 0.85 && !this.#doStampsFall) {
      this.counts.restored++;
      stream.restore(this.chance.below(3));
    } else {
      this.counts.restored++;
      stream.recreate();
    }
  }

  /** Stopped and continued, cut off from one thing or another, and connected again. */
  #disturbProcess(): void {
    const process = this.#someone();
    if (process === undefined) return;
    const what = this.chance.next();
    if (process.isStopped) process.resume();
    else if (what < 0.35) {
      this.counts.stops++;
      process.pause();
    } else {
      this.counts.cuts++;
      if (what < 0.55) process.isCutFromGit = !process.isCutFromGit;
      else if (what < 0.75) process.isCutFromLease = !process.isCutFromLease;
      else process.isCutFromNats = !process.isCutFromNats;
      for (const stream of this.streams.values()) stream.wake();
    }
  }

  #disturbDisk(): void {
    const disk = this.diskOf(this.chance.pick(["a", "b"]));
    if (disk.trouble > 0 || disk.isFull) {
      disk.trouble = 0;
      disk.isFull = false;
    } else if (this.chance.next() < 0.5) disk.trouble = this.chance.pick([0.05, 0.3]);
    else disk.isFull = true;
  }

  /** What does not shape the tree; and streams that are read no more, for a while. */
  #changeSettings(): void {
    this.counts.reloads++;
    if (this.chance.next() < 0.4) {
      const all = this.kind === "alone" ? ["EVENTS", "MORE", "core"] : ["EVENTS", "MORE"];
      this.#streamNames = this.#streamNames.length < all.length ? all : all.filter((name) => name !== "MORE");
      return;
    }
    const text = this.chance.pick(["{maxEvents: 1}", "{maxEvents: 5}", "{per: event}", "{minInterval: 2s}", "{}"]);
    for (const machine of ["a", "b"]) this.#commit.set(machine, text);
  }

  /** The target is deleted, or set to a history that is not ours, and comes back. */
  #disturbTarget(): void {
    const { remote, chance } = this;
    this.#restoreTarget();
    const head = remote.branches.get("main");
    const what = chance.next();
    if (what < 0.4 || this.isReviewed) {
      this.#isContended = !this.#isContended;
      return;
    }
    this.counts.absences++;
    if (what < 0.75 && head !== undefined) {
      this.#absentTarget = head;
      remote.branches.delete("main");
    } else if (head !== undefined) {
      // Forced to a history of its own, with what people have in it alone.
      const files = [...remote.files("main")].filter(
        ([path]) => !path.startsWith("rendered/") || this.foreign.has(path),
      );
      remote.branches.delete("main");
      remote.commitAsPerson("main", Object.fromEntries(files));
      this.hasEdits = true;
    }
  }

  #restoreTarget(): void {
    if (this.#absentTarget !== undefined) this.remote.branches.set("main", this.#absentTarget);
    this.#absentTarget = undefined;
  }

  // Time, and who runs.

  async #pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; ) {
      const step = Math.min(left, 1_000);
      await turns(3);
      this.clock.advance(step);
      left -= step;
    }
    await turns(3);
  }

  get #machines(): readonly string[] {
    return this.kind === "alone" ? ["a"] : ["a", "b"];
  }

  async #keepRunning(): Promise<void> {
    for (const machine of this.#machines) await this.#bury(machine);
    for (const machine of this.#machines) {
      // Somebody starts it anew, sooner or later.
      if (this.#processes.has(machine) || this.chance.next() < 0.5) continue;
      this.#start(machine);
    }
  }

  #start(machine: string): void {
    this.counts.starts++;
    this.tell(`${machine} is started`);
    const process = new SimProcess(this, machine, this.#seed * 1000 + this.counts.starts);
    process.core.inherit(this.messages.filter(({ stream }) => stream === "core"));
    this.#processes.set(machine, process);
  }

  /** Sees whether a process has ended; a kill and an order end it, nothing else does. */
  async #bury(machine: string): Promise<void> {
    const process = this.#processes.get(machine);
    if (process === undefined) return;
    const pending = Symbol();
    const outcome = await Promise.race([
      process.ended.then(
        () => undefined,
        (error: unknown) => error ?? new Error("nothing"),
      ),
      turns(1).then(() => pending),
    ]);
    if (outcome === pending && !process.isDead) return;
    if (!process.isDead) this.#noteEnd(process);
    process.isDead = true;
    this.#processes.delete(machine);
    this.counts.diskFaults += this.diskOf(machine).faults;
    // Where nothing is in force yet, some things end a process by design.
    const isExpected = outcome === pending || outcome === undefined || dispositionOf(outcome, "start") === "refuse";
    if (!isExpected) throw outcome;
  }

  /** In order: what was received is on its disk or had its effect, unless the disk failed, and then all that is gone is told. */
  #noteEnd(process: SimProcess): void {
    const disk = this.diskOf(process.name);
    const gone = this.messages.filter(
      ({ stream, payload, isTaken, mayBeLost }) =>
        stream === "core" && !isTaken && !mayBeLost && !disk.isDurable(payload),
    );
    const { hasDiskTrouble, toldLost = 0 } = process.core;
    if (gone.length > (hasDiskTrouble ? toldLost : 0))
      this.violations.push(`${gone.map(({ id }) => id).join(", ")} were received, and are gone untold`);
    for (const message of gone) message.mayBeLost = true;
  }

  #calm(): void {
    this.trouble = 0;
    this.#isContended = false;
    this.isCoreAway = false;
    this.#restoreTarget();
    this.#refusals.splice(0);
    this.#streamNames = this.kind === "alone" ? ["EVENTS", "MORE", "core"] : ["EVENTS", "MORE"];
    for (const disk of this.#disks.values()) {
      disk.trouble = 0;
      disk.isFull = false;
    }
    for (const stream of this.streams.values()) {
      stream.isAway = false;
      stream.wake();
    }
    for (const process of this.#processes.values()) {
      process.callsLeft = Number.POSITIVE_INFINITY;
      process.isCutFromGit = false;
      process.isCutFromLease = false;
      process.isCutFromNats = false;
      process.resume();
    }
  }

  async #comeToRest(): Promise<void> {
    this.#calm();
    this.tell("calm");
    if (this.violations.length > 0) throw new Error(this.violations.join("; "));
    let calm = 0;
    let leaderless = 0;
    for (let round = 0; round < 600; round++) {
      for (const machine of this.#machines) await this.#bury(machine);
      for (const machine of this.#machines) if (!this.#processes.has(machine)) this.#start(machine);
      await this.#approve();
      if (this.#doesMerge) this.forge.mergeAll();
      if (this.checkpoint()?.pauses.length) this.#ask({ command: "resume" });
      await this.#pass(5000);
      leaderless = this.#leader() === undefined ? leaderless + 1 : 0;
      // Deposed, and without a lease: a person starts it anew.
      if (leaderless > 20 && this.kind === "rivals") {
        leaderless = 0;
        this.#someone()?.stop();
      }
      const checkpoint = this.checkpoint();
      const isDone =
        this.messages.every(({ isTaken, mayBeLost }) => isTaken || mayBeLost) &&
        this.#leader() !== undefined &&
        checkpoint !== undefined &&
        checkpoint.pauses.length === 0 &&
        checkpoint.pending.passes.every(({ held }) => held !== undefined) &&
        checkpoint.pending.reviews.length === 0 &&
        checkpoint.pending.backfill === undefined &&
        (!this.isReviewed || this.forge.lacks("main", this.foreign).length === 0) &&
        (this.guard !== "asked" || this.#held().length === 0);
      // Long enough for the service to look at the target, and to follow what it finds.
      calm = isDone ? calm + 1 : 0;
      if (calm > 6) {
        await this.#stopAll();
        return;
      }
    }
    const left = this.messages.filter(({ isTaken, mayBeLost }) => !isTaken && !mayBeLost).map(({ id }) => id);
    const lacks = this.isReviewed ? this.forge.lacks("main", this.foreign).join("; ") : "";
    throw new Error(`the service never comes to rest; not taken: ${left.join(" ")}; ${lacks}`);
  }

  async #stopAll(): Promise<void> {
    for (const process of this.#processes.values()) process.stop();
    for (let round = 0; round < 60 && this.#processes.size > 0; round++) {
      await this.#pass(1_000);
      for (const machine of this.#machines) await this.#bury(machine);
    }
    const running = [...this.#processes.values()].map(({ name, host }) => `${name}, ${host.snapshot().state}`);
    if (running.length > 0) throw new Error(`the service does not stop: ${running.join("; ")}`);
  }
}

/** What of the past a state commit took, by the cursors of its backfill. */
function readAgain(process: SimProcess, before: Checkpoint | undefined, after: Checkpoint): readonly Delivery[] {
  const deliveries: Delivery[] = [];
  for (const [stream, to] of after.pending.backfill?.cursors ?? []) {
    const from = before?.pending.backfill?.cursors.get(stream);
    const above = from?.epoch === to.epoch ? from.sequence : 0;
    for (const delivery of process.past.get(stream) ?? []) {
      const { epoch, sequence } = delivery.position;
      if (epoch === to.epoch && sequence > above && sequence <= to.sequence) deliveries.push(delivery);
    }
  }
  return deliveries;
}
