/**
 * Gives a conversation up in which for a while not a byte has moved, either way: a server that took a push and never answers, or a
 * line that is dead. What moves slowly is left alone, however long it takes.
 */
import type { Clock } from "../../ports/system.ts";
import type { ByteSource } from "./byte-source.ts";

/** Of what is sent, at a time: so little moves within the limit on the slowest line. */
const pieceBytes = 256 * 1024;
/** Looks per time limit: by one of them later than the limit at most is silence noticed. */
const looks = 60;
/** Such a part of the limit at most counts from one look to the next: in the time that this process was stopped nothing could move. */
const shareAtOnce = 1 / 8;

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly silenceMsMax: number;
  /** Bytes that have moved so far, sent and received; any number that changes when one does. */
  bytesMoved(): number;
  /** Called once, when nothing has moved for so long. */
  onSilent(): void;
}

/** Begins to watch; the answer ends it. */
export function watchForSilence({ clock, silenceMsMax, bytesMoved, onSilent }: SilenceWatchOptions): () => void {
  const ended = new AbortController();
  void watch();
  return () => ended.abort();

  async function watch(): Promise<void> {
    let before = bytesMoved();
    let lookedAt = clock.monotonic();
    for (let silentMs = 0; silentMs < silenceMsMax; ) {
      await clock.sleep(silenceMsMax / looks, ended.signal);
      if (ended.signal.aborted) return;
      const now = clock.monotonic();
      const bytes = bytesMoved();
      silentMs = bytes === before ? silentMs + Math.min(now - lookedAt, silenceMsMax * shareAtOnce) : 0;
      before = bytes;
      lookedAt = now;
    }
    onSilent();
  }
}

/** What a socket or pipe has sent and received. What waits in its buffer has not moved. */
export function bytesThrough(socket: {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writableLength: number;
}): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength;
}

/** The same bytes in pieces, so that one can see whether they move. */
export function* piecesOf(body: readonly ByteSource[]): Generator<Buffer> {
  for (const part of body) {
    for (const piece of part.pieces()) {
      for (let from = 0; from < piece.length; from += pieceBytes) yield piece.subarray(from, from + pieceBytes);
    }
  }
}
