/**
 * Templates as the rest of Sluice sees them: compiled once from what a person wrote, executed for each event.
 *
 * Both engines say which parts of the output an action printed. The guard needs that to prove that what an event says
 * has not changed the structure of a document.
 */
import type { Json, JsonObject } from "./json.ts";

/** A template's text and where it stands, so that an error can name the place in the file that people edit. */
export interface TemplateSource {
  readonly text: string;
  readonly engine: "go" | "handlebars";
  readonly file: string;
  /** Which part of which document, e.g. `ConfigMap default/namespace data["namespace.yaml"]`. */
  readonly part: string;
  /** Where the first character of `text` stands in the file, from 1. */
  readonly line: number;
  readonly column: number;
  /** Of a Secret: nothing of the text may be quoted in a message. */
  readonly confidential?: boolean;
  /**
   * The column at which each further line of `text` begins. Absent where lines of the text are not lines of the file
   * (quoted or folded scalars): then all of it is placed on the first line.
   */
  readonly continuationColumn?: number;
}

/** A part of the output that an action printed; all offsets are in UTF-16 units. */
export interface PrintedRange {
  readonly start: number;
  readonly end: number;
  /** Offset in the template's text of the action that printed it. */
  readonly at: number;
  /** How many of its first units are blanks and line breaks that `indent` or `nindent` put there, not the value. */
  readonly lead?: number;
  /** The value, where it was serialized by toYaml or toJson: the range must then parse to exactly this value. */
  readonly serialized?: Json;
}

/** What a template printed: the whole text, and in ascending order what of it came from actions. */
export interface RenderedText {
  readonly text: string;
  readonly printed: readonly PrintedRange[];
}

/** What a template may ask for besides its data. Deterministic: the same event gives the same answers. */
export interface RenderContext {
  /** What `now` and kin mean: the event's time, else when it was received; milliseconds since 1970. */
  readonly clock: number;
  /**
   * `length` bytes for the `call`th function of chance in this execution, drawn from the settings' `render.seedKey`;
   * absent without that key, and then such functions are errors.
   */
  readonly drawBytes?: (call: number, length: number) => Uint8Array;
  /** What templateResourceRefs name, by identifier; null: it is optional, and not there. */
  readonly resources?: ReadonlyMap<string, JsonObject | null>;
}

/** The names of fields behind a template's root: `.Cluster.metadata.name` is ["Cluster", "metadata", "name"]. */
export type FieldChain = readonly string[];

/** What of its data a template's text refers to; known once it is compiled. */
export interface TemplateReads {
  /**
   * Whatever an execution reads is at one of these chains, or within. Data in which each chain leads equally far and to equal
   * values renders alike. What is passed on whole (`.`, `$`, with, range, a variable, a function's argument) is read whole:
   * `{{ toYaml .Cluster }}` reads ["Cluster"], and the empty chain is all of the data.
   */
  readonly chains: readonly FieldChain[];
  /** Names that are certainly looked for at the root, the misspelt among them. */
  readonly roots: ReadonlySet<string>;
}

export interface Template {
  readonly source: TemplateSource;
  readonly reads: TemplateReads;
  /** Throws a SluiceError (TEMPLATE_FAILED, TEMPLATE_BOUND) that names the place in the source. */
  render(data: JsonObject, context: RenderContext): RenderedText;
}
