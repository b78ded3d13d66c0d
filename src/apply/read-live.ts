/** What a cluster has of its folder: asked of the cluster itself, which is only read. */

import type { ClusterKey } from "../model/cluster.ts";
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import { releaseKindPart } from "../plan/paths.ts";
import type { ClusterReader, LiveMetadata } from "../ports/cluster.ts";
import { managersOf, parentNamespace, readMark, readSetKinds } from "./applied-parent.ts";
import { applySetId } from "./apply-set.ts";
import { type ApplierParts, type Revision, readParentName, unionOfKinds } from "./cluster-applier.ts";
import { type ObjectKey, objectKey } from "./desired-object.ts";
import { listMembers } from "./list-members.ts";
import { kindPartOf } from "./object-rank.ts";
import { blobAnnotation, blobMark, listFolder, type SetMember } from "./pass-plan.ts";
import { versionOfRelease } from "./releases/release-cluster.ts";
import { refuseMistaken } from "./whose-cluster.ts";

/**
 * `applied`: as the folder has it now; `outdated`: as it had it before. `absent`: not there, or there and not Sluice's.
 */
export type LiveState = "applied" | "outdated" | "deleting" | "absent";

export interface LiveObject {
  readonly state: LiveState;
  /** When it was last changed by being applied, ISO 8601; empty: never, or it is not known. */
  readonly time: string;
}

export interface LiveCluster {
  /** The commit that was applied last; empty: none. */
  readonly commit: string;
  /** Of releases: the version of the chart that is installed; one that helm can't be asked about is absent. */
  readonly versions: ReadonlyMap<ObjectKey, string>;
  of(key: ObjectKey): LiveObject;
}

/** What it takes to look at a cluster. */
export interface LookParts extends Pick<ApplierParts, "git" | "manager"> {
  /** The cluster that the kubeconfig is said to lead to. */
  readonly key: ClusterKey;
}

/** Throws CLUSTER_MISTAKEN where it leads to the cluster of another folder: nothing of what is there is this one's. */
export async function readLiveCluster(
  reader: ClusterReader,
  { key: cluster, git, manager }: LookParts,
  revision: Revision,
): Promise<LiveCluster> {
  const name = await readParentName(git, revision);
  const setId = applySetId(name, parentNamespace);
  const { files } = await listFolder(git, revision.folder);
  const parent = await refuseMistaken(reader, { cluster, name, setId, manager }, async () =>
    unionOfKinds([], files.keys()),
  );
  const kinds = unionOfKinds(parent === undefined ? [] : readSetKinds(parent), files.keys());
  const { members } = await listMembers(reader, kinds, { setId, managers: managersOf(parent, manager) });
  const releases = [...members.keys()].filter((key) => kindPartOf(key) === releaseKindPart);
  return {
    versions: await readVersions(
      reader,
      releases.map((key) => members.get(key)!),
    ),
    commit: parent === undefined ? "" : readMark(parent).commit,
    of: (key) => {
      const metadata = members.get(key)?.metadata;
      if (metadata === undefined) return { state: "absent", time: "" };
      const file = files.get(key);
      const isSame = file !== undefined && metadata.annotations.get(blobAnnotation) === blobMark(file.id);
      const state = metadata.isTerminating ? "deleting" : isSame ? "applied" : "outdated";
      return { state, time: timeOf(metadata, manager) };
    },
  };
}

async function readVersions(
  reader: ClusterReader,
  releases: readonly SetMember[],
): Promise<ReadonlyMap<ObjectKey, string>> {
  const versions = new Map<ObjectKey, string>();
  for (const { kind, metadata } of releases) {
    const { namespace, name } = metadata;
    try {
      const version = versionOfRelease(await reader.readObject({ kind, namespace, name }));
      if (version !== undefined)
        versions.set(objectKey({ group: kind.group, kind: kind.kind, namespace, name }), version);
    } catch (error) {
      // Without helm all else can be told.
      if (!(error instanceof ClusterRefusal)) throw error;
    }
  }
  return versions;
}

function timeOf({ managers }: LiveMetadata, manager: string): string {
  return managers.find(({ name, operation }) => name === manager && operation === "Apply")?.time ?? "";
}
