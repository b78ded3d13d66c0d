/** Outcomes: what became of what arrived, for whoever is told of it over NATS when it is pushed. */
import type { Owner } from "./owner.ts";
import type { Problem } from "./problem.ts";

/**
 * Create, Delete: the event's objects are as it asks for; failed: for some clusters they could not be rendered, and stayed
 * as they were; dead-letter: the delivery could not be decoded.
 */
export type OutcomeResult = "Create" | "Delete" | "failed" | "dead-letter";

export interface Outcome {
  /** The same however often it is told, and whoever tells it. */
  readonly id: string;
  readonly result: OutcomeResult;
  readonly connection: string;
  /** The message that asked for it; undefined where events are not kept on record. */
  readonly message?: {
    readonly subject: string;
    readonly stream: string;
    readonly sequence: number;
    readonly time: string;
  };
  /** Undefined: what could not be decoded. Without type and id where events are not kept on record. */
  readonly event?: { readonly source: string; readonly subject: string; readonly type?: string; readonly id?: string };
  /** Undefined: what could not be decoded. */
  readonly owner?: Owner;
  /** How many clusters the event concerned, and how many of them failed. */
  readonly clusters: number;
  readonly failed: number;
  /** Why it failed, of the first cluster that did. */
  readonly reason?: Pick<Problem, "code" | "message" | "at">;
  /** The dead letter's id. */
  readonly deadLetter?: string;
  /** Objects of the desired tree that it put or took away, below it; kept where the target is changed by review only. */
  readonly paths?: readonly string[];
}

/** What one commit of the state is to tell: a file of its `outbox/`, until it is told. */
export interface OutboxBatch {
  readonly path: string;
  /** The number of the state's commit that brought it. */
  readonly commit: number;
  readonly outcomes: readonly Outcome[];
}

/** What a state's outbox may hold; what is beyond goes, the oldest first. */
export interface OutboxRules {
  readonly outcomesMax: number;
  /** Whether outcomes wait until what they did is on the target, however long people take. */
  readonly isReviewed: boolean;
}
