/**
 * One execution of a template: what it has printed so far, what functions may ask for, and the bounds that hold it.
 *
 * All effects of closures and functions go through here. Functions see it as their FunctionContext.
 */
import { joinBytesWithOffsets } from "./bytes.ts";
import { copyValue } from "./copy-value.ts";
import { formatValue } from "./format.ts";
import { type FunctionContext, GoFunctionError } from "./functions/registry.ts";
import type { JsonObject } from "./json.ts";
import type { NamedNode } from "./nodes.ts";
import type { ExecutionContext, PrintedRange } from "./output.ts";
import { chargeInteger } from "./reading-cost.ts";
import { toJson } from "./to-json.ts";
import { type GoArgument, GoStruct, type GoValue, indirect, MarkedText } from "./value.ts";

/** What an execution may use: each is generous for manifests and small for a machine. */
export const bounds = {
  outputBytesMax: 1024 * 1024,
  /** Iterations of range and invocations of templates. */
  stepsMax: 100_000,
  /** Templates in templates. */
  depthMax: 100,
  /** One string that a function makes. */
  stringBytesMax: 4 * 1024 * 1024,
  /** All strings that functions make and are given. */
  stringBytesTotalMax: 128 * 1024 * 1024,
  /** One list that a function makes. */
  listItemsMax: 100_000,
  listItemsTotalMax: 1_000_000,
} as const;

/** Why an execution ended, and at which node. */
export class ExecutionFailure extends Error {
  readonly node: NamedNode | undefined;
  readonly isBound: boolean;

  constructor(message: string, node: NamedNode | undefined, isBound = false) {
    super(message);
    this.name = "ExecutionFailure";
    this.node = node;
    this.isBound = isBound;
  }
}

/** A function's place in a template: whom to name when it fails. */
export interface CallSite {
  readonly name: string;
  readonly node: NamedNode;
}

const noResources: ReadonlyMap<string, JsonObject | null> = new Map();
/** What functions of chance fail with where the context has none to draw from. */
export const noSourceOfChance = "there is no source of chance here";
/** What an action prints for nil and for nothing. */
export const noValue = "<no value>";

export class Execution implements FunctionContext {
  text = "";
  readonly printed: PrintedRange[] = [];
  /** The call that is under way, or the last one. */
  call: CallSite | undefined;
  readonly clock: number;
  readonly resources: ReadonlyMap<string, JsonObject | null>;

  private readonly context: ExecutionContext;
  private readonly mutates: boolean;
  private steps = 0;
  private depth = 0;
  private draws = 0;
  private stringBytes = 0;
  private listItems = 0;

  /** With `mutates`, functions may change values in place, so that what was serialized is kept as a copy. */
  constructor(context: ExecutionContext, mutates: boolean) {
    this.context = context;
    this.mutates = mutates;
    this.clock = context.clock;
    this.resources = context.resources ?? noResources;
  }

  /** What an action prints; `at` is its offset in the template. */
  print(value: GoValue, at: number): void {
    const start = this.text.length;
    if (typeof value === "string") this.text += value;
    else if (value instanceof MarkedText) {
      this.text += value.text;
      this.printed.push(rangeOf(value, start, at));
      return;
    } else {
      if (typeof value === "bigint") chargeInteger(this, value);
      this.text += printedText(value);
    }
    this.printed.push({ start, end: this.text.length, at });
  }

  /** Counts an iteration or an invocation, and looks at the size of the output on the occasion. */
  step(node: NamedNode): void {
    if (++this.steps > bounds.stepsMax) this.failBound(`more than ${bounds.stepsMax} loop steps`, node);
    if (this.text.length > bounds.outputBytesMax) this.failOutput(node);
  }

  enter(node: NamedNode): void {
    this.step(node);
    if (++this.depth > bounds.depthMax) this.failBound(`templates nested more than ${bounds.depthMax} deep`, node);
  }

  leave(): void {
    this.depth--;
  }

  /** The whole output; fails where it is too large. */
  finish(): string {
    const { text } = this;
    const isSmall = text.length * 3 <= bounds.outputBytesMax;
    if (!isSmall && Buffer.byteLength(text) > bounds.outputBytesMax) this.failOutput(undefined);
    return text.isWellFormed() ? text : this.joinPrinted();
  }

  chargeBytes(bytes: number): void {
    if (bytes > bounds.stringBytesMax) this.failBound(`a string of more than ${bounds.stringBytesMax} bytes`);
    this.chargeReading(bytes);
  }

  chargeItems(count: number): void {
    this.listItems += count;
    if (count > bounds.listItemsMax) this.failBound(`a list of more than ${bounds.listItemsMax} items`);
    if (this.listItems > bounds.listItemsTotalMax) {
      this.failBound(`lists of more than ${bounds.listItemsTotalMax} items in all`);
    }
  }

  /** Accounts for a string that a function is given, which it may have to read whole. */
  chargeReading(bytes: number): void {
    this.stringBytes += bytes;
    if (this.stringBytes > bounds.stringBytesTotalMax) {
      this.failBound(`strings of more than ${bounds.stringBytesTotalMax} bytes in all`);
    }
  }

  /** Every string that a function makes counts, so that small ones in a loop are bounded too. */
  chargeResult(result: GoValue): GoValue {
    if (typeof result === "string") this.chargeBytes(result.length);
    if (!(result instanceof MarkedText)) return result;
    this.chargeBytes(result.text.length);
    if (!this.mutates || result.value === undefined) return result;
    return new MarkedText(result.text, copyValue(result.value) as GoArgument, result.lead);
  }

  /** What was charged so far. */
  get charged(): { readonly bytes: number; readonly items: number } {
    return { bytes: this.stringBytes, items: this.listItems };
  }

  drawBytes(length: number): Uint8Array {
    const { drawBytes } = this.context;
    if (drawBytes === undefined) throw new GoFunctionError(noSourceOfChance);
    this.chargeBytes(length);
    return drawBytes(this.draws++, length);
  }

  private failOutput(node: NamedNode | undefined): never {
    return this.failBound(`output of more than ${bounds.outputBytesMax} bytes`, node);
  }

  private failBound(what: string, node: NamedNode | undefined = this.call?.node): never {
    throw new ExecutionFailure(`the template makes ${what}`, node, true);
  }

  /** Bytes that were printed apart may be one character together; the ranges move with the text. */
  private joinPrinted(): string {
    const { text, offsets } = joinBytesWithOffsets(this.text);
    for (const [index, range] of this.printed.entries()) {
      this.printed[index] = moveRange(range, offsets[range.start]!, offsets[range.end]!);
    }
    return text;
  }
}

/** What an action prints: fmt.Sprint's text, but for nil, for pointers and for what is printed in place. */
function printedText(value: GoValue): string {
  const shown = indirect(value);
  if (shown === undefined || shown === null) return noValue;
  return shown instanceof GoStruct && shown.type.textInPlace !== undefined
    ? shown.type.textInPlace(shown as never)
    : formatValue(shown);
}

function rangeOf({ text, value, lead }: MarkedText, start: number, at: number): PrintedRange {
  const place = { start, end: start + text.length, at, lead: lead.length };
  return value === undefined ? place : new SerializedRange(place, value);
}

/** The value is made plain JSON only when it is asked for, which is rarely. */
class SerializedRange implements PrintedRange {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly lead: number;
  private readonly value: GoArgument;

  constructor({ start, end, at, lead = 0 }: PrintedRange, value: GoArgument) {
    this.start = start;
    this.end = end;
    this.at = at;
    this.lead = lead;
    this.value = value;
  }

  get serialized() {
    return toJson(this.value);
  }

  moved(start: number, end: number): SerializedRange {
    return new SerializedRange({ start, end, at: this.at, lead: this.lead }, this.value);
  }
}

function moveRange(range: PrintedRange, start: number, end: number): PrintedRange {
  return range instanceof SerializedRange ? range.moved(start, end) : { ...range, start, end };
}
