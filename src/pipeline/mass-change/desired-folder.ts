/** Whose objects a folder of the desired tree holds, told by its path alone. */
import type { ClusterKey } from "../../model/cluster.ts";
import { type Owner, type OwnerKind, ownerKey } from "../../model/owner.ts";
import {
  clusterOfFolder,
  decodePathPart,
  type OwnedPath,
  ownerFolderName,
  ownerOfFolder,
  readOwnedPath,
} from "../../plan/paths.ts";

export interface DesiredFolder {
  /** An owner's key; where its name had to be cut, as it stands in the path. */
  readonly owner: string;
  readonly cluster: ClusterKey;
  /** `<scope>/<kind>`, the same below every owner and shard. */
  readonly place: string;
}

/** `path`: of a folder that has files. Undefined: what is in it is nobody's, as Sluice's own below `base/`. */
export function folderOf(path: string): DesiredFolder | undefined {
  const [, namespace = "", name = "", ...below] = path.split("/");
  const owned = readOwnedPath([...below, "-"].join("/"));
  if (owned === undefined) return undefined;
  const cluster = clusterOfFolder(namespace, name);
  return { owner: ownerName(owned, cluster), cluster, place: owned.file.slice(0, -"/-".length) };
}

/** How {@link folderOf} calls the owner, on a cluster. */
export function folderOwner(owner: Owner, cluster: ClusterKey): string {
  const folder = ownerFolderName(owner, cluster);
  return folder.includes("~") ? cutName(owner.kind, folder) : ownerKey(owner);
}

function cutName(kind: OwnerKind, ownerFolder: string): string {
  return `${kind}/${decodePathPart(ownerFolder)}`;
}

/** As owners are keyed; where the name had to be cut, as it stands in the path. */
function ownerName({ kind, ownerFolder }: OwnedPath, cluster: ClusterKey): string {
  const owner = ownerOfFolder(kind, ownerFolder, cluster);
  return owner === undefined ? cutName(kind, ownerFolder) : ownerKey(owner);
}
