/**
 * A world that a seed decides: events, people, documents that change, and a server and a process that fail at any call.
 *
 * Whatever happens happens through the service's ports. When it is over everything is calm once more, and what is in the
 * repository has to be right.
 */
import type { Catalog } from "../../src/model/catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { createFakeChance, type FakeChance } from "../fakes/fake-chance.ts";
import { createFakeClock } from "../fakes/fake-clock.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { type GitOperation, gitUnavailable } from "../fakes/fake-git-repository.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  createInstance,
  type Instance,
  keyOfTexts,
  stateBranch,
  turns,
} from "../pipeline/service-bench.ts";
import { documentVariants } from "./documents.ts";

const guardLimits = {
  open: { removals: 1_000_000, share: 1, additions: 1_000_000 },
  closed: { removals: 0, share: 1, additions: 1_000_000 },
  asked: { removals: 2, share: 0.5, additions: 1_000_000 },
} as const;

/** The process is gone, in the middle of a call. */
class Crash extends Error {}

interface Running {
  readonly instance: Instance;
  readonly ended: Promise<void>;
  isDead: boolean;
  /** Calls until it crashes. */
  callsLeft: number;
}

export class World {
  readonly remote = new FakeGitRemote();
  readonly clock = createFakeClock();
  readonly stream = createFakeEventStream({ now: () => this.clock.now() + ++this.#published });
  /** Every delivery, in order. */
  readonly deliveries: Delivery[] = [];
  readonly catalogs = new Map<string, Catalog>();
  /** What people put into the target that is not Sluice's. */
  readonly foreign = new Map<string, string>();
  readonly per: "batch" | "event";
  /** What the guard lets configuration remove: everything, nothing, or a little without being asked. */
  readonly guard: "open" | "closed" | "asked";
  /** Whether people have changed what is Sluice's. */
  hasEdits = false;
  /** Whether people have taken away what was left. */
  hasForgotten = false;
  readonly #chance: FakeChance;
  readonly #seed: number;
  #published = 0;
  #events = 0;
  #running: Running | undefined;
  /** How likely a call fails, while the world is not calm. */
  #trouble = 0;
  /** How likely people edit what is Sluice's, when they push at all. */
  readonly #meddling: number;
  /** What the state had when the service was last started: whoever binds to the stream passes over it, and it is not settled again. */
  settledAtStart = 0;
  readonly counts = { crashes: 0, faults: 0, starts: 0 };

  constructor(seed: number) {
    this.#seed = seed;
    this.#chance = createFakeChance(seed);
    this.remote.isAtomic = this.#chance.next() < 0.6;
    this.#meddling = this.#chance.pick([0, 0, 0.6]);
    this.per = this.#chance.next() < 0.75 ? "batch" : "event";
    this.guard = this.#chance.pick(["open", "open", "closed", "asked"]);
    for (const [path, variants] of Object.entries(documentVariants)) {
      this.remote.commitAsPerson("main", { [path]: variants[0] });
    }
  }

  /** Lets everything happen, then calms down and stops the service. */
  async play(steps: number): Promise<void> {
    this.#trouble = this.#chance.pick([0, 0.01, 0.05]);
    for (let step = 0; step < steps; step++) {
      await this.#keepRunning();
      await this.#act();
      await turns(this.#chance.below(12));
    }
    this.#trouble = 0;
    await this.#comeToRest();
  }

  checkpoint() {
    return storedCheckpoint(this.remote.files(stateBranch));
  }

  async #act(): Promise<void> {
    const chance = this.#chance.next();
    if (chance < 0.55) this.#publish();
    else if (chance < 0.65) this.clock.advance(this.#chance.pick([100, 1000, 10_000, 61_000]));
    else if (chance < 0.75) this.#changeDocument();
    else if (chance < 0.82) this.#interfere();
    else if (chance < 0.88 && this.#running !== undefined) this.#running.callsLeft = this.#chance.below(30);
    else if (chance < 0.91) await this.#stop();
    else if (chance < 0.94) this.#refuse();
    else if (chance < 0.96) this.#forgetSettled();
    else if (chance < 0.975) await this.#approve();
    else if (chance < 0.98) this.#forgetLeft();
    else if (chance < 0.987) this.#command();
    // The wall clock dates things and decides nothing: it may be set back, and stamps fall.
    else if (chance < 0.994) this.clock.setBy(this.#chance.pick([-3_600_000, -61_000, -1000, 5000, 7_200_000]));
    else await turns(100);
  }

  #publish(): void {
    const subject = this.#chance.pick(["alice", "bob", "Carol/x"]);
    const type = this.#chance.pick(["login", "login", "login", "logout"]);
    const data = {
      value: this.#chance.pick(["1", "2"]),
      cluster: this.#chance.pick(["one", "two", "three"]),
      // Without it templates that want it fail.
      ...(this.#chance.next() < 0.85 ? { extra: this.#chance.pick(["x", "y"]) } : {}),
    };
    const id = `event-${++this.#events}`;
    const payload = this.#chance.next() < 0.05 ? "not JSON" : cloudEvent({ subject, type, id, data });
    for (let copies = this.#chance.next() < 0.03 ? 20 : 1; copies > 0; copies--) {
      const position = this.stream.publish("user", payload);
      this.deliveries.push({
        connection: "bus",
        stream: this.stream.name,
        position,
        subject: "user",
        headers: new Map(),
        payload: new TextEncoder().encode(payload),
      });
    }
  }

  /**
   * One change after the other: what a pass has not reached yet knows nothing of a change in between, so that the end
   * would depend on how far it came.
   */
  #changeDocument(): void {
    const texts = [...this.remote.files("main", "config").values()];
    const revision = this.#running?.instance.revisions.get(keyOfTexts(texts));
    const checkpoint = this.checkpoint();
    const isFollowed = (revision !== undefined && checkpoint?.catalog === revision) || this.#held().length > 0;
    if (
      !isFollowed ||
      checkpoint === undefined ||
      checkpoint.pending.passes.length + checkpoint.pending.reviews.length > 0
    )
      return;
    const path = this.#chance.pick(Object.keys(documentVariants));
    this.remote.commitAsPerson("main", { [path]: this.#chance.pick(documentVariants[path]!) });
  }

  /** A person pushes to the target: something of their own, or something of Sluice's. */
  #interfere(): void {
    const rendered = [...this.remote.files("main", "rendered").keys()].filter((path) => !this.foreign.has(path));
    const isEdit = rendered.length > 0 && this.#chance.next() < this.#meddling;
    this.hasEdits ||= isEdit;
    if (!isEdit) {
      const paths = ["README.md", "rendered/mgmt/one/kustomization.yaml", "rendered/mgmt/two/triggers/note.txt"];
      // A folder that others have manifests in, and Sluice has none, it does not take over.
      const chosen = this.#chance.pick(paths);
      const path = rendered.length === 0 ? "README.md" : chosen;
      const text = `by a person, ${this.clock.now()}\n`;
      this.foreign.set(path, text);
      this.remote.commitAsPerson("main", { [path]: text });
    } else if (this.#chance.next() < 0.5) {
      // Without the label it would be theirs as soon as nobody renders it any more.
      const text = "metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\nedited: true\n";
      this.remote.commitAsPerson("main", { [this.#chance.pick(rendered)]: text });
    } else this.remote.commitAsPerson("main", { [this.#chance.pick(rendered)]: undefined });
  }

  #held(): readonly string[] {
    const snapshot = this.#running?.instance.service?.snapshot();
    return [...(snapshot?.held ?? []), ...(snapshot?.heldPasses ?? [])].map(({ id }) => id);
  }

  /** A person allows what is held, where it is a person's to allow. */
  async #approve(): Promise<void> {
    const ids = this.#held();
    if (this.guard !== "asked" || ids.length === 0) return;
    // What was held may be so no more by the time the service comes to it, or the service be gone.
    void this.#running?.instance.service?.execute({ command: "approve", ids }).catch(() => undefined);
  }

  /** A person takes away what LeavePolicies left. */
  #forgetLeft(): void {
    this.hasForgotten = true;
    void this.#running?.instance.service?.execute({ command: "forget-left" }).catch(() => undefined);
  }

  /** What changes nothing in the end. */
  #command(): void {
    const command = this.#chance.pick(["pause", "resume", "rerender"] as const);
    void this.#running?.instance.service?.execute({ command }).catch(() => undefined);
  }

  /** The server refuses one of the next pushes. */
  #refuse(): void {
    const branch = this.#chance.pick(["main", stateBranch]);
    // A state that is said to be elsewhere and is not would be a lie that the service has to check.
    const kind = this.#chance.pick(["moved", "refused"] as const);
    this.#running?.instance.git.refusals.push(new Map([[branch, kind]]));
  }

  /** What has had its effect may be gone from the stream. */
  #forgetSettled(): void {
    const settled = this.stream.settled();
    if (settled !== undefined) this.stream.removeUpTo(settled.sequence);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.instance.stop();
    for (let round = 0; round < 300; round++) {
      await turns(3);
      this.clock.advance(500);
    }
    await this.#bury();
  }

  async #keepRunning(): Promise<void> {
    await this.#bury();
    this.#running ??= this.#start();
  }

  /** Sees whether the service has ended; a crash and a server that is away end it as they may, nothing else does. */
  async #bury(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const pending = Symbol();
    const outcome = await Promise.race([
      running.ended.then(
        () => undefined,
        (error: unknown) => error ?? new Error("nothing"),
      ),
      turns(1).then(() => pending),
    ]);
    if (outcome === pending && !running.isDead) return;
    running.isDead = true;
    running.instance.stop();
    for (const [revision, catalog] of running.instance.catalogs) this.catalogs.set(revision, catalog);
    this.#running = undefined;
    const isExpected =
      outcome === pending ||
      outcome === undefined ||
      outcome instanceof Crash ||
      (outcome instanceof SluiceError && outcome.problem.code === "GIT_UNAVAILABLE");
    if (!isExpected) throw outcome;
  }

  #start(): Running {
    this.counts.starts++;
    const checkpoint = storedCheckpoint(this.remote.files(stateBranch));
    this.settledAtStart = checkpoint?.positions.get(this.stream.name)?.sequence ?? 0;
    const streamOf = (isDead: () => boolean): EventStream => ({
      ...this.stream,
      settle: async (upTo) => {
        if (isDead()) throw new Crash("killed");
        const pushed = this.checkpoint()?.positions.get(this.stream.name);
        if (pushed === undefined || pushed.sequence < upTo.sequence) throw new Error("settled before it was pushed");
        await this.stream.settle(upTo);
      },
    });
    const options = this.#chance.pick([{ eventsMax: 1 }, { eventsMax: 5 }, { eventsMax: 1000 }]);
    const instance = createInstance({
      remote: this.remote,
      streams: [streamOf(() => running.isDead)],
      clock: this.clock,
      seed: this.#seed,
      per: this.per,
      deadLettersMax: 3,
      guard: { ...defaultGuard, ...guardLimits[this.guard] },
      ...options,
    });
    instance.git.fault = (operation, when) => this.#disturb(running, operation, when);
    const running: Running = { instance, ended: Promise.resolve(), isDead: false, callsLeft: Number.POSITIVE_INFINITY };
    return Object.assign(running, { ended: instance.start() });
  }

  #disturb(running: Running, operation: GitOperation, when: "before" | "after"): void {
    if (!running.isDead && running.callsLeft-- <= 0) {
      running.isDead = true;
      this.counts.crashes++;
    }
    if (running.isDead) throw new Crash("killed");
    // Reading fails only where the clone is a partial one, and then rarely.
    const likelihood = operation === "push" || operation === "fetch" ? this.#trouble : this.#trouble / 20;
    if (this.#chance.next() >= likelihood) return;
    this.counts.faults++;
    throw gitUnavailable(`${operation}, ${when}`);
  }

  async #comeToRest(): Promise<void> {
    const last = this.deliveries.at(-1)?.position.sequence ?? 0;
    let calm = 0;
    for (let round = 0; round < 3000; round++) {
      await this.#keepRunning();
      if (this.#running !== undefined) this.#running.callsLeft = Number.POSITIVE_INFINITY;
      await this.#approve();
      if (this.checkpoint()?.pauses.length) {
        void this.#running?.instance.service?.execute({ command: "resume" }).catch(() => undefined);
      }
      this.#running?.instance.git.refusals.splice(0);
      await turns(4);
      this.clock.advance(5000);
      const checkpoint = this.checkpoint();
      const sequence = checkpoint?.positions.get(this.stream.name)?.sequence ?? 0;
      const isDone =
        sequence === last &&
        checkpoint !== undefined &&
        checkpoint.pauses.length === 0 &&
        checkpoint.pending.passes.every(({ held }) => held !== undefined) &&
        checkpoint.pending.reviews.length === 0 &&
        (this.guard !== "asked" || this.#held().length === 0);
      // Long enough for the service to look at the target, and to follow what it finds.
      calm = isDone ? calm + 1 : 0;
      if (calm > 6) {
        await this.#stop();
        if (this.#running !== undefined) throw new Error("the service does not stop");
        return;
      }
    }
    throw new Error("the service never comes to rest");
  }
}
