/** What it takes to work on one cluster: its folder, its lease, and who may write. */
import type { ClusterKey } from "../model/cluster.ts";
import { folderMode } from "../model/folder-mode.ts";
import { SluiceError } from "../model/problem.ts";
import { clusterFolder } from "../plan/paths.ts";
import type { Cluster } from "../ports/cluster.ts";
import type { BlobReader, TreeReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import { clusterAnnotation, parentNamespace } from "./applied-parent.ts";
import { ClusterApplier, type DriftOptions, type Revision, readParentName } from "./cluster-applier.ts";
import type { Adoption } from "./decide.ts";
import type { FullPasses } from "./full-passes.ts";
import { guardWriter } from "./guarded-writer.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { PolicyReader } from "./owner-policies.ts";
import type { TargetHead } from "./target-follower.ts";

export interface ClusterParts {
  readonly key: ClusterKey;
  /** Opens the way to it, which whoever does closes: what is known of the cluster holds for as long as it is open. */
  readonly connect: () => Cluster;
  readonly git: BlobReader & Pick<TreeReader, "readTree" | "findEntry">;
  readonly clock: Clock;
  readonly policies: PolicyReader;
  readonly outputPath: string;
  /** Settings' `name`. */
  readonly manager: string;
  readonly adoption: Adoption;
  /** Who applies: one for each process. */
  readonly holder: string;
  /** Shared by the clusters of a process. */
  readonly fullPasses?: FullPasses;
}

/** The cluster's folder at that commit. Throws TARGET_MISSING where there is none: absence is no emptiness. */
export async function findFolder(
  { git, outputPath, key, policies }: Pick<ClusterParts, "git" | "outputPath" | "key" | "policies">,
  { commit, parent, tree, stateTree }: TargetHead,
): Promise<Revision> {
  const path = `${outputPath}/${clusterFolder(key)}`;
  const entry = await git.findEntry(tree, path);
  if (entry?.mode === folderMode) {
    const namespace = key.slice(0, key.indexOf("/"));
    const of = parent === undefined ? {} : { parent };
    return { commit, ...of, folder: entry.id, policies: await policies.read(stateTree, namespace) };
  }
  throw new SluiceError({
    code: "TARGET_MISSING",
    message: `the target has no folder ${path}`,
    hint: "A cluster in the catalog has one. Nothing is changed in the cluster without it.",
  });
}

export interface OpenApplier {
  readonly applier: ClusterApplier;
  readonly lease: LeaseKeeper;
  /**
   * Ends all writing, then gives the lease up: who comes next need not wait, where the server still hears us. Where a write
   * got no answer it is left to expire, so that who takes it over looks once more. What else is under way, or waits to be
   * sent, is given up. May be called again.
   */
  close(): Promise<void>;
}

/** The lease is not taken yet; nothing can be written before it is. Throws CLUSTER_MISTAKEN. */
export async function openApplier(parts: ClusterParts, revision: Revision, drift?: DriftOptions): Promise<OpenApplier> {
  const { key, git, clock, manager, adoption, holder, fullPasses } = parts;
  const name = await readParentName(git, revision);
  const cluster = parts.connect();
  const says = new Map([[clusterAnnotation, key]]);
  const lease = new LeaseKeeper(cluster, { namespace: parentNamespace, name }, holder, clock, says);
  const writer = guardWriter(cluster, () => lease.assertHeld(), clock);
  const watched = { ...(drift === undefined ? {} : { drift }), ...(fullPasses === undefined ? {} : { fullPasses }) };
  const applier = new ClusterApplier(
    { key, reader: cluster, writer, git, clock, manager, adoption, holder, ...watched },
    name,
  );
  try {
    await applier.refuseMistaken(revision);
  } catch (error) {
    cluster.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async () => {
    await writer.end();
    if (!writer.mayStillWrite()) await lease.release().catch(() => undefined);
    cluster.close();
  };
  return {
    applier,
    lease,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
