/** Pushes packs to branches over a transport, and says of each branch what became of it. */
import { SluiceError } from "../../model/problem.ts";
import type { RefOutcome, RefUpdate } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import { type ByteSource, sourceOf } from "./byte-source.ts";
import { zeroId } from "./object-id.ts";
import { encodePacket, flushPacket } from "./pkt-line.ts";
import { type PushReport, PushReportReader } from "./push-report.ts";
import type { Advertisement, Connection, Transport } from "./transport.ts";

/** Of the server's own words so many lines are told with a refusal. */
const messagesMax = 8;

/** The pack to push. It is sent with each update where the server takes them one by one: it may keep only what they reach. */
export type PackSource = (options: { readonly ofsDelta: boolean }) => ByteSource;

export class PushClient {
  readonly #transport: Transport;
  readonly #log: Log;

  constructor(transport: Transport, log: Log) {
    this.#transport = transport;
    this.#log = log;
  }

  /**
   * As GitWriter.push. Branches that another one's failure left untouched are absent from the answer. When the signal aborts, whatever
   * is under way ends, and GIT_UNAVAILABLE is thrown: what became of the push is not known then.
   */
  async push(updates: readonly RefUpdate[], pack: PackSource, signal?: AbortSignal): Promise<Map<string, RefOutcome>> {
    const connection = await this.#connectFor(updates, signal);
    const early = connection.isFresh ? findKnown(updates, connection) : new Map<string, RefOutcome>();
    const left = updates.filter(({ branch }) => !early.has(branch));
    if (left.length === 0 || [...early.values()].some(({ kind }) => kind === "moved")) {
      connection.close();
      return early;
    }
    const clashes = findClashes(left, connection.advertisement);
    if (clashes.size > 0) {
      connection.close();
      return clashes;
    }
    if (left.length === 1 || connection.advertisement.capabilities.has("atomic")) {
      return new Map([...early, ...(await this.#pushTogether(connection, left, pack, signal))]);
    }
    for (const [index, update] of left.entries()) {
      const ownConnection = index === 0 ? connection : await this.#connectFor([update], signal);
      const outcome = (await this.#pushTogether(ownConnection, [update], pack, signal)).get(update.branch);
      if (outcome !== undefined) early.set(update.branch, outcome);
      if (outcome?.kind !== "pushed") break;
    }
    return early;
  }

  /** An advertisement from before that contradicts the updates may just be old: then a fresh one decides. */
  async #connectFor(updates: readonly RefUpdate[], signal: AbortSignal | undefined): Promise<Connection> {
    const connection = await this.#transport.connect({ fresh: false, signal });
    if (connection.isFresh || !connection.knowsRefs || findKnown(updates, connection).size === 0) return connection;
    connection.close();
    return this.#transport.connect({ fresh: true, signal });
  }

  async #pushTogether(
    connection: Connection,
    updates: readonly RefUpdate[],
    pack: PackSource,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, RefOutcome>> {
    const { capabilities } = connection.advertisement;
    const messages: string[] = [];
    let report: PushReport | undefined;
    try {
      const commands = sourceOf(encodeCommands(updates, capabilities));
      const request = [commands, pack({ ofsDelta: capabilities.has("ofs-delta") })];
      report = await this.#exchange(connection, request, messages);
    } catch (error) {
      connection.close();
      if (!(error instanceof SluiceError) || error.problem.code !== "GIT_REFUSED") throw error;
      const { problem } = error;
      return new Map(updates.map(({ branch }) => [branch, { kind: "refused", problem }]));
    }
    if (report !== undefined && updates.every(({ branch }) => isDone(report, branch))) {
      return new Map(updates.map(({ branch }) => [branch, { kind: "pushed" }]));
    }
    return findMoved(updates, report, messages) ?? this.#explain(updates, report, messages, signal);
  }

  /** The report; undefined where this server gives none. */
  async #exchange(
    connection: Connection,
    request: readonly ByteSource[],
    messages: string[],
  ): Promise<PushReport | undefined> {
    const { capabilities } = connection.advertisement;
    const hasReport = capabilities.has("report-status-v2") || capabilities.has("report-status");
    const reader = new PushReportReader(capabilities.has("side-band-64k"), (line) => {
      this.#log.info("message from the Git server", { remote: line });
      if (messages.length < messagesMax) messages.push(line);
    });
    const chunks = connection.exchange(request)[Symbol.asyncIterator]();
    for (;;) {
      const next = await chunks.next();
      if (next.done) break;
      const report = reader.read(next.value);
      if (report === undefined) continue;
      // Hooks that run after the fact may go on talking; nobody need wait for them.
      void this.#drain(chunks, reader);
      return report;
    }
    reader.finish();
    if (!hasReport) return undefined;
    throw new SluiceError({
      code: "GIT_UNAVAILABLE",
      message: `the connection to the Git server ended before it said what became of the push${inWords(messages)}`,
      hint: "Sluice fetches the branches and compares before it goes on.",
    });
  }

  async #drain(chunks: AsyncIterator<Buffer>, reader: PushReportReader): Promise<void> {
    try {
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) reader.read(next.value);
      reader.finish();
    } catch (error) {
      this.#log.debug("the Git server's messages were cut short", { reason: String(error) });
    }
  }

  /**
   * What happened where not everything went through: the server's wording differs from kind to kind, where the
   * branches are now does not.
   */
  async #explain(
    updates: readonly RefUpdate[],
    report: PushReport | undefined,
    messages: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Map<string, RefOutcome>> {
    const connection = await this.#transport.connect({ fresh: true, signal });
    connection.close();
    const { advertisement } = connection;
    const clashes = findClashes(updates, advertisement);
    if (clashes.size > 0) return clashes;
    const said = inWords(messages);
    const outcomes = new Map<string, RefOutcome>();
    const followers: [string, string][] = [];
    for (const update of updates) {
      const { branch } = update;
      const current = advertisement.refs.get(refName(branch));
      const reason = report?.refs.get(refName(branch)) ?? report?.unpack ?? "no status";
      if (current === update.to || (report !== undefined && isDone(report, branch))) {
        outcomes.set(branch, { kind: "pushed" });
      } else if (current !== update.from) outcomes.set(branch, movedOutcome(update, current));
      else if (isConsequence(reason)) followers.push([branch, reason]);
      else if (update.mayRewind === true && reason === "non-fast-forward")
        outcomes.set(branch, refusedOutcome(branch, "it lets no branch be set back (receive.denyNonFastForwards)"));
      else if (isContention(`${reason}${said}`)) outcomes.set(branch, contendedOutcome(branch, reason + said));
      else outcomes.set(branch, refusedOutcome(branch, explainRefusal(reason, report) + said));
    }
    if (outcomes.size > 0) return outcomes;
    // All of them say that another one failed: two pushes met, and neither got the locks; or the server's own words say what it is.
    for (const [branch, reason] of followers) {
      const isMeeting = messages.length === 0 || messages.some(isContention);
      outcomes.set(branch, (isMeeting ? contendedOutcome : refusedOutcome)(branch, reason + said));
    }
    return outcomes;
  }
}

function inWords(messages: readonly string[]): string {
  return messages.length === 0 ? "" : ` (the server says: ${messages.join(" / ")})`;
}

export function refName(branch: string): string {
  return branch.startsWith("refs/") ? branch : `refs/heads/${branch}`;
}

function encodeCommands(updates: readonly RefUpdate[], capabilities: ReadonlyMap<string, string>): Buffer {
  const wanted = ["report-status-v2", "side-band-64k", "quiet"].filter((name) => capabilities.has(name));
  if (!capabilities.has("report-status-v2") && capabilities.has("report-status")) wanted.unshift("report-status");
  if (updates.length > 1) wanted.push("atomic");
  if (capabilities.has("object-format")) wanted.push("object-format=sha1");
  if (capabilities.has("agent")) wanted.push("agent=sluice");
  const lines = updates.map(({ branch, from, to }, index) => {
    const command = `${from ?? zeroId} ${to} ${refName(branch)}`;
    return encodePacket(index === 0 ? `${command}\0 ${wanted.join(" ")}` : command);
  });
  return Buffer.concat([...lines, flushPacket]);
}

function isDone(report: PushReport, branch: string): boolean {
  const name = refName(branch);
  return report.refs.has(name) && report.refs.get(name) === undefined;
}

/** What the server's refs tell before anything is sent: a branch is elsewhere, or a push whose answer got lost brought it here. */
function findKnown(updates: readonly RefUpdate[], { advertisement }: Connection): Map<string, RefOutcome> {
  const known = new Map<string, RefOutcome>();
  for (const update of updates) {
    const current = advertisement.refs.get(refName(update.branch));
    if (current === update.to) known.set(update.branch, { kind: "pushed" });
    else if (current !== update.from) known.set(update.branch, movedOutcome(update, current));
  }
  return known;
}

/**
 * What git itself says where somebody was there first: where the branch is. Then nobody need ask, which takes as long as somebody else
 * needs to move it again. Undefined where that does not explain everything.
 */
function findMoved(
  updates: readonly RefUpdate[],
  report: PushReport | undefined,
  messages: readonly string[],
): Map<string, RefOutcome> | undefined {
  const places = new Map<string, string>();
  for (const message of messages) {
    const [, ref = "", place = ""] =
      /cannot lock ref '([^']+)': is at ([0-9a-f]{40,64}) but expected/.exec(message) ?? [];
    places.set(ref, place);
  }
  const moved = updates.filter(({ branch, to }) => ![undefined, to].includes(places.get(refName(branch))));
  const others = updates.filter((update) => !moved.includes(update));
  const isExplained = others.every(({ branch }) => isConsequence(report?.refs.get(refName(branch)) ?? ""));
  if (moved.length === 0 || !isExplained) return undefined;
  return new Map(moved.map((update) => [update.branch, movedOutcome(update, places.get(refName(update.branch)))]));
}

/** With atomic pushes: refused only because another branch was. */
function isConsequence(reason: string): boolean {
  return /atomic|transaction/i.test(reason);
}

/** Another push held the branch's lock, or moved it and back. */
function isContention(reason: string): boolean {
  if (/permission denied|read-only|no space left|hook|cannot create/i.test(reason)) return false;
  return /failed to update ref|failed to lock|cannot lock|unable to lock|\.lock'?: File exists|already exists|incorrect old value|stale info|fetch first|non-fast-forward|reference already exists|but expected/i.test(
    reason,
  );
}

/**
 * A branch that can't be made, because of another one whose name is a folder of it, or the other way round (`sluice` and
 * `sluice/state`): Git keeps both in files. Servers don't say so.
 */
function findClashes(updates: readonly RefUpdate[], { refs }: Advertisement): Map<string, RefOutcome> {
  const clashes = new Map<string, RefOutcome>();
  for (const { branch, from } of updates) {
    const name = refName(branch);
    if (from !== undefined || refs.has(name)) continue;
    const other = [...refs.keys()].find((ref) => ref.startsWith(`${name}/`) || name.startsWith(`${ref}/`));
    if (other === undefined) continue;
    const otherBranch = other.replace(/^refs\/heads\//, "");
    clashes.set(branch, {
      kind: "refused",
      problem: {
        code: "GIT_REFUSED",
        severity: "error",
        message: `branch ${branch} can't be made: there is a branch ${otherBranch}, and Git keeps no branch below another's name`,
        hint: `Rename or delete ${otherBranch}, or set repository.branch or state.branch to another name.`,
      },
    });
  }
  return clashes;
}

function explainRefusal(reason: string, report: PushReport | undefined): string {
  return report !== undefined && report.unpack !== "ok" ? `${reason}: ${report.unpack}` : reason;
}

function movedOutcome({ branch, from }: RefUpdate, current: string | undefined): RefOutcome {
  const place = (id: string | undefined) => id?.slice(0, 12) ?? "absent";
  return {
    kind: "moved",
    at: current,
    problem: {
      code: "GIT_MOVED",
      severity: "warning",
      message: `branch ${branch} is at ${place(current)}, not at ${place(from)}: someone else pushed`,
    },
  };
}

function contendedOutcome(branch: string, reason: string): RefOutcome {
  return {
    kind: "moved",
    problem: {
      code: "GIT_MOVED",
      severity: "warning",
      message: `branch ${branch} was not updated: ${reason}`,
      hint: "Another push was under way, or a stale lock file lies in the server's repository.",
    },
  };
}

function refusedOutcome(branch: string, reason: string): RefOutcome {
  return {
    kind: "refused",
    problem: {
      code: "GIT_REFUSED",
      severity: "error",
      message: `the Git server refuses the push to ${branch}: ${reason}`,
      hint: "Let this account push there: what forbids it is a hook or the branch's protection, in the server's words above. With review.mode: pull-request the target is not pushed to.",
    },
  };
}
