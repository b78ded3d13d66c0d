/** What the host is doing, for `status` and for whoever looks at it. Survives JSON. */
import type { Problem } from "../../model/problem.ts";
import type { LeadingSnapshot } from "../../pipeline/loop/snapshot.ts";
import type { ApplierSnapshot } from "./applier-snapshot.ts";

export type HostState = "starting" | "leading" | "changing over" | "standing by" | "stopping";

export interface HostSnapshot {
  readonly version: string;
  readonly state: HostState;
  /** Why it does not get on, or does not lead. */
  readonly problem?: Problem;
  readonly repository?: string;
  readonly branch?: string;
  readonly stateBranch?: string;
  /** Where there is a lease: whose turn it is, as far as is known. */
  readonly lease?: { readonly address?: string; readonly isOurs: boolean; readonly problem?: Problem };
  /** Why the settings that the files hold now are not in force. */
  readonly refused?: Problem;
  readonly leading?: LeadingSnapshot;
  /** What the bundled applier says of clusters, where there is one. */
  readonly applier?: ApplierSnapshot;
}
