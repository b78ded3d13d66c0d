/**
 * Binding a consumer to a stream so that reading goes on exactly behind a position.
 *
 * The consumer starts at the position's own sequence, so that its first message tells whether the stream is the one
 * that the position is of; no other consumer is needed for that. Where consumers own messages a new one replaces its
 * predecessors, because only a new one gets everything that was not acknowledged back in order.
 */
import { JetStreamApiError, type JetStreamManager, RetentionPolicy, type StreamInfo } from "@nats-io/jetstream";
import type { StreamPosition } from "../../model/delivery.ts";
import { overlapSubjects } from "../../model/nats-subjects.ts";
import type { SluiceError } from "../../model/problem.ts";
import { consumerConfig, findUnheld, isReadWhole } from "./consumer-config.ts";
import { type ConsumerOwner, compareConsumer, nameConsumer } from "./consumer-names.ts";
import { findForbidden, streamError } from "./explain-stream-error.ts";
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
  /** Messages that the consumer is to bring, as far as they are there already. */
  readonly pending: number;
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
export async function bindConsumer(manager: JetStreamManager, request: BindingRequest): Promise<Binding> {
  const { stream, filters, owner } = request;
  const info = await manager.streams.info(stream);
  refuseMirror(info, request);
  const facts = factsOf(info);
  const { retention } = info.config;
  const isOwning = retention !== RetentionPolicy.Limits;
  const from = request.mark(isOwning);
  const decided = request.decided?.created === facts.created ? request.decided.verdict : judgeFacts(facts, from);
  const start = decided === undefined ? from?.sequence : startOf(decided, from);
  const config = consumerConfig(info, nameConsumer(owner), filters, start);

  const predecessors = isOwning ? await findPredecessors(manager, info, owner) : [];
  // Only one consumer may take a work-queue stream's message, so the predecessor goes first; the stream keeps what it
  // had not acknowledged. Without any consumer an interest stream forgets, so there the successor comes first.
  if (retention === RetentionPolicy.Workqueue) await removeAll(manager, stream, predecessors);
  const added = await addConsumer(manager, request, config);
  if (retention === RetentionPolicy.Interest) await removeAll(manager, stream, predecessors);

  const release = async () => {
    if (!isOwning) await removeConsumer(manager, stream, added.name);
  };
  // The stream may have been replaced since it was asked about; a consumer of its successor must not pass for its own.
  if ((await manager.streams.info(stream)).created !== info.created) {
    await release();
    throw streamError(`stream ${stream} was replaced meanwhile`, "It is bound anew by itself.");
  }
  const isEmpty = added.num_pending === 0 && from !== undefined && decided === undefined;
  const { max_ack_pending: ackPendingMax = -1 } = added.config;
  return {
    consumer: added.name,
    from,
    info,
    facts,
    retention,
    verdict: isEmpty ? judgeWithout(facts, from) : decided,
    pending: added.num_pending,
    ackPendingMax: isOwning && ackPendingMax > 0 ? ackPendingMax : undefined,
    isWhole: isReadWhole(info, filters),
    unheld: findUnheld(info, filters),
    isKeeperGone: retention === RetentionPolicy.Interest && from !== undefined && predecessors.length === 0,
    release,
  };
}

/** Within the same stream behind the position, else from the beginning; undefined: from the beginning. */
function startOf(verdict: Verdict, from: StreamPosition | undefined): number | undefined {
  return verdict.kind === "same" && from !== undefined ? from.sequence : undefined;
}

async function addConsumer(
  manager: JetStreamManager,
  { stream, filters, owner }: BindingRequest,
  config: ReturnType<typeof consumerConfig>,
) {
  try {
    return await manager.consumers.add(stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    if (queueIsTaken.has(error.code)) throw await explainTaken(manager, stream, filters, error);
    if (error.code !== consumersMaxReached) throw error;
    // What a reader that died left behind goes by itself only after a while.
    const removed = await removePredecessors(manager, stream, owner, undefined).catch((failure) => {
      if (findForbidden(failure) !== undefined) return 0;
      throw failure;
    });
    if (removed === 0) throw error;
    return manager.consumers.add(stream, config);
  }
}

/** Whose the messages of a work-queue stream are: it gives each to one consumer only. */
async function explainTaken(
  manager: JetStreamManager,
  stream: string,
  filters: readonly string[],
  cause: JetStreamApiError,
): Promise<SluiceError> {
  const takers: string[] = [];
  for await (const { name, config } of manager.consumers.list(stream)) {
    const theirs = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);
    const isEither = theirs.length === 0 || filters.length === 0;
    if (isEither || theirs.some((a) => filters.some((b) => overlapSubjects(a, b)))) takers.push(name);
  }
  const isSluice = takers.some((name) => name.startsWith("sluice-"));
  return streamError(
    `of stream ${stream}, which gives each message to one consumer only, ${takers.join(", ")} takes the messages already`,
    isSluice
      ? `It is that of a Sluice with another state: stop that one, or if there is none any more, remove it: nats consumer rm ${stream} ${takers[0]}.`
      : "Remove that consumer, or give Sluice other subjects.",
    cause,
  );
}

async function findPredecessors(
  manager: JetStreamManager,
  { config }: StreamInfo,
  owner: ConsumerOwner,
): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of manager.consumers.list(config.name)) names.push(name);
  const later = names.find((name) => compareConsumer(name, owner) === "later");
  if (later !== undefined) {
    throw streamError(
      `stream ${config.name} is being read by another instance of this Sluice, with a later term (consumer ${later})`,
      `This instance should stop leading by itself. If there is no other, remove that consumer: nats consumer rm ${config.name} ${later}.`,
    );
  }
  const predecessors = names.filter((name) => compareConsumer(name, owner) === "earlier");
  const others = names.length - predecessors.length;
  if (config.retention === RetentionPolicy.Interest && config.max_consumers > 0 && others + 2 > config.max_consumers) {
    throw streamError(
      `stream ${config.name} has room for ${config.max_consumers} consumers and ${others} are others': replacing Sluice's own without losing messages takes two`,
      `Raise max_consumers to ${others + 2}: nats stream edit ${config.name} --max-consumers ${others + 2}.`,
    );
  }
  return predecessors;
}

async function removeAll(manager: JetStreamManager, stream: string, consumers: readonly string[]): Promise<void> {
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
