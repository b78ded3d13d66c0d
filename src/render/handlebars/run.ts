/**
 * One execution of a Handlebars template: what it has printed so far, and the bounds that hold it, which are those of
 * Go templates.
 *
 * Helpers that are Go templates' functions see it as their FunctionContext.
 */
import { bounds, chargeInteger, type FunctionContext, GoFunctionError, MarkedText } from "../../go-template/index.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { PrintedRange, RenderContext } from "../../model/template.ts";
import { TemplateFault } from "./template-fault.ts";
import { describeKind, type HandlebarsValue, printedText } from "./value.ts";

/** A helper's call, or a loop: whom to name when it fails. */
export interface CallSite {
  readonly name: string;
  readonly at: number;
}

const noResources: ReadonlyMap<string, JsonObject | null> = new Map();

export class Run implements FunctionContext {
  readonly root: JsonObject;
  readonly printed: PrintedRange[] = [];
  readonly clock: number;
  readonly resources: ReadonlyMap<string, JsonObject | null>;
  /** The call that is under way, or the last one. */
  call: CallSite | undefined;

  private text = "";
  private steps = 0;
  private stringBytes = 0;
  private listItems = 0;

  constructor(root: JsonObject, context: RenderContext) {
    this.root = root;
    this.clock = context.clock;
    this.resources = context.resources ?? noResources;
  }

  /** Text of the template itself. */
  write(text: string): void {
    this.text += text;
  }

  /** What a mustache prints; `at` is its offset in the template. */
  print(value: HandlebarsValue, at: number): void {
    if (typeof value === "bigint") chargeInteger(this, value);
    const text = printedText(value);
    if (text === undefined) {
      const hint = "Print it with toYaml or toJson, or loop over it with each.";
      throw new TemplateFault(`${describeKind(value)} can't be printed as it is`, at, { hint });
    }
    const start = this.text.length;
    this.text += text;
    const end = this.text.length;
    if (end > bounds.outputBytesMax) this.failOutput(at);
    this.printed.push(value instanceof MarkedText ? rangeOf(value, { start, end, at }) : { start, end, at });
  }

  /** Counts an iteration, and looks at the size of the output on the occasion. */
  step(at: number): void {
    if (++this.steps > bounds.stepsMax) this.failBound(`more than ${bounds.stepsMax} loop steps`, at);
    if (this.text.length > bounds.outputBytesMax) this.failOutput(at);
  }

  /** The whole output; fails where it is too large. */
  finish(): string {
    if (Buffer.byteLength(this.text) > bounds.outputBytesMax) this.failOutput(this.printed.at(-1)?.at ?? 0);
    return this.text;
  }

  chargeBytes(bytes: number): void {
    if (bytes > bounds.stringBytesMax) this.failBound(`a string of more than ${bounds.stringBytesMax} bytes`);
    this.chargeReading(bytes);
  }

  chargeItems(count: number): void {
    this.listItems += count;
    if (this.listItems > bounds.listItemsTotalMax) {
      this.failBound(`lists of more than ${bounds.listItemsTotalMax} items in all`);
    }
  }

  /** Accounts for a string that a helper is given, which it may have to read whole. */
  chargeReading(bytes: number): void {
    this.stringBytes += bytes;
    if (this.stringBytes > bounds.stringBytesTotalMax) {
      this.failBound(`strings of more than ${bounds.stringBytesTotalMax} bytes in all`);
    }
  }

  drawBytes(): never {
    throw new GoFunctionError("there are no functions of chance in Handlebars templates");
  }

  private failOutput(at: number): never {
    return this.failBound(`output of more than ${bounds.outputBytesMax} bytes`, at);
  }

  private failBound(what: string, at = this.call?.at ?? 0): never {
    throw new TemplateFault(`the template makes ${what}`, at, { isBound: true });
  }
}

function rangeOf({ value, lead }: MarkedText, place: PrintedRange): PrintedRange {
  const marked = { ...place, lead: lead.length };
  // Helpers serialize nothing but values of the event and the template, which are plain.
  return value === undefined ? marked : { ...marked, serialized: value as Json };
}
