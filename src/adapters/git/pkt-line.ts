/** Git's framing on the wire: four hex digits of length, themselves included, then that many bytes; `0000` ends a section. */
import { SluiceError } from "../../model/problem.ts";

export const flushPacket = Buffer.from("0000");
/** Parts a section of version 2 of the protocol. */
export const delimiterPacket = Buffer.from("0001");

const payloadBytesMax = 65_516;

export function encodePacket(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string);
  if (bytes.length > payloadBytesMax) throw new SluiceError({ code: "GIT_INVALID", message: "a packet is too long" });
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

/** A packet's payload, or undefined for a flush or delimiter. */
export type Packet = Buffer | undefined;

/** Takes a byte stream apart, however it is cut into chunks. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that `chunk` completes; throws a SluiceError (GIT_UNAVAILABLE) for what isn't framed so. */
  *read(chunk: Buffer): Generator<Packet> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const head = this.#rest.toString("latin1", 0, 4);
      const length = /^[0-9a-fA-F]{4}$/.test(head) ? Number.parseInt(head, 16) : -1;
      if (length === 2 || length === 3 || length < 0) throw notGit(this.#rest);
      if (length < 4) {
        this.#rest = this.#rest.subarray(4);
        yield undefined;
      } else {
        if (this.#rest.length < length) return;
        const payload = this.#rest.subarray(4, length);
        this.#rest = this.#rest.subarray(length);
        yield payload;
      }
    }
  }

  /** Whether the stream may end here. */
  get isAtBoundary(): boolean {
    return this.#rest.length === 0;
  }
}

function notGit(bytes: Buffer): SluiceError {
  const shown = JSON.stringify(bytes.toString("latin1", 0, 80));
  return new SluiceError({
    code: "GIT_UNAVAILABLE",
    message: `the server does not speak Git's protocol: ${shown}`,
    hint: "Check the repository's URL, and what stands between here and the server.",
  });
}
