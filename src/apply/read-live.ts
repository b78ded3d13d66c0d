/** What a cluster has of its folder: asked of the cluster itself, which is only read. */
import type { ClusterReader, LiveMetadata } from "../ports/cluster.ts";
import { parentNamespace, parentRef, readMark, readSetKinds } from "./applied-parent.ts";
import { applySetId } from "./apply-set.ts";
import { type ApplierParts, type Revision, readParentName, unionOfKinds } from "./cluster-applier.ts";
import type { ObjectKey } from "./desired-object.ts";
import { listMembers } from "./list-members.ts";
import { blobAnnotation, blobMark, listFolder } from "./pass-plan.ts";

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
  of(key: ObjectKey): LiveObject;
}

export async function readLiveCluster(
  reader: ClusterReader,
  git: ApplierParts["git"],
  revision: Revision,
  manager: string,
): Promise<LiveCluster> {
  const name = await readParentName(git, revision);
  const parent = await reader.readMetadata(parentRef(name));
  const { files } = await listFolder(git, revision.folder);
  const kinds = unionOfKinds(parent === undefined ? [] : readSetKinds(parent), files.keys());
  const { members } = await listMembers(reader, kinds, applySetId(name, parentNamespace));
  return {
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

function timeOf({ managers }: LiveMetadata, manager: string): string {
  return managers.find(({ name, operation }) => name === manager && operation === "Apply")?.time ?? "";
}
