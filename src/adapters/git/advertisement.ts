/** Reads what `receive-pack` says first: refs, each with its id, and behind the first the capabilities. */
import { SluiceError } from "../../model/problem.ts";
import type { Packet } from "./pkt-line.ts";
import type { Advertisement } from "./transport.ts";

/** More refs than that are no repository that Sluice writes to, but an attack on its memory. */
const refsMax = 1_000_000;

export class AdvertisementReader {
  readonly #refs = new Map<string, string>();
  #capabilities: Map<string, string> | undefined;
  #inServiceSection = false;

  /** Takes the next packet; answers with the advertisement once it is complete. */
  take(packet: Packet): Advertisement | undefined {
    if (packet === undefined) {
      // Over http a section that names the service comes first.
      if (this.#inServiceSection) {
        this.#inServiceSection = false;
        return undefined;
      }
      return { refs: this.#refs, capabilities: this.#capabilities ?? new Map() };
    }
    const line = packet.toString().replace(/\n$/, "");
    if (line.startsWith("ERR ")) throw serverError(line.slice(4));
    if (line.startsWith("# service=")) this.#inServiceSection = true;
    else if (line !== "version 1" && !line.startsWith("shallow ")) this.#takeRef(line);
    return undefined;
  }

  #takeRef(line: string): void {
    const nul = line.indexOf("\0");
    if (this.#capabilities === undefined) {
      this.#capabilities = new Map();
      for (const word of (nul < 0 ? "" : line.slice(nul + 1)).split(" ")) {
        const equals = word.indexOf("=");
        if (word !== "")
          this.#capabilities.set(equals < 0 ? word : word.slice(0, equals), equals < 0 ? "" : word.slice(equals + 1));
      }
    }
    const [id, name] = splitOnce(nul < 0 ? line : line.slice(0, nul));
    if (!/^[0-9a-f]{40,64}$/.test(id) || name === undefined) {
      throw new SluiceError({
        code: "GIT_UNAVAILABLE",
        message: `the server's list of refs is malformed: ${JSON.stringify(line.slice(0, 80))}`,
      });
    }
    // `.have` lines name objects, not refs; a repository without refs says `capabilities^{}`.
    if (name === ".have" || name === "capabilities^{}") return;
    if (this.#refs.size >= refsMax)
      throw new SluiceError({ code: "GIT_UNAVAILABLE", message: "the server lists too many refs" });
    this.#refs.set(name, id);
  }
}

function splitOnce(line: string): [string, string | undefined] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, undefined] : [line.slice(0, space), line.slice(space + 1)];
}

/** What the server says instead of refs: mostly that there is no such repository, or no permission. */
function serverError(text: string): SluiceError {
  const isAuth = /denied|permission|forbidden|unauthori[sz]ed|not allowed|not exported/i.test(text);
  return new SluiceError({
    code: isAuth ? "GIT_AUTH" : "GIT_UNAVAILABLE",
    message: `the server said: ${text}`,
    hint: isAuth ? "Check that these credentials may push to the repository." : "Check the repository's URL.",
  });
}
