/**
 * What can be wrong, and where. One type for everything a user is told: settings, documents, events, renderings, Git.
 *
 * Stages collect problems instead of stopping at the first. A code is stable: tests, metrics and the disposition of a
 * delivery go by it, never by the prose.
 */

/** A place in a text that a person wrote; line and column count from 1, the column in UTF-16 units. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Which part of the document, e.g. `ConfigMap default/namespace data["namespace.yaml"]`. */
  readonly part?: string;
  /** The line as written, for the caret below it. */
  readonly excerpt?: string;
}

/** A place in a stream or journal. */
export interface DeliveryPlace {
  /** `<connection>/<stream>`. */
  readonly stream: string;
  readonly sequence: number;
}

export type Place = SourcePlace | DeliveryPlace;

export type ErrorCode =
  // What people wrote: settings and documents.
  | "SETTINGS_INVALID"
  | "FILE_UNREADABLE"
  | "DOCUMENT_SYNTAX"
  | "DOCUMENT_INVALID"
  | "DOCUMENT_DUPLICATE"
  | "FIELD_UNKNOWN"
  | "FIELD_WITHOUT_EFFECT"
  | "REFERENCE_MISSING"
  | "REFERENCE_FORBIDDEN"
  | "PATTERN_INVALID"
  | "PATTERN_WILDCARD"
  | "CONNECTION_INVALID"
  | "SUBJECT_NOT_SUBSCRIBED"
  | "SELECTOR_MISSING"
  | "SELECTOR_UNMATCHED"
  | "OBJECT_SHARED"
  | "SECRET_UNREADABLE"
  // Templates, when compiled and when executed.
  | "TEMPLATE_SYNTAX"
  | "TEMPLATE_SINGLE_QUOTES"
  | "TEMPLATE_ROOT"
  | "TEMPLATE_FAILED"
  | "TEMPLATE_BOUND"
  | "ACTION_INVALID"
  // What was rendered.
  | "GUARD_VIOLATION"
  | "MANIFEST_SYNTAX"
  | "MANIFEST_INVALID"
  | "NAME_INVALID"
  | "LABEL_INVALID"
  | "KIND_UNKNOWN"
  | "SECRET_REFUSED"
  | "SECRET_IN_CLEAR"
  | "POLICY_VIOLATION"
  | "OBJECT_CONFLICT"
  | "PAUSED"
  // Deliveries that cannot be decoded.
  | "EVENT_NOT_JSON"
  | "EVENT_INVALID"
  | "EVENT_VERSION"
  | "EVENT_TOO_LARGE"
  // The outside.
  | "NATS_UNAVAILABLE"
  | "NATS_AUTH"
  | "NATS_STREAM"
  | "JOURNAL_DAMAGED"
  | "JOURNAL_FULL"
  | "JOURNAL_LOCKED"
  | "GIT_UNAVAILABLE"
  | "GIT_AUTH"
  | "GIT_REFUSED"
  | "GIT_MOVED"
  | "GIT_INVALID"
  | "FORGE_UNAVAILABLE"
  | "FORGE_AUTH"
  | "FORGE_REFUSED"
  | "REVIEW_STOPPED"
  | "REVIEW_TURNED_DOWN"
  | "REVIEW_ELSEWHERE"
  | "KUBECONFIG_INVALID"
  | "CLUSTER_UNAVAILABLE"
  | "CLUSTER_AUTH"
  | "CLUSTER_REFUSED"
  | "CLUSTER_MISTAKEN"
  | "APPLIER_ELSEWHERE"
  | "OUTPUT_FOREIGN"
  | "OUTPUT_LEFT"
  | "STATE_INVALID"
  // What is not there, or does not fit together: never taken for emptiness.
  | "CONFIG_MISSING"
  | "TARGET_MISSING"
  | "TARGET_BEHIND"
  | "STATE_MISSING"
  | "STATE_BEHIND"
  | "CHANGE_HELD"
  | "DELIVERY_COSTLY"
  | "DELIVERY_IMPOSSIBLE"
  // A disk that is full, read-only or gone.
  | "DISK_UNAVAILABLE"
  | "LEADER_LOST"
  // Only `doctor` says it.
  | "CLOCK_OFF"
  | "PROGRAM_MISSING"
  | "PROGRAM_FAILED"
  | "SOPS_FAILED"
  | "HELM_FAILED"
  // The service is starting, changing over or stopping: ask again.
  | "SERVICE_BUSY"
  | "USAGE"
  // Only `import` says it.
  | "IMPORT_LEFT"
  // What a command asks for, or the service that it asks, is not there.
  | "NOT_FOUND"
  | "NO_SERVICE"
  | "INTERNAL";

export interface Problem {
  readonly code: ErrorCode;
  readonly severity: "error" | "warning";
  /** What is wrong, in one sentence without the place. */
  readonly message: string;
  readonly at?: Place;
  /** What to do about it. */
  readonly hint?: string;
}

/** Whether the same is wrong, or nothing, wherever it stands by now. */
export function isSameFault(one: Problem | undefined, other: Problem | undefined): boolean {
  return one?.code === other?.code && one?.message === other?.message;
}

/** What a stage returns: as much of the value as could be made, and everything that was wrong. */
export interface Checked<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** A problem on its way up: thrown where a caller can't go on. */
export class SluiceError extends Error {
  readonly problem: Problem;

  constructor(problem: Omit<Problem, "severity">, cause?: unknown) {
    super(problem.message, cause === undefined ? undefined : { cause });
    this.name = "SluiceError";
    this.problem = { severity: "error", ...problem };
  }
}

export function isSourcePlace(place: Place): place is SourcePlace {
  return "file" in place;
}

/** `file:line:column`, or `stream#sequence`. */
export function formatPlace(place: Place): string {
  return isSourcePlace(place) ? `${place.file}:${place.line}:${place.column}` : `${place.stream}#${place.sequence}`;
}

/** In one line, where there is room for no more. */
export function briefProblem({ code, message, at }: Pick<Problem, "code" | "message" | "at">): string {
  return `${at === undefined ? "" : `${formatPlace(at)}: `}${message} [${code}]`;
}

/** A problem as a person reads it: place, message, the source line with a caret, and what to do. */
export function formatProblem({ code, severity, message, at, hint }: Problem): string {
  const lines = [`${at === undefined ? "" : `${formatPlace(at)}: `}${severity}: ${message} [${code}]`];
  if (at !== undefined && isSourcePlace(at)) {
    if (at.part !== undefined) lines.push(`  in ${at.part}`);
    if (at.excerpt !== undefined) lines.push(...excerptLines(at.excerpt, at.line, at.column));
  }
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines.join("\n");
}

const excerptWidthMax = 160;

/** The line with its number, and a caret under the column; a long line is cut around the caret. */
function excerptLines(excerpt: string, line: number, column: number): string[] {
  const cut = Math.max(0, column - excerptWidthMax / 2);
  const shown = excerpt.slice(cut, cut + excerptWidthMax).replace(/[\u0000-\u001f\u007f]/g, " ");
  const gutter = `  ${line} | `;
  return [gutter + shown, `${" ".repeat(gutter.length + column - 1 - cut)}^`];
}
