/**
 * Tells outcomes over NATS, beside everything else: what was pushed, in the order of the state's commits, until the server
 * has it. What is told leaves the state's outbox with the next commit, so that each is told at least once, however the
 * process ends. Nothing waits for it.
 */
import type { OutboxBatch, Outcome } from "../../model/outcome.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { countOfName, outboxFolder, parseOutbox, writeOutbox } from "../../plan/outbox-file.ts";
import { desiredFolder, reviewsFolder } from "../../plan/paths.ts";
import type { EventPublisher } from "../../ports/event-stream.ts";
import type { GitReader } from "../../ports/git.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Chance, Clock, Log, Redactor } from "../../ports/system.ts";
import type { InForce } from "../loop/in-force.ts";
import { readFolder } from "../read-folder.ts";
import { backOff } from "../until-answered.ts";
import { writeOutcome } from "./outcome-event.ts";
import { type Decision, readDecided } from "./reviewed-outcomes.ts";

/** What the settings say of outcomes, composed. */
export interface OutcomeSettings {
  readonly subject: string;
  /** Dials when it is first used. Whoever goes by these settings last closes it. */
  readonly publisher: EventPublisher;
  readonly redactor: Pick<Redactor, "redact">;
}

export interface OutcomeTellerParts {
  readonly git: GitReader;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly inForce: () => InForce;
  /** Something was told, and the outbox can be made smaller. */
  readonly onTold: () => void;
}

/** What waits, for whoever asks. */
export interface OutcomesSnapshot {
  readonly subject: string;
  readonly waiting: number;
  /** What keeps them from being told. */
  readonly problem?: Problem;
}

/** So many are on their way at a time. */
const windowMax = 64;
/** A service that stops waits so long for what is on its way; whoever leads next tells it again. */
const restMsMax = 2_000;

interface Ready extends Decision {
  readonly outcome: Outcome;
}

export class OutcomeTeller {
  readonly #parts: OutcomeTellerParts;
  #waiting: OutboxBatch[] = [];
  #problem: Problem | undefined;
  #wake: () => void = () => undefined;
  #isHinted = false;
  /** Under review: batches that people have not decided on, as far as they were looked at. */
  readonly #undecided = new Set<string>();
  /** What the last look at all of them was made from. */
  #looked = "";

  constructor(parts: OutcomeTellerParts) {
    this.#parts = parts;
  }

  /** Undefined: nobody is told. */
  get snapshot(): OutcomesSnapshot | undefined {
    const { outcomes } = this.#parts.inForce();
    if (outcomes === undefined) return undefined;
    const waiting = this.#waiting.reduce((sum, batch) => sum + batch.outcomes.length, 0);
    const problem = this.#problem;
    return { subject: outcomes.subject, waiting, ...(problem === undefined ? {} : { problem }) };
  }

  /** What the state's outbox holds when leading begins: whoever led before has not told it, or not noted that. */
  async begin(): Promise<void> {
    const { git, inForce, log } = this.#parts;
    const tree = inForce().branches.stateTree;
    const left: OutboxBatch[] = [];
    for await (const [path, text] of readFolder(git, tree, outboxFolder)) left.push(parseOutbox(text, path));
    if (left.length === 0) return;
    const outcomes = left.reduce((sum, batch) => sum + batch.outcomes.length, 0);
    if (inForce().outcomes === undefined) log.info("outcomes wait, and nobody is to be told", { outcomes });
    else log.info("outcomes that nobody is known to have told", { outcomes });
    this.add(left);
  }

  /** What has arrived with a push, or with one that went before. */
  add(batches: readonly OutboxBatch[]): void {
    const { keeper, outcomes } = this.#parts.inForce();
    if (outcomes === undefined) {
      // Settings of before asked for them.
      for (const { path } of [...this.#waiting, ...batches]) keeper.noteTold(path, undefined);
      this.#waiting = [];
      if (batches.length > 0) this.#parts.onTold();
    } else this.#waiting.push(...batches);
    this.hint();
  }

  /** Other settings took over from these: who told by them tells no more. */
  async exchange(before: OutcomeSettings | undefined): Promise<void> {
    if (before !== this.#parts.inForce().outcomes) await before?.publisher.close();
    this.add([]);
  }

  /** What the state has no room for any more. */
  drop(paths: readonly string[] = []): void {
    for (const path of paths)
      this.#parts.metrics.count("sluice_outcomes_total", { result: "dropped" }, countOfName(path));
    this.#waiting = this.#waiting.filter(({ path }) => !paths.includes(path));
    for (const path of paths) this.#undecided.delete(path);
  }

  /** What keeps outcomes waiting may have changed: the target, or the settings. */
  hint(): void {
    this.#isHinted = true;
    this.#wake();
  }

  /** A look at the repository is over: people may have decided on what was proposed. */
  async look(): Promise<void> {
    const { git, inForce } = this.#parts;
    const { branches } = inForce();
    if (this.#undecided.size > 0 && branches.stateTree !== undefined) {
      const ids = [];
      for (const folder of [desiredFolder, reviewsFolder]) ids.push(await git.findEntry(branches.stateTree, folder));
      const key = JSON.stringify([branches.targetTree, ...ids.map((entry) => entry?.id ?? null)]);
      if (key !== this.#looked) this.#undecided.clear();
      this.#looked = key;
    }
    this.hint();
  }

  async run(stopped: AbortSignal): Promise<void> {
    const { clock, chance } = this.#parts;
    const wake = () => this.#wake();
    stopped.addEventListener("abort", wake, { once: true });
    let attempt = 0;
    while (!stopped.aborted) {
      if (!this.#isHinted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#isHinted = false;
      try {
        await this.#tellAll(stopped);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        this.#tellProblem(error.problem);
        this.#isHinted = true;
        await backOff({ clock, chance }, attempt++, stopped);
      }
    }
    stopped.removeEventListener("abort", wake);
  }

  async #tellAll(stopped: AbortSignal): Promise<void> {
    const { keeper, options } = this.#parts.inForce();
    const isReviewed = options.outbox?.isReviewed ?? false;
    for (const { path } of [...this.#waiting]) {
      const batch = this.#waiting.find((one) => one.path === path);
      if (batch === undefined || this.#undecided.has(path)) continue;
      const ready = isReviewed ? await this.#findDecided(batch) : this.#findPushed(batch);
      // In push mode what comes later is on the target no earlier.
      if (ready.length === 0 && !isReviewed) return;
      for (let at = 0; at < ready.length; at += windowMax) {
        if (stopped.aborted) return;
        const window = ready.slice(at, at + windowMax);
        if (!(await this.#publish(batch, window, stopped))) return;
        this.#forget(path, new Set(window.map(({ outcome }) => outcome)));
      }
      if (isReviewed && ready.length < batch.outcomes.length) this.#undecided.add(path);
      if (ready.length === 0) continue;
      const left = this.#waiting.find((one) => one.path === path);
      const isEmpty = left === undefined || left.outcomes.length === 0;
      if (isEmpty) this.#waiting = this.#waiting.filter((one) => one !== left);
      // What the state had no room for is not put back.
      if (left !== undefined) keeper.noteTold(path, isEmpty ? undefined : writeOutbox(left.outcomes));
      this.#parts.onTold();
    }
  }

  #findPushed({ commit, outcomes }: OutboxBatch): readonly Ready[] {
    const { branches } = this.#parts.inForce();
    const mark = branches.targetMark;
    if (mark === undefined || mark.commits < commit || branches.withheld !== undefined) return [];
    return outcomes.map((outcome) => ({ outcome, turnedDown: 0 }));
  }

  async #findDecided({ outcomes }: OutboxBatch): Promise<readonly Ready[]> {
    const { branches, review } = this.#parts.inForce();
    const { stateTree: state, targetTree: target, names } = branches;
    const trees = { git: this.#parts.git, state, target, outputPath: names.outputPath };
    const known = review === undefined ? trees : { ...trees, requests: review.requests };
    const decided = await readDecided(outcomes, known);
    return outcomes.flatMap((outcome) => {
      const decision = decided.get(outcome);
      return decision === undefined ? [] : [{ outcome, ...decision }];
    });
  }

  /** False: the service stopped before the server had said that it has them. */
  async #publish(
    { commit: stateCommit }: OutboxBatch,
    window: readonly Ready[],
    stopped: AbortSignal,
  ): Promise<boolean> {
    const { clock, inForce, log, metrics } = this.#parts;
    const { branches, keeper, options, outcomes } = inForce();
    if (outcomes === undefined) return false;
    const commit = branches.targetCommit;
    const facts = {
      stateId: keeper.checkpoint.stateId,
      instance: options.render.instance,
      branch: branches.names.target,
      ...(commit === undefined ? {} : { commit }),
      stateCommit,
      now: clock.now(),
      redact: (text: string) => outcomes.redactor.redact(text),
    };
    const publishing = Promise.all(
      window.map(({ outcome, ...decision }) => {
        const { payload, headers } = writeOutcome(outcome, { ...facts, ...decision });
        return outcomes.publisher.publish(outcomes.subject, payload, headers);
      }),
    );
    if (!(await this.#isDone(publishing, stopped))) return false;
    metrics.count("sluice_outcomes_total", { result: "told" }, window.length);
    if (this.#problem === undefined) return true;
    this.#problem = undefined;
    log.info("outcomes are told again", { subject: outcomes.subject });
    return true;
  }

  /** Waits for it, but not for long once the service stops: a server may keep silent. */
  async #isDone(work: Promise<unknown>, stopped: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const givenUp = new Promise<boolean>((resolve) => {
      const begin = () => void this.#parts.clock.sleep(restMsMax, over.signal).then(() => resolve(false));
      if (stopped.aborted) begin();
      else stopped.addEventListener("abort", begin, { once: true, signal: over.signal });
    });
    try {
      return await Promise.race([work.then(() => true), givenUp]);
    } finally {
      over.abort();
    }
  }

  #forget(path: string, told: ReadonlySet<Outcome>): void {
    this.#waiting = this.#waiting.map((batch) =>
      batch.path === path ? { ...batch, outcomes: batch.outcomes.filter((one) => !told.has(one)) } : batch,
    );
  }

  /** Once for each thing that is wrong, however often it is tried. */
  #tellProblem(problem: Problem): void {
    const before = this.#problem;
    this.#problem = problem;
    if (before?.code === problem.code && before.message === problem.message) return;
    const { log, inForce } = this.#parts;
    log.problem(
      { ...problem, severity: "warning", message: `outcomes can't be told: ${problem.message}` },
      { subject: inForce().outcomes?.subject, waiting: this.snapshot?.waiting },
    );
  }
}
