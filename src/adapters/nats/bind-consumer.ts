/**
 * Binding a consumer to a stream so that reading goes on exactly behind a position.
 *
 * The consumer starts at the position's own sequence, so that its first message tells whether the stream is the one
 * that the position is of; no other consumer is needed for that. Where consumers own messages a new one replaces its
 * predecessors, because only a new one gets everything that was not acknowledged back in order.
 */
import { JetStreamApiError, RetentionPolicy, type StreamInfo } from "@nats-io/jetstream";
import type { StreamPosition } from "../../model/delivery.ts";
import { overlapSubjects } from "../../model/nats-subjects.ts";
import { SluiceError } from "../../model/problem.ts";
import { consumerConfig, findUnheld, isReadWhole } from "./consumer-config.ts";
import { type ConsumerOwner, nameConsumer } from "./consumer-names.ts";
import { findForbidden, streamError } from "./explain-stream-error.ts";
import { explainTaken, findPredecessors } from "./find-predecessors.ts";
import type { JetStreamApi } from "./list-consumers.ts";
import { removeConsumer, removePredecessors } from "./remove-consumers.ts";
import { judgeFacts, judgeWithout, type StreamFacts, type Verdict } from "./stream-identity.ts";

export interface BindingRequest {
  readonly stream: string;
  /** None: all that the stream holds. */
  readonly filters: readonly string[];
  /** Behind what reading goes on: where consumers own messages, behind what was settled. */
  readonly mark: (isOwning: boolean) => StreamPosition | undefined;
  readonly owner: ConsumerOwner;
  /** What the messages of a binding just before have shown; it holds for the stream of that creation time. */
  readonly decided: { readonly created: string; readonly verdict: Verdict } | undefined;
  /** Other streams that the connection reads, with their filters. */
  readonly siblings: readonly { readonly name: string; readonly subjects: readonly string[] }[];
}

export interface Binding {
  readonly consumer: string;
  /** Behind what it was bound. */
  readonly from: StreamPosition | undefined;
  readonly info: StreamInfo;
  readonly facts: StreamFacts;
  /** Messages must be acknowledged, and those already settled may come again. */
  readonly retention: RetentionPolicy;
  /** Undefined: the first message decides. */
  readonly verdict: Verdict | undefined;
  /** Messages that the consumer is to bring, as far as they are there already and its server has them. */
  readonly pending: number;
  /** Those of them that wait to be read: the one at the position was read before. */
  readonly waiting: number;
  /** The stream's last sequence once the consumer was there. */
  readonly lastSequence: number;
  /** Several servers have the stream: the consumer's may be behind the others. */
  readonly isReplicated: boolean;
  /** How many messages the server sends before the first is acknowledged; undefined: without end. */
  readonly ackPendingMax: number | undefined;
  readonly isWhole: boolean;
  /** Subjects to read of which the stream holds none. */
  readonly unheld: readonly string[];
  /** An interest stream whose consumer of an earlier binding was gone, and with it what it kept. */
  readonly isKeeperGone: boolean;
  /** Removes what should not outlive the reading. */
  release(): Promise<void>;
}

const consumersMaxReached = 10026;
/** Unfiltered consumers, or overlapping filters, on a work-queue stream. */
const queueIsTaken = new Set([10099, 10100]);

/** Errors are those of the client library, or a SluiceError (NATS_STREAM). */
export async function bindConsumer(api: JetStreamApi, request: BindingRequest): Promise<Binding> {
  const { stream, filters, owner } = request;
  const { manager } = api;
  const info = await askStream(api, stream);
  refuseMirror(info, request);
  const facts = factsOf(info);
  const { retention } = info.config;
  const isOwning = retention !== RetentionPolicy.Limits;
  const from = request.mark(isOwning);
  const decided = request.decided?.created === facts.created ? request.decided.verdict : judgeFacts(facts, from);
  const start = decided === undefined ? from?.sequence : startOf(decided, from);
  const config = consumerConfig(info, nameConsumer(owner), filters, start);

  const predecessors = isOwning ? await findPredecessors(api, info, owner) : [];
  // Only one consumer may take a work-queue stream's message, so the predecessor goes first; the stream keeps what it
  // had not acknowledged. Without any consumer an interest stream forgets, so there the successor comes first.
  if (retention === RetentionPolicy.Workqueue) await removeAll(api, stream, predecessors);
  const added = await addConsumer(api, request, config);
  if (retention === RetentionPolicy.Interest) await removeAll(api, stream, predecessors);

  const release = async () => {
    if (!isOwning) await removeConsumer(manager, stream, added.name);
  };
  let again: StreamInfo;
  try {
    again = await askStream(api, stream);
    const change = findChange(info, again, from);
    if (change !== undefined) throw streamError(`stream ${stream} ${change}`, "It is bound anew by itself.");
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
  const isReplicated = info.config.num_replicas > 1;
  // That a replica has nothing to bring yet does not say that there is nothing: there the first message decides.
  const isEmpty = added.num_pending === 0 && from !== undefined && decided === undefined && !isReplicated;
  const { max_ack_pending: ackPendingMax = -1 } = added.config;
  return {
    consumer: added.name,
    from,
    info,
    facts,
    retention,
    verdict: isEmpty ? judgeWithout(facts, from) : decided,
    pending: added.num_pending,
    waiting: Math.max(0, added.num_pending - (comesFirst(info, from, start) ? 1 : 0)),
    lastSequence: again.state.last_seq,
    isReplicated,
    ackPendingMax: isOwning && ackPendingMax > 0 ? ackPendingMax : undefined,
    isWhole: isReadWhole(info, filters),
    unheld: findUnheld(info, filters),
    isKeeperGone: retention === RetentionPolicy.Interest && from !== undefined && predecessors.length === 0,
    release,
  };
}

/**
 * While a cluster elects a stream's leader any of its servers answers, with what it has got so far: taken for the
 * stream's state, that would be a stream restored from a backup.
 */
async function askStream({ manager }: JetStreamApi, stream: string): Promise<StreamInfo> {
  const info = await manager.streams.info(stream);
  // The client library has them as floating-point numbers: beyond, two messages would have one sequence.
  if (info.state.last_seq >= Number.MAX_SAFE_INTEGER || info.state.first_seq >= Number.MAX_SAFE_INTEGER) {
    throw streamError(
      `the sequences of stream ${stream} are beyond ${Number.MAX_SAFE_INTEGER}, further than they can be told apart`,
      "Create a stream that begins lower (first_seq), and have messages published there.",
    );
  }
  if (info.cluster !== undefined && info.config.num_replicas > 1 && !info.cluster.leader) {
    throw new SluiceError({
      code: "NATS_UNAVAILABLE",
      message: `stream ${stream} has no leader`,
      hint: "Its servers elect one; if they can't, see that more than half of the stream's replicas run.",
    });
  }
  return info;
}

/**
 * Why what was asked first does not hold any more. The stream may have been replaced since: a consumer of its successor
 * must not pass for its own. Or a leader answered first that was none any more, and is behind its successor.
 */
function findChange(before: StreamInfo, now: StreamInfo, from: StreamPosition | undefined): string | undefined {
  if (now.created !== before.created) return "was replaced meanwhile";
  const [last, lastNow] = [before.state.last_seq, now.state.last_seq];
  return from !== undefined && last < from.sequence && lastNow >= from.sequence
    ? "was read behind its leader"
    : undefined;
}

/** Whether the consumer brings the message at the position once more, by which the stream is told: it does not wait to be read. */
function comesFirst(
  { config, state }: StreamInfo,
  from: StreamPosition | undefined,
  start: number | undefined,
): boolean {
  if (from === undefined || start !== from.sequence || config.retention !== RetentionPolicy.Limits) return false;
  return state.first_seq <= start && start <= state.last_seq;
}

/** Within the same stream behind the position, else from the beginning; undefined: from the beginning. */
function startOf(verdict: Verdict, from: StreamPosition | undefined): number | undefined {
  return verdict.kind === "same" && from !== undefined ? from.sequence : undefined;
}

async function addConsumer(
  api: JetStreamApi,
  { stream, filters, owner }: BindingRequest,
  config: ReturnType<typeof consumerConfig>,
) {
  try {
    return await api.manager.consumers.add(stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    if (queueIsTaken.has(error.code)) throw await explainTaken(api, stream, filters, error);
    if (error.code !== consumersMaxReached) throw error;
    // What a reader that died left behind goes by itself only after a while.
    const removed = await removePredecessors(api, stream, owner, undefined).catch((failure) => {
      if (findForbidden(failure) !== undefined) return 0;
      throw failure;
    });
    if (removed === 0) throw error;
    return api.manager.consumers.add(stream, config);
  }
}

async function removeAll({ manager }: JetStreamApi, stream: string, consumers: readonly string[]): Promise<void> {
  for (const consumer of consumers) await removeConsumer(manager, stream, consumer);
}

/** A stream that copies another one of the connection would bring each message a second time, in an unrelated order. */
function refuseMirror({ config }: StreamInfo, { stream, filters, siblings }: BindingRequest): void {
  const copied = [config.mirror, ...(config.sources ?? [])];
  const twice = siblings.find(
    ({ name, subjects }) =>
      copied.some((source) => source?.name === name && source.external === undefined) &&
      (subjects.length === 0 ||
        filters.length === 0 ||
        subjects.some((a) => filters.some((b) => overlapSubjects(a, b)))),
  );
  if (twice === undefined) return;
  throw streamError(
    `stream ${stream} copies stream ${twice.name}, which this connection reads too: each message would have its effect twice`,
    "Take one of the two out of the connection, or give them subjects that do not overlap.",
  );
}

function factsOf({ created, state }: StreamInfo): StreamFacts {
  return { created: String(created), firstSequence: state.first_seq, lastSequence: state.last_seq };
}
