/** What the cluster has with our label: metadata only, kind by kind. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { Problem } from "../model/problem.ts";
import type { ClusterReader, LiveMetadata } from "../ports/cluster.ts";
import { type GroupKind, isMember, partOfSelector, type SetOwner } from "./apply-set.ts";
import { type ObjectKey, objectKey } from "./desired-object.ts";
import type { SetMember } from "./pass-plan.ts";

export interface SetListing {
  readonly members: ReadonlyMap<ObjectKey, SetMember>;
  /** Kinds that may not be listed: nothing of them can be pruned. */
  readonly problems: readonly Problem[];
}

/** So many kinds are listed at once: what they hold in memory meanwhile is a page each. */
const listsAtOnce = 4;

/** What others have of an object is not looked at in a list of thousands. */
function isApplier({ operation, subresource }: LiveMetadata["managers"][number]): boolean {
  return operation === "Apply" && subresource === "";
}

export async function listMembers(
  reader: ClusterReader,
  kinds: Iterable<GroupKind>,
  owner: SetOwner,
): Promise<SetListing> {
  const all = [...kinds];
  const listings = new Array<SetListing>(all.length);
  let next = 0;
  const work = async () => {
    for (let at = next++; at < all.length; at = next++) listings[at] = await listKind(reader, all[at]!, owner);
  };
  await Promise.all(Array.from({ length: listsAtOnce }, work));
  return {
    members: new Map(listings.flatMap(({ members }) => [...members])),
    problems: listings.flatMap(({ problems }) => problems),
  };
}

async function listKind(reader: ClusterReader, { group, kind: name }: GroupKind, owner: SetOwner): Promise<SetListing> {
  const members = new Map<ObjectKey, SetMember>();
  let plural = name;
  try {
    const kind = await reader.findKind(group, name);
    if (kind === undefined) return { members, problems: [] };
    plural = kind.plural;
    for await (const metadata of reader.listMetadata(kind, { labelSelector: partOfSelector(owner.setId) })) {
      if (!isMember(metadata, owner)) continue;
      const key = objectKey({ group, kind: kind.kind, namespace: metadata.namespace, name: metadata.name });
      members.set(key, { kind, metadata: { ...metadata, managers: metadata.managers.filter(isApplier) } });
    }
    return { members, problems: [] };
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error;
    const message = `${plural} can't be listed, so none of them is pruned: ${error.message}`;
    // What was read before it was refused is there all the same.
    return { members, problems: [{ ...error.problem, severity: "warning", message }] };
  }
}
