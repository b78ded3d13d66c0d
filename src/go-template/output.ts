/** What an execution is given besides its data, and what it prints. */
import type { Json, JsonObject } from "./json.ts";

/** What functions may ask for. An execution with equal data and context prints the same. */
export interface ExecutionContext {
  /** What `now` and kin mean: milliseconds since 1970. */
  readonly clock: number;
  /** `length` bytes for the `call`th function of chance in this execution; without it such functions are errors. */
  readonly drawBytes?: (call: number, length: number) => Uint8Array;
  /** What getResource returns, by name. */
  readonly resources?: ReadonlyMap<string, JsonObject | null>;
}

/** A part of the output that an action printed; all offsets are in UTF-16 units. */
export interface PrintedRange {
  readonly start: number;
  readonly end: number;
  /** Offset in the template's text of the action that printed it. */
  readonly at: number;
  /** How many of its first units are blanks and line breaks that `indent` or `nindent` put there, not the value. */
  readonly lead?: number;
  /** The value, where toYaml or toJson wrote it, also if `indent` and the like have moved the text since. */
  readonly serialized?: Json;
}

/** What a template printed: the whole text, and in ascending order what of it came from actions. */
export interface RenderedText {
  readonly text: string;
  readonly printed: readonly PrintedRange[];
}
