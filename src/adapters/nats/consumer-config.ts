/**
 * How consumers are configured: by the stream's retention, and within the limits that the stream sets them.
 *
 * On a stream with limits retention the consumer goes by itself and acknowledges nothing. On work-queue and interest
 * streams consumers own messages: there it is durable, and has as many replicas as the stream.
 */
import { AckPolicy, type ConsumerConfig, DeliverPolicy, RetentionPolicy, type StreamInfo } from "@nats-io/jetstream";
import { coversSubject, overlapSubjects } from "../../model/nats-subjects.ts";

const nanosPerSecond = 1_000_000_000;
/** An ephemeral consumer goes by itself when nobody has asked for messages so long. */
const inactiveNanos = 60 * nanosPerSecond;
/** A durable consumer is replaced whenever order is at stake, so redelivery by time would only be in the way. */
const ackWaitNanos = 24 * 3600 * nanosPerSecond;

/** `startSequence`: undefined: from the stream's beginning. A work-queue stream is always read from there. */
export function consumerConfig(
  { config }: Pick<StreamInfo, "config">,
  name: string,
  filters: readonly string[],
  startSequence: number | undefined,
): Partial<ConsumerConfig> {
  const limits = config.consumer_limits ?? {};
  const start: Partial<ConsumerConfig> =
    startSequence === undefined || config.retention === RetentionPolicy.Workqueue
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: startSequence };
  if (config.retention === RetentionPolicy.Limits) {
    return {
      name,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: atMost(inactiveNanos, limits.inactive_threshold),
      ...start,
      ...filter(filters),
    };
  }
  return {
    durable_name: name,
    // Zero replicas: as many as the stream has. On an interest stream one acknowledgement is for all before it.
    ack_policy: config.retention === RetentionPolicy.Interest ? AckPolicy.All : AckPolicy.Explicit,
    ack_wait: ackWaitNanos,
    max_ack_pending: limits.max_ack_pending ? limits.max_ack_pending : -1,
    ...(limits.inactive_threshold ? { inactive_threshold: limits.inactive_threshold } : {}),
    ...start,
    ...filter(filters),
  };
}

/** Whether everything that the stream holds is read. */
export function isReadWhole({ config }: Pick<StreamInfo, "config">, filters: readonly string[]): boolean {
  const isAll = filters.length === 0 || filters.includes(">");
  if (isAll || !tellsSubjects(config)) return isAll;
  return config.subjects.every((subject) => filters.some((filter) => coversSubject(filter, subject)));
}

/** Subjects to read of which the stream holds none. */
export function findUnheld({ config }: Pick<StreamInfo, "config">, filters: readonly string[]): readonly string[] {
  if (!tellsSubjects(config)) return [];
  return filters.filter((filter) => !config.subjects.some((subject) => overlapSubjects(subject, filter)));
}

/** What a stream takes from others or renames is not told by its subjects. */
function tellsSubjects({ mirror, sources, subject_transform }: StreamInfo["config"]): boolean {
  return mirror === undefined && (sources ?? []).length === 0 && subject_transform === undefined;
}

function atMost(nanos: number, limit: number | undefined): number {
  return limit ? Math.min(nanos, limit) : nanos;
}

function filter(subjects: readonly string[]): Partial<ConsumerConfig> {
  const [only] = subjects;
  if (only === undefined) return {};
  return subjects.length === 1 ? { filter_subject: only } : { filter_subjects: [...subjects] };
}
