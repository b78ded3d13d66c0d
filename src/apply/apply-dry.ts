/** What a full pass would do, asked of the server, which changes nothing: without a writer, and so without the lease. */
import type { ClusterReader } from "../ports/cluster.ts";
import { ClusterApplier, type PassReport, readParentName } from "./cluster-applier.ts";
import { type DryChange, DryCluster } from "./dry-cluster.ts";
import { type ClusterParts, findFolder } from "./open-applier.ts";
import type { TargetHead } from "./target-follower.ts";

export type DryParts = Omit<ClusterParts, "connect"> & { readonly cluster: ClusterReader };

export interface DryReport {
  readonly report: PassReport;
  readonly changes: readonly DryChange[];
}

export async function applyDry(parts: DryParts, head: TargetHead, isFull: boolean): Promise<DryReport> {
  const changes: DryChange[] = [];
  const revision = await findFolder(parts, head);
  const name = await readParentName(parts.git, revision);
  const dry = new DryCluster(parts.cluster, (change) => changes.push(change));
  const applier = new ClusterApplier({ ...parts, reader: dry, writer: dry }, name);
  const report = (await applier.step(revision, isFull ? "apply-all" : "look"))!;
  // The parent's own annotations are no change that anybody wants to see.
  return { report, changes: changes.filter(({ ref }) => ref.name !== name || ref.kind.kind !== "ConfigMap") };
}
