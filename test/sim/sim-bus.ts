/**
 * Simulated NATS: streams that keep their messages, by limits or until their reader has settled them, and core subjects,
 * which only reach who listens. What a process sees of it goes through the process's gate, so that it can hang, be cut
 * off or killed at any call.
 */
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import type { Delivery, StreamPosition } from "../../src/model/delivery.ts";
import { type Problem, SluiceError } from "../../src/model/problem.ts";
import type { EventStream, StreamPast, StreamStatus } from "../../src/ports/event-stream.ts";
import type { Journal } from "../../src/ports/journal.ts";
import type { SimProcess } from "./sim-process.ts";

/** What was published, and what may have become of it. */
export interface Message {
  readonly id: string;
  readonly stream: string;
  readonly payload: Uint8Array;
  /** Nobody listened, or it is gone before it could have its effect. */
  mayBeLost: boolean;
  isTaken: boolean;
}

interface Stored {
  readonly message: Message;
  readonly delivery: Delivery;
}

const away: Problem = { code: "NATS_UNAVAILABLE", severity: "error", message: "no answer" };
const connection = "bus";
/** So many messages a stretch of what was before has at most. */
const stretchMax = 3;

export class SimStream {
  readonly name: string;
  readonly subject: string;
  readonly isOwned: boolean;
  readonly #now: () => number;
  /** The checkpoint as it is pushed. */
  readonly #pushed: (stream: string) => StreamPosition | undefined;
  #incarnation = 1;
  /** Of which the stream is now a copy, up to some message. */
  #copied = new Set<string>();
  #last = 0;
  #stored: Stored[] = [];
  /** The server is away. */
  isAway = false;
  readonly #waiting = new Set<() => void>();

  constructor(
    stream: string,
    subject: string,
    isOwned: boolean,
    now: () => number,
    pushed: (stream: string) => StreamPosition | undefined,
  ) {
    this.name = `${connection}/${stream}`;
    this.subject = subject;
    this.isOwned = isOwned;
    this.#now = now;
    this.#pushed = pushed;
  }

  get stored(): readonly Message[] {
    return this.#stored.map(({ message }) => message);
  }

  publish(message: Message): void {
    const epoch = `${this.name}-${this.#incarnation}`;
    const position = { epoch, sequence: ++this.#last, time: new Date(this.#now()).toISOString() };
    const { payload } = message;
    const delivery = { connection, stream: this.name, position, subject: this.subject, headers: new Map(), payload };
    this.#stored.push({ message, delivery });
    this.wake();
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Expired, or discarded for room: the oldest go, whether they had their effect or not. */
  expire(count: number): void {
    for (const { message } of this.#stored.splice(0, count)) message.mayBeLost = true;
  }

  /** Deleted, and created anew under its name. */
  recreate(): void {
    this.expire(this.#stored.length);
    this.#incarnation++;
    this.#copied = new Set();
    this.#last = 0;
    this.wake();
  }

  /** From a backup of some time ago: later messages are gone, and their sequences are given again. */
  restore(dropped: number): void {
    if (this.isOwned) return;
    const gone = this.#stored.splice(Math.max(0, this.#stored.length - dropped));
    for (const { message } of gone) message.mayBeLost = true;
    this.#last = Math.max(0, this.#last - gone.length);
    this.#copied.add(`${this.name}-${this.#incarnation}`);
    this.#incarnation++;
    const epoch = `${this.name}-${this.#incarnation}`;
    this.#stored = this.#stored.map(({ message, delivery }) => ({
      message,
      delivery: { ...delivery, position: { ...delivery.position, epoch } },
    }));
    this.wake();
  }

  /**
   * Behind the position within its epoch; one that was created anew is read whole; of a copy, what is at or below it in both sequence and time is passed over,
   * which is where a restored stream begins to differ.
   */
  #next(after: StreamPosition | undefined): Stored | undefined {
    return this.#stored.find(({ delivery: { position } }) => {
      if (after === undefined || position.epoch === after.epoch) return position.sequence > (after?.sequence ?? 0);
      if (!this.#copied.has(after.epoch)) return true;
      return position.sequence > after.sequence || Date.parse(position.time) > Date.parse(after.time);
    });
  }

  view(process: SimProcess): EventStream {
    const closing = new AbortController();
    let handed: StreamPosition | undefined;
    const changed = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    const stream = this;
    return {
      name: this.name,
      receive: () => undefined,
      async *read(from, readSignal, onStatus: (status: StreamStatus) => void) {
        const signal = AbortSignal.any([readSignal, closing.signal]);
        process.beginReading(stream.name, from);
        let last = from;
        let told: string | undefined;
        onStatus({ state: "connecting" });
        if (stream.isOwned && from !== undefined) stream.#drop(from);
        while (!signal.aborted) {
          await process.gate();
          if (signal.aborted) return;
          const isAway = stream.isAway || process.isCutFromNats;
          const state = isAway ? "away" : "subscribed";
          if (state !== told) onStatus(isAway ? { state: "degraded", problem: away } : { state: "subscribed" });
          told = state;
          const next = isAway ? undefined : stream.#next(last);
          if (next === undefined) {
            await changed(signal);
            continue;
          }
          last = next.delivery.position;
          handed = last;
          process.hand(next.delivery, next.message);
          yield next.delivery;
        }
      },
      settle: (upTo) => void process.gate().then(() => this.#settle(upTo, process)),
      past: this.#past(process),
      pending: () => this.#stored.filter(({ delivery }) => delivery.position.sequence > (handed?.sequence ?? 0)).length,
      close: async () => closing.abort(),
    };
  }

  /** What the stream still has of what was read, as long as it answers. */
  #past(process: SimProcess): StreamPast {
    const reach = async () => {
      await process.answer();
      if (this.isAway || process.isCutFromNats) throw new SluiceError(away);
    };
    return {
      isKept: async () => {
        await reach();
        return !this.isOwned;
      },
      read: async ({ after, since, upTo }) => {
        await reach();
        const epoch = `${this.name}-${this.#incarnation}`;
        if (upTo.epoch !== epoch && !this.#copied.has(upTo.epoch)) {
          // What a new one will bring is read live.
          if (this.#stored.length > 0) throw new SluiceError({ code: "NATS_STREAM", message: "another stream" });
          process.notePast(this.name, after, []);
          return { deliveries: [], isEnd: true };
        }
        const all = this.#stored.map(({ delivery }) => delivery);
        const first = all.findIndex(({ position: { sequence, time } }) =>
          since === undefined ? sequence > after : Date.parse(time) >= Date.parse(since),
        );
        const left = first < 0 ? [] : all.slice(first).filter(({ position }) => position.sequence <= upTo.sequence);
        // A stream that was restored is told by what it brings anew.
        const deliveries = left
          .slice(0, stretchMax)
          .map(({ position, ...rest }) => ({ ...rest, position: { ...position, epoch: upTo.epoch } }));
        process.notePast(this.name, after, deliveries);
        return { deliveries, isEnd: left.length <= stretchMax };
      },
    };
  }

  #settle(upTo: StreamPosition, process: SimProcess): void {
    const pushed = this.#pushed(this.name);
    if (pushed === undefined || (pushed.epoch === upTo.epoch && pushed.sequence < upTo.sequence)) {
      process.report(`settled before it was pushed: ${this.name}`);
    }
    if (this.isOwned) this.#drop(upTo);
  }

  #drop({ epoch, sequence }: StreamPosition): void {
    this.#stored = this.#stored.filter(
      ({ delivery: { position } }) => position.epoch !== epoch || position.sequence > sequence,
    );
  }
}

/** Core subjects as one process receives them: into a journal on its machine's disk, and read from there. */
export class SimCore {
  readonly name = `${connection}/@journal`;
  readonly #process: SimProcess;
  readonly #isAway: () => boolean;
  #journal: Journal | undefined;
  #opening: Promise<Journal> | undefined;
  readonly #byPayload = new Map<string, Message>();
  readonly #closing = new AbortController();
  hasDiskTrouble = false;
  isReceiving = false;
  /** How many messages it said were lost as it was closed; undefined: it was not. */
  toldLost: number | undefined;

  constructor(process: SimProcess, isAway: () => boolean) {
    this.#process = process;
    this.#isAway = isAway;
  }

  /** A message on the wire: lost, unless it is received. */
  receive(message: Message): void {
    this.#byPayload.set(keyOf(message.payload), message);
    const isHeard = this.isReceiving && !this.#process.isDead && !this.#process.isCutFromNats && !this.#isAway();
    const headers = new Map<string, string[]>();
    message.mayBeLost = !(isHeard && this.#journal?.append({ subject: "core", headers, payload: message.payload }));
  }

  /** What was received by an earlier process of the machine is read too. */
  inherit(messages: readonly Message[]): void {
    for (const message of messages) this.#byPayload.set(keyOf(message.payload), message);
  }

  #open(): Promise<Journal> {
    const files = this.#process.files;
    this.#opening ??= openJournal("/state/journal", {
      files,
      segmentBytesMax: 2_000,
      onTrouble: (problem) => {
        if (problem !== undefined) this.hasDiskTrouble = true;
      },
    }).catch((error: unknown) => {
      this.#opening = undefined;
      this.hasDiskTrouble = true;
      throw error;
    });
    return this.#opening;
  }

  async #receiveEarly(): Promise<void> {
    while (!this.isReceiving && !this.#closing.signal.aborted) {
      try {
        this.#journal = await this.#open();
        this.isReceiving = true;
      } catch {
        await this.#process.clock.sleep(500, this.#closing.signal);
      }
    }
  }

  view(): EventStream {
    const core = this;
    return {
      name: this.name,
      receive: () => void this.#receiveEarly(),
      async *read(from, readSignal, onStatus) {
        const signal = AbortSignal.any([readSignal, core.#closing.signal]);
        core.#process.beginReading(core.name, from);
        let last = from;
        onStatus({ state: "connecting" });
        while (!signal.aborted) {
          try {
            const journal = await core.#open();
            core.#journal = journal;
            const aside = await journal.adopt(last);
            if (aside !== undefined) throw new Error(`the journal was put aside: ${aside.entries} entries`);
            core.isReceiving = true;
            onStatus({ state: "subscribed" });
            const entries = journal.read(journal.behind(last), signal, core.#onDamage);
            for await (const { epoch, sequence, subject, headers, payload } of entries) {
              await core.#process.gate();
              const position = { epoch, sequence, time: new Date(0).toISOString() };
              const delivery = { connection, stream: core.name, position, subject, headers, payload };
              last = position;
              core.#process.hand(delivery, core.#byPayload.get(keyOf(payload))!);
              yield delivery;
            }
          } catch (error) {
            if (signal.aborted) return;
            const { problem } = error as { problem?: Problem };
            if (problem === undefined) throw error;
            core.hasDiskTrouble = true;
            onStatus({ state: "degraded", problem });
          }
          await core.#process.clock.sleep(500, signal);
        }
      },
      settle: (upTo) => {
        this.#journal?.settle(this.#journal.behind(upTo));
      },
      pending: () => undefined,
      close: async () => {
        if (this.#closing.signal.aborted) return;
        this.#closing.abort();
        this.isReceiving = false;
        await this.#opening?.then(
          async (journal) => {
            this.toldLost = await journal.close();
          },
          () => undefined,
        );
      },
    };
  }

  /** What the disk loses is told; without a fault the simulated one loses nothing that it has. */
  readonly #onDamage = (problem: Problem) => {
    if (!this.#process.hasDiskFailed) throw new Error(problem.message);
  };
}

function keyOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString("latin1");
}
