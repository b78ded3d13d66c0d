/** Tells a stream's status to its reader and to the log: changes only, however often an attempt is repeated. */
import type { StreamName } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { StreamStatus } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";

export interface StatusReport {
  connecting(): void;
  subscribed(): void;
  degraded(problem: Problem): void;
  /** Something that people must know of although reading goes on. */
  warn(problem: Problem): void;
}

export function createStatusReport(
  stream: StreamName,
  log: Log,
  onStatus: (status: StreamStatus) => void,
): StatusReport {
  let last = "";

  function report(status: StreamStatus): void {
    const key = status.state === "degraded" ? `${status.problem.code} ${status.problem.message}` : status.state;
    if (key === last) return;
    last = key;
    if (status.state === "degraded") log.problem(status.problem, { stream });
    else log.debug(status.state, { stream });
    onStatus(status);
  }

  return {
    connecting: () => report({ state: "connecting" }),
    subscribed: () => report({ state: "subscribed" }),
    degraded: (problem) =>
      report({ state: "degraded", problem: { ...problem, message: `${stream}: ${problem.message}` } }),
    warn: (problem) => report({ state: "degraded", problem: { ...problem, severity: "warning" } }),
  };
}
