/** A JetStream stream as an EventStream: read in order from a position, whatever happens to the server or the stream. */
import { jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import { type AckDesk, createAckDesk } from "./ack-desk.ts";
import { createBackoff } from "./backoff.ts";
import { type Binding, bindConsumer } from "./bind-consumer.ts";
import type { ConsumerOwner } from "./consumer-names.ts";
import { explainJetStreamError, explainPermission, findForbidden } from "./explain-stream-error.ts";
import { readHeaders } from "./headers.ts";
import type { NatsLink } from "./nats-link.ts";
import type { PullBounds } from "./pull-batches.ts";
import { BoundElsewhere, readBinding } from "./read-binding.ts";
import { createStreamPast } from "./read-past.ts";
import { findAdded } from "./read-progress.ts";
import { createStatusReport, type StatusReport } from "./status-report.ts";
import type { Verdict } from "./stream-identity.ts";
import { createStreamProgress, type StreamProgress } from "./stream-progress.ts";
import { absenceProblem, lossProblem, passedProblem, renewedProblem, unheldProblem } from "./stream-warnings.ts";
import { sweepPredecessors } from "./sweep-predecessors.ts";
import { untilAborted } from "./until-aborted.ts";
import { type Backlog, watchBacklog } from "./watch-backlog.ts";

export interface JetStreamStreamOptions {
  /** The connection's name. */
  readonly connection: string;
  /** The stream's name on the server. */
  readonly stream: string;
  /** Subjects to read, of which none covers another; none: all that the stream holds. */
  readonly filters: readonly string[];
  /** Other streams that the connection reads; asked at every binding. */
  readonly siblings: () => readonly { readonly name: string; readonly subjects: readonly string[] }[];
  readonly link: NatsLink;
  /** Whose consumers are used; asked at every binding. */
  readonly owner: () => ConsumerOwner;
  readonly bounds: PullBounds;
  readonly log: Log;
  /** Told at every binding which subjects the stream holds, as far as that is known. */
  readonly onHeld?: (subjects: readonly string[]) => void;
}

/** One reading: it lasts over many bindings. */
interface Reading {
  readonly progress: StreamProgress;
  readonly status: StatusReport;
  readonly signal: AbortSignal;
  /** What the binding before has found out. */
  decided: { readonly created: string; readonly verdict: Verdict } | undefined;
}

/** All is well, and what the consumer has brought is to come once more. */
class BoundAnew extends Error {}

export function createJetStreamStream(options: JetStreamStreamOptions): EventStream {
  const { stream, filters, link, bounds, log } = options;
  const name = `${options.connection}/${stream}`;
  const closing = new AbortController();
  let current: StreamProgress | undefined;
  let backlog: Backlog | undefined;
  let held: Binding | undefined;

  /** What a binding brings, until it fails. */
  async function* readOnce({ progress, status, signal, decided }: Reading) {
    const owner = options.owner();
    const target = await untilAborted(link.connect(), signal);
    const { connection, inboxPrefix } = target;
    const prefix = link.domain.domain === undefined ? "$JS.API" : `$JS.${link.domain.domain}.API`;
    const manager = await jetstreamManager(connection, { checkAPI: false, ...link.domain });
    const api = { connection, manager, prefix };
    const request = { stream, filters, mark: progress.mark, owner, decided, siblings: options.siblings() };
    const binding = await untilAborted(bindConsumer(api, request), signal);
    held = binding;
    const { from } = binding;
    const isOwning = binding.retention !== RetentionPolicy.Limits;
    const failing = createFailing(signal);
    const desk = isOwning ? openDesk(connection, binding, status, failing.fail) : undefined;
    const begin = (verdict: Verdict) => {
      const renewed = renewedProblem(verdict, from);
      if (renewed !== undefined) status.warn(renewed);
      progress.begin({ verdict, desk, isQueue: binding.retention === RetentionPolicy.Workqueue });
    };
    const unwatch = target.onForbidden((error) => {
      if (!error.subject.includes(binding.consumer)) return;
      const problem = explainPermission(error);
      if (error.subject.startsWith("$JS.ACK.")) status.degraded(problem.problem);
      else failing.fail(problem);
    });
    const ask = async () => {
      const { state } = await manager.streams.info(stream);
      return { messages: state.messages, firstSequence: state.first_seq, lastSequence: state.last_seq };
    };
    const waiting = watchBacklog(binding.waiting, binding.isWhole ? ask : undefined);
    backlog = waiting;
    const sweep = isOwning ? sweepPredecessors(api, stream, owner, binding.consumer, failing.fail) : undefined;
    try {
      if (binding.verdict !== undefined) begin(binding.verdict);
      tellBinding(binding, status);
      const onAsked = () => status.subscribed(binding.waiting);
      const consumer = { stream, name: binding.consumer, apiPrefix: prefix, inboxPrefix, onAsked };
      const context = {
        ...{ connection, consumer, bounds, progress, begin },
        onLoss: (loss: Parameters<typeof lossProblem>[0]) => status.warn(lossProblem(loss, from)),
        onPassed: (passed: Parameters<typeof passedProblem>[0]) => status.warn(passedProblem(passed)),
      };
      for await (const found of readBinding(binding, context, failing.signal)) {
        const { position, message } = found;
        waiting.hold(position.sequence, found.pending);
        const { subject, data } = message;
        const headers = readHeaders(message.headers);
        yield { connection: options.connection, stream: name, position, subject, headers, payload: data };
        waiting.resume();
      }
      if (failing.error !== undefined) throw failing.error;
    } finally {
      unwatch();
      waiting.stop();
      desk?.stop();
      sweep?.stop();
      await release(binding, status);
    }
  }

  function tellBinding(binding: Binding, status: StatusReport): void {
    const { from, info, unheld, retention } = binding;
    options.onHeld?.(info.config.subjects ?? []);
    if (unheld.length > 0) status.warn(unheldProblem(unheld));
    const inactiveNanos = info.config.consumer_limits?.inactive_threshold ?? 0;
    if (retention === RetentionPolicy.Interest && inactiveNanos > 0) status.warn(absenceProblem(inactiveNanos / 1e9));
    const added = findAdded(from, filters);
    if (added.length > 0 && from !== undefined) {
      status.inform(
        retention === RetentionPolicy.Workqueue
          ? `${added.join(", ")} came to be read: what waits of it below sequence ${from.sequence} is read first`
          : `${added.join(", ")} came to be read, from sequence ${from.sequence} on: earlier messages of it have no effect`,
      );
    }
  }

  return {
    name,
    // The server keeps what is to be read.
    receive: () => undefined,
    async *read(from, readSignal, onStatus, resumed) {
      const signal = AbortSignal.any([readSignal, closing.signal]);
      const status = createStatusReport(name, log, onStatus);
      const backoff = createBackoff();
      const progress = createStreamProgress(from, filters, resumed);
      const reading: Reading = { progress, status, signal, decided: undefined };
      current = progress;
      status.connecting();
      while (!signal.aborted) {
        try {
          for await (const delivery of readOnce(reading)) {
            yield delivery;
            backoff.reset();
          }
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof BoundAnew || error instanceof BoundElsewhere) {
            reading.decided = error instanceof BoundElsewhere ? error.decided : undefined;
            continue;
          }
          status.degraded(explainJetStreamError(error, { stream, subjects: filters, ...link.domain }).problem);
        }
        reading.decided = undefined;
        await backoff.wait(signal);
      }
    },
    settle: (upTo) => current?.settle(upTo),
    past: createStreamPast(options),
    pending: () => backlog?.pending,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      backlog?.stop();
      // A reading that nobody goes on with does not release it by itself.
      await held?.release().catch(() => undefined);
      await link.release();
    },
  };
}

function openDesk(
  connection: NatsConnection,
  binding: Binding,
  status: StatusReport,
  fail: (error: unknown) => void,
): AckDesk {
  return createAckDesk(connection, binding.retention, {
    onTaken: () => status.subscribed(),
    onForbidden: ({ problem }) => status.degraded(problem),
    onAllowed: () => fail(new BoundAnew()),
    onSilence: (error) => {
      status.warn(error.problem);
      fail(error);
    },
  });
}

/** Ends a binding's reading from outside of it. */
function createFailing(signal: AbortSignal) {
  const failed = new AbortController();
  let error: unknown;
  return {
    signal: AbortSignal.any([signal, failed.signal]),
    fail(reason: unknown) {
      error ??= reason;
      failed.abort();
    },
    get error() {
      return error;
    },
  };
}

/** What can't be removed goes by itself later; that the user may not is worth a word. */
async function release(binding: Binding, status: StatusReport): Promise<void> {
  try {
    await binding.release();
  } catch (error) {
    const forbidden = findForbidden(error);
    if (forbidden !== undefined) status.warn(explainPermission(forbidden).problem);
  }
}
