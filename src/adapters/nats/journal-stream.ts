/** What comes over core NATS as an EventStream: received into the journal, and read from there. */
import type { Msg } from "@nats-io/transport-node";
import type { Delivery, StreamPosition } from "../../model/delivery.ts";
import { journalStreamSuffix } from "../../model/delivery.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Log } from "../../ports/system.ts";
import { createBackoff } from "./backoff.ts";
import { type CoreSource, createCoreReceiver } from "./core-receiver.ts";
import { explainLoss } from "./explain-stream-error.ts";
import { readHeaders } from "./headers.ts";
import type { HeldSubjects } from "./held-subjects.ts";
import { createStatusReport, type StatusReport } from "./status-report.ts";
import { createTimeFormat } from "./stored-time.ts";

export interface JournalStreamOptions {
  /** The connection's name. */
  readonly connection: string;
  /** What streams hold that are read whole: such messages are read from there. */
  readonly held: HeldSubjects;
  /** `onTrouble` is told when writing fails, and with undefined when it succeeds again. */
  readonly openJournal: (onTrouble: (problem: Problem | undefined) => void) => Promise<Journal>;
  readonly log: Log;
}

export interface JournalStream extends EventStream {
  /** Receives from the source from the first reading on, or, where that has begun, from now on. */
  follow(source: CoreSource): void;
  /** Keeps what it receives in another folder, as soon as that can be; until then where it was. */
  move(directory: string): void;
  /** Receives no more; resolves when all that was received is handed on to who reads. */
  end(signal: AbortSignal): Promise<void>;
}

/**
 * Receiving begins with `receive` or the first reading, and lasts until `close`, so that nothing is missed before reading
 * begins, and while it is begun anew.
 */
export function createJournalStream(options: JournalStreamOptions): JournalStream {
  const { connection, held, log } = options;
  const name = `${connection}${journalStreamSuffix}`;
  const closing = new AbortController();
  let journal: Journal | undefined;
  let opening: Promise<Journal> | undefined;
  let status: StatusReport | undefined;
  /** Why messages are not received. */
  let linkTrouble: Problem | undefined;
  /** Why messages are not kept. */
  let diskTrouble: Problem | undefined;
  /** Where the journal is to be; undefined: where it was opened. */
  let folder: string | undefined;
  /** One move at a time: the next begins where the last one ended. */
  let moving: Promise<void> = Promise.resolve();
  let source: CoreSource | undefined;
  let isReceiving = false;
  /** It received, and does no more; until it follows another source. */
  let hasEnded = false;
  let subscribed = false;
  let dropped = 0;
  let handed: number | undefined;
  /** Told after each entry that was handed on. */
  const waiting = new Set<() => void>();
  let receiver = openReceiver();

  function openReceiver() {
    return createCoreReceiver({
      receive,
      onSubscribed() {
        subscribed = true;
        linkTrouble = undefined;
        report();
      },
      onTrouble(problem) {
        linkTrouble = problem;
        report();
      },
    });
  }

  function report(): void {
    const trouble = linkTrouble ?? diskTrouble;
    if (trouble !== undefined) status?.degraded(trouble);
    // Without a source there is only what was received before.
    else if (subscribed || source === undefined) status?.subscribed(pending());
    else status?.connecting();
  }

  function pending(): number | undefined {
    return journal === undefined || handed === undefined ? undefined : Math.max(0, journal.lastSequence() - handed);
  }

  function setDiskTrouble(problem: Problem | undefined): void {
    diskTrouble = problem;
    report();
  }

  function receive(message: Msg): void {
    const { subject, data } = message;
    const kept = journal?.append({ subject, headers: readHeaders(message.headers), payload: data }) ?? false;
    if (!kept) {
      dropped++;
      if (dropped === 1) setDiskTrouble(fullProblem());
    } else if (dropped > 0) {
      tellDropped();
      setDiskTrouble(undefined);
    }
  }

  function tellDropped(): void {
    if (dropped > 0)
      log.error("messages were lost: the journal had no room for them", { stream: name, messages: dropped });
    dropped = 0;
  }

  async function closeJournal(opened: Journal): Promise<void> {
    const lost = await opened.close();
    tellDropped();
    if (lost > 0)
      log.error("messages are lost, unless a push under way has landed: the disk did not take them", {
        stream: name,
        messages: lost,
      });
  }

  function startReceiving(): void {
    if (isReceiving || source === undefined) return;
    isReceiving = true;
    hasEnded = false;
    receiver.follow(source);
  }

  async function open(): Promise<Journal> {
    opening ??= options.openJournal(setDiskTrouble).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    journal = await opening;
    return journal;
  }

  /** Until it receives, or is closed. What keeps it from that is told by whoever reads. */
  async function receiveEarly(): Promise<void> {
    const backoff = createBackoff();
    while (!isReceiving && !closing.signal.aborted) {
      try {
        await open();
        if (!closing.signal.aborted) startReceiving();
        return;
      } catch {
        await backoff.wait(closing.signal);
      }
    }
  }

  async function moveJournal(wanted: string): Promise<void> {
    const backoff = createBackoff();
    while (folder === wanted && !closing.signal.aborted) {
      try {
        const opened = await open();
        await opened.moveTo(wanted);
        setDiskTrouble(undefined);
        log.info("the journal is in another folder from now on", { stream: name, folder: wanted });
        return;
      } catch (error) {
        setDiskTrouble(explainJournalError(error).problem);
      }
      await backoff.wait(closing.signal);
    }
  }

  /** Makes the journal fit the position: whose successor it is, or what it lost, or that it belongs to the past. */
  async function adopt(opened: Journal, from: StreamPosition | undefined): Promise<void> {
    const aside = await opened.adopt(from);
    if (aside === undefined) return;
    status?.warn({
      code: "JOURNAL_DAMAGED",
      severity: "warning",
      message: `the journal found here was read before, from where the state does not stand now; its ${aside.entries} entries are kept in ${aside.folder} and not read`,
      hint: "If events are missing, publish them again; else remove the folder.",
    });
  }

  /** Reads the journal from behind a position, `opened` being the journal that the position may or may not be of. */
  async function* readJournal(
    opened: Journal,
    from: StreamPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void, void> {
    const after = opened.behind(from);
    handed = after;
    tellHanded();
    const formatTime = createTimeFormat();
    for await (const entry of opened.read(after, signal, (problem) => status?.warn(problem))) {
      const { epoch, sequence, nanos, subject, headers, payload } = entry;
      if (held.missing().length > 0) await untilKnown(signal);
      if (signal.aborted) return;
      handed = sequence;
      if (held.holds(subject)) {
        tellHanded();
        continue;
      }
      const position = { epoch, sequence, time: formatTime(String(nanos)) };
      yield { connection, stream: name, position, subject, headers, payload };
      tellHanded();
    }
  }

  function tellHanded(): void {
    for (const wake of [...waiting]) wake();
  }

  function untilHanded(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        const isEnd = signal.aborted || closing.signal.aborted || pending() === 0;
        if (!isEnd) return;
        waiting.delete(wake);
        for (const one of [signal, closing.signal]) one.removeEventListener("abort", wake);
        resolve();
      };
      waiting.add(wake);
      for (const one of [signal, closing.signal]) one.addEventListener("abort", wake);
      wake();
    });
  }

  /** Waits for streams that are read whole to say what they hold: it may be what waits here. */
  async function untilKnown(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && held.missing().length > 0) {
      status?.degraded(unknownProblem(held.missing()));
      await held.changed(signal);
    }
    report();
  }

  return {
    name,
    follow(next) {
      if (isReceiving) receiver.follow(next);
      else {
        void source?.link.release();
        source = next;
        if (hasEnded) startReceiving();
      }
    },
    async end(signal) {
      // What is under way is still received.
      await receiver.close();
      receiver = openReceiver();
      if (!isReceiving) await source?.link.release();
      isReceiving = false;
      hasEnded = true;
      source = undefined;
      linkTrouble = undefined;
      report();
      await untilHanded(signal);
    },
    move(directory) {
      folder = directory;
      moving = moving.then(() => moveJournal(directory));
    },
    receive: () => void receiveEarly(),
    async *read(from, readSignal, onStatus) {
      const signal = AbortSignal.any([readSignal, closing.signal]);
      const backoff = createBackoff();
      status = createStatusReport(name, log, onStatus);
      let last = from;
      report();
      while (!signal.aborted) {
        try {
          const opened = await open();
          await adopt(opened, last);
          startReceiving();
          // Not before: what keeps it from that stands until it is gone.
          report();
          for await (const delivery of readJournal(opened, last, signal)) {
            last = delivery.position;
            yield delivery;
            backoff.reset();
          }
        } catch (error) {
          if (signal.aborted) return;
          status.degraded(explainJournalError(error).problem);
        }
        await backoff.wait(signal);
      }
    },
    settle(upTo) {
      journal?.settle(journal.behind(upTo));
    },
    pending,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await receiver.close();
      await moving;
      // One that is being opened is closed as well.
      await opening?.then(closeJournal, () => undefined);
      if (!isReceiving) await source?.link.release();
    },
  };
}

function explainJournalError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  return explainLoss(error);
}

function unknownProblem(streams: readonly string[]): Problem {
  return {
    code: "NATS_STREAM",
    severity: "error",
    message: `received messages wait until it is known which subjects ${streams.join(", ")} holds: what it holds is read from there`,
    hint: "Give the stream's subjects in the connection, or see why the stream can't be read.",
  };
}

function fullProblem(): Problem {
  return {
    code: "JOURNAL_FULL",
    severity: "error",
    message: "the journal is full: messages are lost",
    hint: "It empties as soon as events have their effect again: see what holds them up. Use JetStream for more than the journal holds.",
  };
}
