/** What comes over core NATS as an EventStream: received into the journal, and read from there. */
import type { Msg } from "@nats-io/transport-node";
import type { Delivery, StreamPosition } from "../../model/delivery.ts";
import { journalStreamSuffix } from "../../model/delivery.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Log } from "../../ports/system.ts";
import { createBackoff } from "./backoff.ts";
import { receiveCore } from "./core-receiver.ts";
import { explainLoss } from "./explain-stream-error.ts";
import { readHeaders } from "./headers.ts";
import type { NatsLink } from "./nats-link.ts";
import { createStatusReport, type StatusReport } from "./status-report.ts";
import { createTimeFormat, parseTime } from "./stored-time.ts";

export interface JournalStreamOptions {
  /** The connection's name. */
  readonly connection: string;
  readonly subjects: readonly string[];
  /** Subjects that are read from JetStream, and so not here. */
  readonly excluded: readonly string[];
  readonly link: NatsLink;
  /** `onTrouble` is told when writing fails, and with undefined when it succeeds again. */
  readonly openJournal: (onTrouble: (problem: Problem | undefined) => void) => Promise<Journal>;
  readonly log: Log;
}

/**
 * Receiving begins with the first reading and lasts until `close`, so that nothing is missed while reading is begun
 * anew.
 */
export function createJournalStream(options: JournalStreamOptions): EventStream {
  const { connection, link, log } = options;
  const name = `${connection}${journalStreamSuffix}`;
  const closing = new AbortController();
  let journal: Journal | undefined;
  let receiving: Promise<void> | undefined;
  let status: StatusReport | undefined;
  /** Why messages are not received or not kept; undefined: they are. */
  let trouble: Problem | undefined;
  let subscribed = false;
  let dropped = 0;

  function report(): void {
    if (trouble !== undefined) status?.degraded(trouble);
    else if (subscribed) status?.subscribed();
    else status?.connecting();
  }

  function setTrouble(problem: Problem | undefined): void {
    trouble = problem;
    report();
  }

  function receive(message: Msg): void {
    const { subject, data } = message;
    const kept = journal?.append({ subject, headers: readHeaders(message.headers), payload: data }) ?? false;
    if (!kept) {
      dropped++;
      if (dropped === 1) setTrouble(fullProblem());
    } else if (dropped > 0) {
      log.error("messages were lost: the journal had no room for them", { stream: name, messages: dropped });
      dropped = 0;
      setTrouble(undefined);
    }
  }

  function startReceiving(): void {
    receiving ??= receiveCore(
      {
        ...options,
        receive,
        onSubscribed: () => {
          subscribed = true;
          setTrouble(undefined);
        },
        onTrouble: setTrouble,
      },
      closing.signal,
    );
  }

  async function open(): Promise<Journal> {
    journal ??= await options.openJournal(setTrouble);
    return journal;
  }

  /** Reads the journal from behind a position, `opened` being the journal that the position may or may not be of. */
  async function* readJournal(
    opened: Journal,
    from: StreamPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void, void> {
    const after = from?.epoch === opened.epoch ? from.sequence : 0;
    const formatTime = createTimeFormat();
    for await (const entry of opened.read(after, signal, (problem) => status?.warn(problem))) {
      const { sequence, nanos, subject, headers, payload } = entry;
      const position = { epoch: opened.epoch, sequence, time: formatTime(String(nanos)) };
      yield { connection, stream: name, position, subject, headers, payload };
    }
  }

  return {
    name,
    async *read(from, readSignal, onStatus) {
      const signal = AbortSignal.any([readSignal, closing.signal]);
      const backoff = createBackoff();
      status = createStatusReport(name, log, onStatus);
      let last = from;
      while (!signal.aborted) {
        report();
        try {
          const opened = await open();
          await adopt(opened, last, (problem) => status?.warn(problem));
          startReceiving();
          for await (const delivery of readJournal(opened, last, signal)) {
            last = delivery.position;
            yield delivery;
            backoff.reset();
          }
        } catch (error) {
          if (signal.aborted) return;
          status.degraded(explainJournalError(error, name).problem);
        }
        await backoff.wait(signal);
      }
    },
    async settle(upTo) {
      if (upTo.epoch === journal?.epoch) await journal.settle(upTo.sequence);
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await receiving;
      await journal?.close();
      await link.release();
    },
  };
}

/** Makes the journal fit the position: whose successor it is, or what it lost, or that it belongs to the past. */
async function adopt(
  journal: Journal,
  from: StreamPosition | undefined,
  warn: (problem: Problem) => void,
): Promise<void> {
  if (from === undefined) return;
  if (from.epoch === journal.epoch) {
    journal.reserve(from.sequence);
    return;
  }
  const first = await journal.firstNanos();
  // Everything in it is later than what was read: it followed the journal that the position is of.
  if (first === undefined || first > parseTime(from.time)) return;
  const { folder, entries } = await journal.setAside();
  warn({
    code: "JOURNAL_DAMAGED",
    severity: "warning",
    message: `the journal found here is older than what was read since from another one; its ${entries} entries are kept in ${folder} and not read`,
    hint: "If events are missing, publish them again; else remove the folder.",
  });
}

function explainJournalError(error: unknown, name: string): SluiceError {
  if (error instanceof SluiceError) return error;
  if ((error as NodeJS.ErrnoException).syscall === undefined) return explainLoss(error);
  return new SluiceError(
    {
      code: "JOURNAL_DAMAGED",
      message: `${name} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Check the disk and the permissions of state.directory.",
    },
    error,
  );
}

function fullProblem(): Problem {
  return {
    code: "JOURNAL_FULL",
    severity: "error",
    message: "the journal is full: messages are lost",
    hint: "It empties as soon as events have their effect again: see what holds them up. Use JetStream for more than the journal holds.",
  };
}
