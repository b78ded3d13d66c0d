/**
 * Which request has shown a manifest, as the forge told it: for whoever says what became of an event. The state knows open
 * requests by number alone and forgets those that were merged, so this is in memory; what it does not know is not said.
 */
import type { FileContents } from "../../model/review.ts";
import type { ReviewRequest } from "../../ports/code-host.ts";

type RequestPlace = Pick<ReviewRequest, "number" | "url">;

export class ShownRequests {
  readonly #pathsMax: number;
  /** By number, the one that was looked at longest ago first. */
  readonly #requests = new Map<number, { readonly place: RequestPlace; readonly shown: FileContents }>();

  /** `pathsMax`: of all requests together; the last one is kept whatever it shows. */
  constructor(pathsMax = 200_000) {
    this.#pathsMax = pathsMax;
  }

  note({ number, url }: RequestPlace, shown: FileContents): void {
    this.#requests.delete(number);
    this.#requests.set(number, { place: { number, url }, shown });
    let paths = 0;
    for (const one of this.#requests.values()) paths += one.shown.size;
    for (const [first, one] of this.#requests) {
      if (paths <= this.#pathsMax || first === number) break;
      this.#requests.delete(first);
      paths -= one.shown.size;
    }
  }

  /** The last one that showed just this there; `content`: a blob id, undefined for the file's absence. */
  find(path: string, content: string | undefined): RequestPlace | undefined {
    let found: RequestPlace | undefined;
    for (const { place, shown } of this.#requests.values()) {
      if (shown.has(path) && shown.get(path) === content && place.number > (found?.number ?? -1)) found = place;
    }
    return found;
  }

  placeOf(number: number): RequestPlace | undefined {
    return this.#requests.get(number)?.place;
  }
}
