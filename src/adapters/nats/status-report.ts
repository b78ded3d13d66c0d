/**
 * Tells a stream's status to its reader: changes only, however often an attempt is repeated. What people must know
 * although reading goes on is a warning in the log, once; the status itself is the reader's to log.
 */
import type { StreamName } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { StreamStatus } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";

export interface StatusReport {
  connecting(): void;
  subscribed(pending?: number): void;
  degraded(problem: Problem): void;
  warn(problem: Problem): void;
  /** Something worth knowing that is as it should be. */
  inform(message: string): void;
}

const messagesKept = 100;

export function createStatusReport(
  stream: StreamName,
  log: Log,
  onStatus: (status: StreamStatus) => void,
): StatusReport {
  let last = "";
  const told = new Set<string>();

  function report(status: StreamStatus): void {
    const key = status.state === "degraded" ? `${status.problem.code} ${status.problem.message}` : status.state;
    if (key === last) return;
    last = key;
    onStatus(status);
  }

  function isNew(message: string): boolean {
    if (told.has(message)) return false;
    if (told.size >= messagesKept) told.clear();
    told.add(message);
    return true;
  }

  return {
    connecting: () => report({ state: "connecting" }),
    subscribed: (pending) => report({ state: "subscribed", ...(pending === undefined ? {} : { pending }) }),
    degraded: (problem) =>
      report({ state: "degraded", problem: { ...problem, message: `${stream}: ${problem.message}` } }),
    warn(problem) {
      if (isNew(problem.message)) {
        log.problem({ ...problem, severity: "warning", message: `${stream}: ${problem.message}` }, { stream });
      }
    },
    inform(message) {
      if (isNew(message)) log.info(message, { stream });
    },
  };
}
