/**
 * Keeps the requests of a repository in line with the state: one open request for each group that differs from the
 * target. It looks when something may have changed, and from time to time.
 */
import type { ChangeSet } from "../../model/change-set.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ReviewGrouping } from "../../model/review.ts";
import type { ProposalFolders } from "../../plan/proposal-path.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import type { CodeHost } from "../../ports/code-host.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { ProposedAgain } from "./asked-again.ts";
import type { GroupPublisherOptions } from "./group-publisher.ts";
import { ReviewLook } from "./review-look.ts";
import type { ReviewTemplates } from "./review-texts.ts";
import type { ShownRequests } from "./shown-requests.ts";

export interface ReviewOptions extends GroupPublisherOptions {
  readonly grouping: ReviewGrouping;
  /** The most requests that are open at once; further groups wait. */
  readonly requestsMax: number;
  /** The least time between two updates. */
  readonly intervalMsMin: number;
  /** How often to ask the forge what has become of requests. */
  readonly pollMs: number;
}

export interface ReviewParts {
  readonly git: GitRepository;
  readonly host: CodeHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly templates: ReviewTemplates;
}

/** What the service lends. Both reject when it stops. */
export interface ReviewScope {
  /** The state's tree, all of which is pushed; undefined: there is none yet. */
  readState(): Promise<ObjectId | undefined>;
  /** Commits and pushes changes of the state's files. */
  commit(inputs: readonly PlanInput[]): Promise<void>;
  /** Why nothing is to be proposed now, which others tell: the target is not there, or was made from a newer state. */
  withheld?(): Problem | undefined;
  /** Why requests stay as they are; `folders`: those that are reviewed. */
  paused?(folders: ProposalFolders): Problem | undefined;
  /** The target has been there: where it is not any more, it is not made anew. */
  hadTarget?(): boolean;
}

/** The least time between two looks that find nothing to do. */
const lookMsMin = 1_000;
/** The same where the forge was asked: with events every second, that many calls an hour are an account's limit. */
const askMsMin = 5_000;
const retryMsMin = 5_000;
const retryMsMax = 600_000;

export class ReviewPublisher {
  readonly #options: ReviewOptions;
  readonly #parts: ReviewParts;
  readonly #look: ReviewLook;
  #isHinted = true;
  #wake: () => void = () => undefined;
  /** Ends a pause between two looks: somebody waits for an answer. */
  #hasten: () => void = () => undefined;

  constructor(options: ReviewOptions, parts: ReviewParts) {
    this.#options = options;
    this.#parts = parts;
    this.#look = new ReviewLook(options, parts);
  }

  /** Something may have changed: in the state or a branch, or, `onForge`, with a request. */
  hint(onForge: boolean): void {
    this.#isHinted = true;
    if (onForge) this.#look.expectEnding();
    this.#wake();
  }

  /** What was committed to the state: which events it was, requests say. */
  note(changeSet: Pick<ChangeSet, "events">): void {
    this.#look.events.note(changeSet);
  }

  /** Which requests have shown what. */
  get requests(): ShownRequests {
    return this.#look.requests;
  }

  /**
   * Proposes again what was turned down, of one group or of all; resolves when the state says so. Throws a SluiceError:
   * NOT_FOUND where nothing of the group is turned down.
   */
  propose(group: string | undefined): Promise<ProposedAgain> {
    const answered = this.#look.asked.ask(group);
    this.#hasten();
    this.hint(false);
    return answered;
  }

  /** Looks once at everything; false where there was nothing to do. Throws a SluiceError where something is away. */
  async look(scope: ReviewScope): Promise<boolean> {
    return (await this.#look.take(scope)).hasChanged;
  }

  /** Runs until the signal aborts, and closes the forge then. Throws only what the service can't go on with. */
  async run(scope: ReviewScope, signal: AbortSignal): Promise<void> {
    const { host, log } = this.#parts;
    signal.addEventListener("abort", () => host.close(), { once: true });
    let failures = 0;
    while (!signal.aborted) {
      await this.#untilDue(signal);
      if (signal.aborted) break;
      this.#isHinted = false;
      try {
        const { hasChanged, hasAsked, isUnsettled } = await this.#look.take(scope);
        failures = 0;
        if (isUnsettled) this.hint(true);
        const { intervalMsMin } = this.#options;
        const askMs = Math.min(askMsMin, intervalMsMin);
        await this.#pause(hasChanged ? intervalMsMin : hasAsked && !isUnsettled ? askMs : lookMsMin, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof SluiceError) || error.problem.code === "LEADER_LOST") throw error;
        log.problem(error.problem);
        this.#isHinted = true;
        await this.#pause(Math.min(retryMsMax, retryMsMin * 2 ** failures++), signal);
      }
    }
    this.#look.asked.end(new SluiceError({ code: "FORGE_UNAVAILABLE", message: "the service is stopping" }));
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const waiting = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const stop = () => this.#wake();
    signal.addEventListener("abort", stop, { once: true });
    const due = this.#look.msUntilPoll;
    if (!this.#isHinted && !signal.aborted && due > 0) await Promise.race([woken, clock.sleep(due, waiting.signal)]);
    waiting.abort();
    signal.removeEventListener("abort", stop);
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!this.#look.asked.isEmpty) return;
    const hastened = new AbortController();
    this.#hasten = () => hastened.abort();
    await this.#parts.clock.sleep(milliseconds, AbortSignal.any([signal, hastened.signal]));
    this.#hasten = () => undefined;
  }
}
