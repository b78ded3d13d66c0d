/** Pushing through a program that speaks on its standard streams: `git receive-pack` on this machine, or `ssh`. */
import type { SluiceError } from "../../model/problem.ts";
import type { Clock } from "../../ports/system.ts";
import { checkObjectFormat } from "./object-format.ts";
import { type ProgramCommand, ProgramConnection } from "./program-connection.ts";
import type { Advertisement, Connection, ConnectOptions, GitService, Transport } from "./transport.ts";

export interface ProgramTransportOptions {
  command(service: GitService): Promise<ProgramCommand>;
  /** Makes of what the program printed on its standard error, when it ended without an answer, a problem to report. */
  explain(stderr: string, cause: unknown): SluiceError;
  /**
   * Start the next push's program when one has ended, so that a lone push does not wait for it. Only for programs that
   * can idle for as long as they like.
   */
  readonly keepsNextReady: boolean;
  readonly clock: Clock;
  /** When for so long not a byte has moved either way, the server counts as unreachable. */
  readonly silenceMsMax: number;
}

export class ProgramTransport implements Transport {
  readonly #options: ProgramTransportOptions;
  /** All whose program may still run: they are ended with the transport. */
  readonly #open = new Set<ProgramConnection>();
  #next: Promise<ProgramConnection> | undefined;
  #isClosed = false;

  constructor(options: ProgramTransportOptions) {
    this.#options = options;
  }

  async connect({ fresh, signal }: ConnectOptions): Promise<Connection> {
    const ready = this.#next;
    this.#next = undefined;
    if (ready !== undefined) {
      const connection = await ready.catch(() => undefined);
      if (!fresh && connection?.isAlive) {
        connection.listenTo(signal);
        return connection;
      }
      connection?.close();
    }
    return this.#start("receive-pack", true, signal);
  }

  async readRefs(signal?: AbortSignal): Promise<Advertisement> {
    const connection = await this.#start("upload-pack", true, signal);
    connection.close();
    return connection.advertisement;
  }

  close(): void {
    this.#isClosed = true;
    this.#next = undefined;
    for (const connection of this.#open) connection.kill();
  }

  async #start(service: GitService, isFresh: boolean, signal: AbortSignal | undefined): Promise<ProgramConnection> {
    const command = await this.#options.command(service);
    const connection = new ProgramConnection(command, this.#options, isFresh, () => this.#prepareNext());
    this.#open.add(connection);
    void connection.exited.then(() => this.#open.delete(connection));
    try {
      // Closed while the command was being found.
      if (this.#isClosed) connection.kill();
      connection.listenTo(signal);
      await connection.readAdvertisement();
      checkObjectFormat(connection.advertisement);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  #prepareNext(): void {
    if (!this.#options.keepsNextReady || this.#isClosed || this.#next !== undefined) return;
    this.#next = this.#start("receive-pack", false, undefined);
    // Whoever asks for it learns of the failure by trying again.
    this.#next.catch(() => undefined);
  }
}
