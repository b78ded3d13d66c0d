/**
 * Binding a consumer to a stream so that reading goes on exactly behind a position.
 *
 * On a stream with limits retention the consumer is ephemeral and acknowledges nothing. On work-queue and interest
 * streams consumers own messages: there it is durable, and a new one replaces its predecessors, because only a new one
 * gets everything that was not acknowledged back in order.
 */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  RetentionPolicy,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nuid } from "@nats-io/transport-node";
import type { StreamPosition } from "../../model/delivery.ts";
import { overlapSubjects } from "../../model/nats-subjects.ts";
import { streamError } from "./explain-stream-error.ts";
import { formatTime, parseTime } from "./stored-time.ts";
import { type Resumption, renewEpoch, resumeStream } from "./stream-epoch.ts";

/** Who owns durable consumers. */
export interface ConsumerOwner {
  /** Common to all consumers of this reader; letters, digits and dashes. */
  readonly name: string;
  /** The leader's term: of two readers the one with the higher term has the consumer. */
  readonly term: number;
}

export interface Binding extends Resumption {
  readonly consumer: string;
  /** Messages must be acknowledged, and those already settled may come again. */
  readonly owning: boolean;
  /** Subjects to read of which the stream holds none. */
  readonly unheld: readonly string[];
  /** Removes what should not outlive the reading. */
  release(): Promise<void>;
}

const nanosPerSecond = 1_000_000_000;
/** An ephemeral consumer goes by itself when nobody has asked for messages so long. */
const inactiveSeconds = 60;
/** A durable consumer is replaced whenever order is at stake, so redelivery by time would only be in the way. */
const ackWaitSeconds = 24 * 3600;

/** Errors are those of the client library, or a SluiceError (NATS_STREAM). */
export async function bindConsumer(
  manager: JetStreamManager,
  stream: string,
  filters: readonly string[],
  from: StreamPosition | undefined,
  owner: ConsumerOwner,
): Promise<Binding> {
  const info = await manager.streams.info(stream);
  const bound =
    info.config.retention === RetentionPolicy.Limits
      ? await bindOrdered(manager, info, filters, from)
      : await bindOwning(manager, info, filters, from, owner);
  // The stream may have been replaced since it was asked about; a consumer of its successor must not pass for its own.
  if ((await manager.streams.info(stream)).created !== info.created) {
    await bound.release();
    throw streamError(`stream ${stream} was replaced meanwhile`, "It is bound anew by itself.");
  }
  return { ...bound, unheld: findUnheld(info, filters) };
}

/** What a stream takes from others or renames is not told by its subjects. */
function findUnheld({ config }: StreamInfo, filters: readonly string[]): readonly string[] {
  if (config.mirror !== undefined || config.sources !== undefined || config.subject_transform !== undefined) return [];
  return filters.filter((filter) => !config.subjects.some((subject) => overlapSubjects(subject, filter)));
}

type Bound = Omit<Binding, "unheld">;

async function bindOrdered(
  manager: JetStreamManager,
  info: StreamInfo,
  filters: readonly string[],
  from: StreamPosition | undefined,
): Promise<Bound> {
  const stream = info.config.name;
  const probe = await resume(manager, info, from);
  try {
    const consumer = await addConsumer(manager, stream, { ...ephemeral(), ...start(probe, from), ...filter(filters) });
    return { ...resumption(probe), consumer, owning: false, release: () => removeConsumer(manager, stream, consumer) };
  } finally {
    await probe.release();
  }
}

async function bindOwning(
  manager: JetStreamManager,
  info: StreamInfo,
  filters: readonly string[],
  from: StreamPosition | undefined,
  owner: ConsumerOwner,
): Promise<Bound> {
  const stream = info.config.name;
  const prefix = `${owner.name}-`;
  const name = `${prefix}${owner.term}-${nuid.next()}`;
  const predecessors = (await listConsumers(manager, stream)).filter((other) => other.startsWith(prefix));
  for (const other of predecessors) {
    if (Number(other.slice(prefix.length).split("-")[0]) > owner.term) {
      throw streamError(
        `stream ${stream} is being read by another instance, with a later term of leadership`,
        "This instance should stop leading by itself; if there is no other, remove the consumer whose name begins with " +
          `${prefix} from the stream.`,
      );
    }
  }
  const removePredecessors = async () => {
    for (const other of predecessors) await removeConsumer(manager, stream, other);
  };
  const durable: Partial<ConsumerConfig> = {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitSeconds * nanosPerSecond,
    max_ack_pending: info.config.consumer_limits?.max_ack_pending ?? -1,
    ...filter(filters),
  };

  if (info.config.retention === RetentionPolicy.Workqueue) {
    // Only one consumer may take a message, so the predecessor goes first; the stream keeps what it had not acknowledged.
    await removePredecessors();
    const consumer = await addConsumer(manager, stream, { ...durable, deliver_policy: DeliverPolicy.All });
    return { ...resumeStream(factsOf(info), from), consumer, owning: true, release: async () => undefined };
  }
  // Without any consumer an interest stream forgets, so the successor comes first.
  const probe = await resume(manager, info, from);
  try {
    const consumer = await addConsumer(manager, stream, { ...durable, ...start(probe, from) });
    await removePredecessors();
    return { ...resumption(probe), consumer, owning: true, release: async () => undefined };
  } finally {
    await probe.release();
  }
}

interface Probe extends Resumption {
  release(): Promise<void>;
}

/**
 * The checks before anything is handed on: the stream is the one that `from` was read from, and its first message later
 * than `from` has a higher sequence. A consumer that starts by time tells that sequence, on servers of any version.
 */
async function resume(manager: JetStreamManager, info: StreamInfo, from: StreamPosition | undefined): Promise<Probe> {
  const resumption = resumeStream(factsOf(info), from);
  if (from === undefined || resumption.renewed !== undefined) return { ...resumption, release: async () => undefined };
  const stream = info.config.name;
  const probe = await manager.consumers.add(stream, { name: nuid.next(), ...ephemeral(), ...startLaterThan(from) });
  const first = probe.delivered.stream_seq + 1;
  const checked =
    first > from.sequence ? resumption : renewEpoch(from, `what follows ${from.time} begins at sequence ${first}`);
  return { ...checked, release: () => removeConsumer(manager, stream, probe.name) };
}

function resumption({ epoch, renewed }: Resumption): Resumption {
  return renewed === undefined ? { epoch } : { epoch, renewed };
}

function start({ renewed }: Resumption, from: StreamPosition | undefined): Partial<ConsumerConfig> {
  if (from === undefined) return { deliver_policy: DeliverPolicy.All };
  if (renewed !== undefined) return startLaterThan(from);
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence + 1 };
}

function startLaterThan(from: StreamPosition): Partial<ConsumerConfig> {
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: formatTime(parseTime(from.time) + 1n) };
}

function ephemeral(): Partial<ConsumerConfig> {
  return {
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveSeconds * nanosPerSecond,
  };
}

function filter(subjects: readonly string[]): Partial<ConsumerConfig> {
  const [only] = subjects;
  if (only === undefined) return {};
  return subjects.length === 1 ? { filter_subject: only } : { filter_subjects: [...subjects] };
}

async function addConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig>,
): Promise<string> {
  const name = config.durable_name === undefined ? { name: nuid.next() } : {};
  return (await manager.consumers.add(stream, { ...name, ...config })).name;
}

async function listConsumers(manager: JetStreamManager, stream: string): Promise<string[]> {
  const names: string[] = [];
  for await (const consumer of manager.consumers.list(stream)) names.push(consumer.name);
  return names;
}

/** A consumer that is gone already, or that goes by itself later, is no trouble. */
async function removeConsumer(manager: JetStreamManager, stream: string, consumer: string): Promise<void> {
  await manager.consumers.delete(stream, consumer).catch(() => undefined);
}

function factsOf(info: StreamInfo): { created: string; lastSequence: number } {
  return { created: String(info.created), lastSequence: info.state.last_seq };
}
