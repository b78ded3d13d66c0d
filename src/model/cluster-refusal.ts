/** What an API server does not want: an error that says whether it is worth trying again. */
import { type ErrorCode, SluiceError } from "./problem.ts";

/**
 * `terminating`: its namespace is being deleted. `conflict`: the object is not the one that was meant, or has changed.
 * `expired`: the page or version that was asked for is forgotten. `unserved`: who serves its API group is not available. `immutable`: a field can't be changed any more. `invalid` is what no retry makes valid, unless others change something.
 * `under-way`: it is being done, and takes its time.
 */
export type RefusalReason =
  | "invalid"
  | "immutable"
  | "forbidden"
  | "conflict"
  | "not-found"
  | "terminating"
  | "expired"
  | "unserved"
  | "under-way"
  | "other";

/** The server does not want it: one object's trouble, and nobody else's. */
export class ClusterRefusal extends SluiceError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, hint?: string, code: ErrorCode = "CLUSTER_REFUSED") {
    super({ code, message, ...(hint === undefined ? {} : { hint }) });
    this.name = "ClusterRefusal";
    this.reason = reason;
  }
}
