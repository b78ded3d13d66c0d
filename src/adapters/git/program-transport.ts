/** Pushing through a program that speaks on its standard streams: `git receive-pack` on this machine, or `ssh`. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { SluiceError } from "../../model/problem.ts";
import { AdvertisementReader } from "./advertisement.ts";
import { flushPacket, PacketReader } from "./pkt-line.ts";
import type { Advertisement, Connection, GitService, Transport } from "./transport.ts";

export interface ProgramCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ProgramTransportOptions {
  command(service: GitService): Promise<ProgramCommand>;
  /** Makes of what the program printed on its standard error, when it ended without an answer, a problem to report. */
  explain(stderr: string, cause: unknown): SluiceError;
  /**
   * Start the next push's program when one has ended, so that a lone push does not wait for it. Only for programs that
   * can idle for as long as they like.
   */
  readonly keepsNextReady: boolean;
  /** Silence that long is an unreachable server. */
  readonly silenceMsMax: number;
}

export class ProgramTransport implements Transport {
  readonly #options: ProgramTransportOptions;
  #next: Promise<ProgramConnection> | undefined;
  #isClosed = false;

  constructor(options: ProgramTransportOptions) {
    this.#options = options;
  }

  async connect({ fresh }: { readonly fresh: boolean }): Promise<Connection> {
    const ready = this.#next;
    this.#next = undefined;
    if (ready !== undefined) {
      const connection = await ready.catch(() => undefined);
      if (!fresh && connection?.isAlive) return connection;
      connection?.close();
    }
    return this.#open("receive-pack", true);
  }

  async readRefs(): Promise<Advertisement> {
    const connection = await this.#open("upload-pack", true);
    connection.close();
    return connection.advertisement;
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.then((connection) => connection.close()).catch(() => undefined);
    this.#next = undefined;
  }

  async #open(service: GitService, isFresh: boolean): Promise<ProgramConnection> {
    const { program, args, env } = await this.#options.command(service);
    const child = spawn(program, args, { env, stdio: "pipe" });
    const connection = new ProgramConnection(child, this.#options, isFresh, () => this.#prepareNext());
    try {
      await connection.readAdvertisement();
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  #prepareNext(): void {
    if (!this.#options.keepsNextReady || this.#isClosed || this.#next !== undefined) return;
    this.#next = this.#open("receive-pack", false);
    // Whoever asks for it learns of the failure by trying again.
    this.#next.catch(() => undefined);
  }
}

class ProgramConnection implements Connection {
  advertisement: Advertisement = { refs: new Map(), capabilities: new Map() };
  readonly isFresh: boolean;
  readonly knowsRefs = true;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #options: ProgramTransportOptions;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #onAnswered: () => void;
  readonly #exited: Promise<unknown>;
  #stderr = "";
  #spawnError: unknown;

  constructor(
    child: ChildProcessWithoutNullStreams,
    options: ProgramTransportOptions,
    isFresh: boolean,
    onAnswered: () => void,
  ) {
    this.#child = child;
    this.#options = options;
    this.isFresh = isFresh;
    this.#onAnswered = onAnswered;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-8192);
    });
    // A program that ends early closes its input; what it said on the way counts, not the broken pipe.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      this.#spawnError = error;
    });
    this.#exited = once(child, "close").catch(() => undefined);
    this.#chunks = child.stdout[Symbol.asyncIterator]();
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#spawnError === undefined;
  }

  async readAdvertisement(): Promise<void> {
    const packets = new PacketReader();
    const reader = new AdvertisementReader();
    for (;;) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) throw await this.#failure();
      for (const packet of packets.read(chunk)) {
        const advertisement = reader.take(packet);
        if (advertisement === undefined) continue;
        this.advertisement = advertisement;
        return;
      }
    }
  }

  async *exchange(request: readonly Buffer[]): AsyncIterable<Buffer> {
    const { stdin } = this.#child;
    stdin.cork();
    for (const piece of request) stdin.write(piece);
    stdin.uncork();
    stdin.end();
    let answered = false;
    for (;;) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) break;
      if (!answered) {
        answered = true;
        this.#onAnswered();
      }
      yield chunk;
    }
    if (!answered) throw await this.#failure();
  }

  close(): void {
    if (!this.isAlive) return;
    // A flush instead of commands is how a client takes its leave.
    if (this.#child.stdin.writable) this.#child.stdin.end(flushPacket);
    this.#child.stdout.resume();
    const timer = setTimeout(() => this.#child.kill(), 2000);
    timer.unref();
    void this.#exited.then(() => clearTimeout(timer));
  }

  async #nextChunk(): Promise<Buffer | undefined> {
    const { silenceMsMax } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(
          new SluiceError({
            code: "GIT_UNAVAILABLE",
            message: `the Git server said nothing for ${Math.round(silenceMsMax / 1000)} seconds`,
          }),
        );
      }, silenceMsMax);
      timer.unref();
    });
    try {
      const next = await Promise.race([this.#chunks.next(), silence]);
      return next.done ? undefined : next.value;
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      throw this.#options.explain(this.#stderr, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #failure(): Promise<SluiceError> {
    await this.#exited;
    return this.#options.explain(this.#stderr.trim(), this.#spawnError);
  }
}
