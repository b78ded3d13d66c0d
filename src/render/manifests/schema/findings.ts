/** What a check of an object against a schema finds. */
import type { Json } from "../../../model/json.ts";

export interface Finding {
  /** Keys and indexes from the object's root. */
  readonly path: readonly string[];
  /** The end of a sentence that begins with the path. */
  readonly fault: string;
  /** The value, for messages that may quote it. */
  readonly value?: string;
  /** Whether no version of Kubernetes takes it, or only not the one that was asked. */
  readonly isCertain: boolean;
  /** It is about the key that the path ends in, not about its value. */
  readonly isKey?: boolean;
}

const certainMax = 20;
/** Doubts that the author wrote are many only where a template prints many members; past this the object is refused. */
const doubtsMax = 500;

/** Collects findings, and knows where in the object the check is. */
export class Findings {
  readonly list: Finding[] = [];
  readonly path: string[] = [];
  #certain = 0;
  #doubts = 0;

  /** What no version takes. */
  refuse(fault: string, value?: Json): void {
    this.#add(fault, true, value);
  }

  /** What the version asked does not take. */
  doubt(fault: string, value?: Json): void {
    this.#add(fault, false, value);
  }

  /** A key that the schema does not know. */
  doubtKey(key: string, fault: string): void {
    this.#push({ path: [...this.path, key], fault, isCertain: false, isKey: true });
  }

  /** Runs a check one step further down. */
  within(key: string, check: () => void): void {
    this.path.push(key);
    check();
    this.path.pop();
  }

  #add(fault: string, isCertain: boolean, value: Json | undefined): void {
    const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
    const shown = isScalar ? { value: String(value) } : typeof value === "boolean" ? { value: String(value) } : {};
    this.#push({ path: [...this.path], fault, isCertain, ...shown });
  }

  #push(finding: Finding): void {
    if (finding.isCertain) {
      if (++this.#certain <= certainMax) this.list.push(finding);
    } else if (++this.#doubts <= doubtsMax) this.list.push(finding);
    else if (this.#doubts === doubtsMax + 1) this.refuse(`has more than ${doubtsMax} members that are in doubt`);
  }
}
