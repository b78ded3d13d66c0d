/**
 * What becomes of an error: one table, by its code and by where it is met. Whatever waits, retries, refuses or stops
 * asks it, so that a code means the same everywhere; a new code without an entry does not compile.
 */
import { type ErrorCode, SluiceError } from "./problem.ts";

export type Disposition =
  /** Tried again with growing pauses; everything else goes on. */
  | "wait"
  /** What was asked for is not done, and what was in force stays. At a start nothing is: the process ends with 3. */
  | "refuse"
  /** The delivery goes on record as one that can't be decoded, and what follows it goes on. */
  | "dead-letter"
  /** The entity's record keeps the event and the reason; its objects stay as they were. */
  | "fail-record"
  /** Another instance leads: nothing is read or pushed any more, the process and its socket stay. */
  | "stand-by"
  /** A bug: the process ends loudly, and the restart recovers from the state. */
  | "crash";

export type Where =
  /** Nothing is in force yet. */
  | "start"
  /** New settings, or a command: something is in force and can stay. */
  | "change"
  /** While leading. */
  | "run"
  /** What one delivery asks for. */
  | "delivery";

type ByPlace = Readonly<Record<Where, Disposition>>;

/** What people wrote. Within a catalog only the document itself is refused: its last good version stays. */
const written: ByPlace = { start: "refuse", change: "refuse", run: "refuse", delivery: "fail-record" };
/** What is rendered for an entity; elsewhere the same code is said of a document. */
const rendered: ByPlace = { start: "refuse", change: "refuse", run: "fail-record", delivery: "fail-record" };
/** The outside is away, or does not want us yet: never a reason to end. A change that needs it is not made. */
const outside: ByPlace = { start: "wait", change: "refuse", run: "wait", delivery: "wait" };
/** Something is not there that must be, or does not fit together: nobody but a person can tell. */
const absent: ByPlace = { start: "wait", change: "refuse", run: "wait", delivery: "wait" };
/** Needed to begin with; one that goes meanwhile can come back. */
const needed: ByPlace = { start: "refuse", change: "refuse", run: "wait", delivery: "wait" };

const dispositions = {
  SETTINGS_INVALID: "refuse",
  FILE_UNREADABLE: written,
  DOCUMENT_SYNTAX: written,
  DOCUMENT_INVALID: written,
  DOCUMENT_DUPLICATE: written,
  FIELD_UNKNOWN: written,
  FIELD_WITHOUT_EFFECT: written,
  REFERENCE_MISSING: written,
  REFERENCE_FORBIDDEN: written,
  PATTERN_INVALID: written,
  PATTERN_WILDCARD: written,
  CONNECTION_INVALID: { start: "wait", change: "refuse", run: "wait", delivery: "wait" },
  SUBJECT_NOT_SUBSCRIBED: written,
  SELECTOR_MISSING: written,
  SELECTOR_UNMATCHED: written,
  // A warning.
  OBJECT_SHARED: written,
  // A secret that is read when it is used may be back in a moment: files are replaced, variables are not.
  SECRET_UNREADABLE: needed,
  TEMPLATE_SYNTAX: rendered,
  TEMPLATE_SINGLE_QUOTES: rendered,
  TEMPLATE_ROOT: rendered,
  TEMPLATE_FAILED: rendered,
  TEMPLATE_BOUND: rendered,
  ACTION_INVALID: rendered,
  GUARD_VIOLATION: rendered,
  MANIFEST_SYNTAX: rendered,
  MANIFEST_INVALID: rendered,
  NAME_INVALID: rendered,
  LABEL_INVALID: rendered,
  KIND_UNKNOWN: rendered,
  SECRET_REFUSED: rendered,
  SECRET_IN_CLEAR: written,
  POLICY_VIOLATION: rendered,
  OBJECT_CONFLICT: rendered,
  PAUSED: rendered,
  EVENT_NOT_JSON: "dead-letter",
  EVENT_INVALID: "dead-letter",
  EVENT_VERSION: "dead-letter",
  EVENT_TOO_LARGE: "dead-letter",
  // A connection that does not answer is degraded, at a start and in a change alike.
  NATS_UNAVAILABLE: "wait",
  NATS_AUTH: "wait",
  NATS_STREAM: "wait",
  JOURNAL_DAMAGED: "wait",
  JOURNAL_FULL: "wait",
  // Another process has the folder.
  JOURNAL_LOCKED: needed,
  GIT_UNAVAILABLE: outside,
  GIT_AUTH: outside,
  GIT_REFUSED: outside,
  GIT_MOVED: outside,
  // A URL that can't be used: somebody has to mend it. Objects that are damaged: the restart fetches them anew.
  GIT_INVALID: { start: "refuse", change: "refuse", run: "crash", delivery: "crash" },
  FORGE_UNAVAILABLE: "wait",
  FORGE_AUTH: "wait",
  FORGE_REFUSED: "wait",
  REVIEW_STOPPED: "wait",
  REVIEW_TURNED_DOWN: "wait",
  REVIEW_ELSEWHERE: "wait",
  // Of one cluster, or one object in it: the others go on.
  KUBECONFIG_INVALID: "wait",
  CLUSTER_UNAVAILABLE: "wait",
  CLUSTER_AUTH: "wait",
  CLUSTER_REFUSED: "wait",
  CLUSTER_MISTAKEN: "wait",
  APPLIER_ELSEWHERE: "wait",
  OUTPUT_FOREIGN: needed,
  // A warning.
  OUTPUT_LEFT: "wait",
  // Somebody else's branch, or one of a version that this one does not know.
  STATE_INVALID: needed,
  CONFIG_MISSING: absent,
  TARGET_MISSING: absent,
  TARGET_BEHIND: absent,
  STATE_MISSING: absent,
  STATE_BEHIND: absent,
  CHANGE_HELD: absent,
  DELIVERY_COSTLY: written,
  DELIVERY_IMPOSSIBLE: written,
  DISK_UNAVAILABLE: outside,
  LEADER_LOST: "stand-by",
  CLOCK_OFF: "wait",
  PROGRAM_MISSING: needed,
  // Nothing of what is to be encrypted is on record, so it is waited for: a key service or a program may be back soon.
  SOPS_FAILED: needed,
  HELM_FAILED: rendered,
  PROGRAM_FAILED: { start: "refuse", change: "refuse", run: "wait", delivery: "fail-record" },
  SERVICE_BUSY: "refuse",
  USAGE: "refuse",
  IMPORT_LEFT: "refuse",
  NOT_FOUND: "refuse",
  NO_SERVICE: "refuse",
  INTERNAL: "crash",
} as const satisfies Record<ErrorCode, Disposition | ByPlace>;

/** What becomes of an error that is met there. What has no code is a bug, wherever it is met. */
export function dispositionOf(error: unknown, where: Where): Disposition {
  return error instanceof SluiceError ? dispositionOfCode(error.problem.code, where) : "crash";
}

function dispositionOfCode(code: ErrorCode, where: Where): Disposition {
  const entry: Disposition | ByPlace = dispositions[code];
  return typeof entry === "string" ? entry : entry[where];
}
