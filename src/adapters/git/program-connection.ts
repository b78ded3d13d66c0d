/** One conversation with a program that was started for it. */
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { SluiceError } from "../../model/problem.ts";
import type { ProgramEnv } from "../../ports/program-runner.ts";
import type { Clock } from "../../ports/system.ts";
import { AdvertisementReader } from "./advertisement.ts";
import type { ByteSource } from "./byte-source.ts";
import { ChildProgram } from "./child-program.ts";
import { abortedError, onAbort, SilenceError } from "./given-up.ts";
import { flushPacket, PacketReader } from "./pkt-line.ts";
import { bytesThrough, piecesOf, watchForSilence } from "./silence-watch.ts";
import type { Advertisement, Connection } from "./transport.ts";

export interface ProgramCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: ProgramEnv;
}

export interface ProgramConnectionOptions {
  explain(stderr: string, cause: unknown): SluiceError;
  readonly clock: Clock;
  readonly silenceMsMax: number;
}

/** So long a program may take to leave when it is told to. */
const leaveMsMax = 2000;

export class ProgramConnection implements Connection {
  advertisement: Advertisement = { refs: new Map(), capabilities: new Map() };
  readonly isFresh: boolean;
  readonly knowsRefs = true;
  readonly #program: ChildProgram;
  readonly #options: ProgramConnectionOptions;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #onAnswered: () => void;
  /** Why it was ended on this side. */
  #reason: SluiceError | undefined;
  #ignoreSignal: () => void = () => undefined;

  /** Starts the program. Throws a SluiceError where that is not possible. `onAnswered`: the server has begun to answer. */
  constructor(
    { program, args, env }: ProgramCommand,
    options: ProgramConnectionOptions,
    isFresh: boolean,
    onAnswered: () => void,
  ) {
    this.#program = new ChildProgram(program, args, env);
    this.#options = options;
    this.isFresh = isFresh;
    this.#onAnswered = onAnswered;
    this.#chunks = this.#program.child.stdout[Symbol.asyncIterator]();
  }

  get isAlive(): boolean {
    return this.#program.isAlive;
  }

  get exited(): Promise<void> {
    return this.#program.exited;
  }

  /** From now on the signal ends it. */
  listenTo(signal: AbortSignal | undefined): void {
    this.#ignoreSignal = onAbort([signal], () => this.kill());
  }

  async readAdvertisement(): Promise<void> {
    const packets = new PacketReader();
    const reader = new AdvertisementReader();
    const stopWatching = this.#watch();
    try {
      for (;;) {
        const chunk = await this.#nextChunk();
        if (chunk === undefined) throw await this.#failure();
        for (const packet of packets.read(chunk)) {
          const advertisement = reader.take(packet);
          if (advertisement === undefined) continue;
          if (this.#reason !== undefined) throw this.#reason;
          this.advertisement = advertisement;
          return;
        }
      }
    } finally {
      stopWatching();
    }
  }

  async *exchange(request: readonly ByteSource[]): AsyncIterable<Buffer> {
    const stopWatching = this.#watch();
    void this.#send(request);
    let answered = false;
    try {
      for (;;) {
        const chunk = await this.#nextChunk();
        if (chunk === undefined) break;
        if (!answered) {
          answered = true;
          this.#onAnswered();
        }
        yield chunk;
      }
      if (this.#reason !== undefined || !answered) throw await this.#failure();
    } finally {
      stopWatching();
      this.close();
    }
  }

  close(): void {
    this.#ignoreSignal();
    if (!this.isAlive) return;
    const { child } = this.#program;
    // A flush instead of commands is how a client takes its leave.
    if (child.stdin.writable) child.stdin.end(flushPacket);
    child.stdout.resume();
    const timer = setTimeout(() => this.kill(), leaveMsMax);
    void this.exited.then(() => clearTimeout(timer));
  }

  /** Ends it at once. */
  kill(): void {
    this.#giveUp(abortedError("the exchange with the Git server"));
  }

  #giveUp(reason: SluiceError): void {
    if (!this.isAlive) return;
    this.#reason ??= reason;
    this.#program.kill();
  }

  #watch(): () => void {
    const { clock, silenceMsMax } = this.#options;
    const { stdin, stdout } = this.#program.child;
    return watchForSilence({
      clock,
      silenceMsMax,
      // Node's pipes are sockets, whatever their type says.
      bytesMoved: () => bytesThrough(stdin as Socket) + bytesThrough(stdout as unknown as Socket),
      onSilent: () => this.#giveUp(new SilenceError(silenceMsMax)),
    });
  }

  async #send(request: readonly ByteSource[]): Promise<void> {
    const { stdin } = this.#program.child;
    stdin.cork();
    for (const piece of piecesOf(request)) {
      if (stdin.destroyed) return;
      if (stdin.write(piece)) continue;
      stdin.uncork();
      await untilDrained(stdin);
      stdin.cork();
    }
    stdin.uncork();
    stdin.end();
  }

  async #nextChunk(): Promise<Buffer | undefined> {
    try {
      const next = await this.#chunks.next();
      return next.done ? undefined : next.value;
    } catch (error) {
      throw this.#reason ?? this.#options.explain(this.#program.stderr, error);
    }
  }

  async #failure(): Promise<SluiceError> {
    await this.exited;
    return this.#reason ?? this.#options.explain(this.#program.stderr, this.#program.failure);
  }
}

/** Until more may be written, or nothing any more. */
function untilDrained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      stream.off("drain", end).off("close", end);
      resolve();
    };
    stream.once("drain", end).once("close", end);
  });
}
