/**
 * Reads what `receive-pack` answers: in bands (1 the report, 2 messages for people, 3 a fatal error) or bare, the report
 * being packets again: `unpack …`, then `ok <ref>` or `ng <ref> <reason>` for each, then a flush.
 * (git: Documentation/gitprotocol-pack.txt, "Report Status")
 */
import { SluiceError } from "../../model/problem.ts";
import { PacketReader } from "./pkt-line.ts";

export interface PushReport {
  /** `ok`, or why the pack was not taken. */
  readonly unpack: string;
  /** Reason by ref; undefined: done. A ref that is absent was not mentioned. */
  readonly refs: ReadonlyMap<string, string | undefined>;
}

const messageLinesMax = 200;
const reportBytesMax = 16 * 1024 * 1024;

/** Feeds on the answer's chunks; `onMessage` gets each line that the server wants people to see. */
export class PushReportReader {
  readonly #outer = new PacketReader();
  readonly #inner = new PacketReader();
  readonly #hasBands: boolean;
  readonly #onMessage: (line: string) => void;
  readonly #refs = new Map<string, string | undefined>();
  #unpack: string | undefined;
  #messageRest = "";
  #messageLines = 0;
  #bytes = 0;

  constructor(hasBands: boolean, onMessage: (line: string) => void) {
    this.#hasBands = hasBands;
    this.#onMessage = onMessage;
  }

  /** Answers with the report as soon as it is complete; what comes after can only be messages. */
  read(chunk: Buffer): PushReport | undefined {
    let report: PushReport | undefined;
    for (const packet of this.#outer.read(chunk)) {
      if (!this.#hasBands) {
        report ??= this.#takeReportPacket(packet);
        continue;
      }
      const band = packet?.[0];
      const payload = packet?.subarray(1) ?? Buffer.alloc(0);
      if (band === 1) for (const inner of this.#inner.read(payload)) report ??= this.#takeReportPacket(inner);
      else if (band === 2) this.#takeMessage(payload.toString());
      else if (band === 3) throw this.#fatal(payload.toString().trim());
    }
    return report;
  }

  /** Hands on an unfinished last line. */
  finish(): void {
    if (this.#messageRest !== "") this.#takeMessage("\n");
  }

  #takeReportPacket(packet: Buffer | undefined): PushReport | undefined {
    if (packet === undefined) return { unpack: this.#unpack ?? "no status", refs: this.#refs };
    this.#bytes += packet.length;
    if (this.#bytes > reportBytesMax)
      throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "the server's report has no end" });
    const line = packet.toString().replace(/\n$/, "");
    const [, word, rest] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    if (word === "unpack") this.#unpack = rest ?? "";
    else if (word === "ok") this.#refs.set(rest ?? "", undefined);
    else if (word === "ng") {
      const space = rest!.indexOf(" ");
      if (space < 0) this.#refs.set(rest!, "no reason given");
      else this.#refs.set(rest!.slice(0, space), rest!.slice(space + 1));
    }
    // `option …` lines of the second version say what a hook made of a ref; the outcome stands without them.
    return undefined;
  }

  #takeMessage(text: string): void {
    const lines = (this.#messageRest + text).split(/\r\n|[\r\n]/);
    this.#messageRest = lines.pop()!.slice(0, 4096);
    for (const line of lines) {
      if (line.trim() === "" || this.#messageLines++ >= messageLinesMax) continue;
      this.#onMessage(line.slice(0, 4096).trimEnd());
    }
  }

  #fatal(text: string): SluiceError {
    return new SluiceError({ code: "GIT_UNAVAILABLE", message: `the server gave up: ${text}` });
  }
}
