/** What is there of many objects: one by one, or by a list where that is less to ask for. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, LiveMetadata, ObjectRef } from "../ports/cluster.ts";
import { type ObjectKey, objectKey } from "./desired-object.ts";

export interface LookUp {
  readonly key: ObjectKey;
  readonly ref: ObjectRef;
}

/** From so many on a list is tried. */
const listFrom = 16;
const listMax = 1000;

export interface LookedUp {
  /** Metadata by key; what is not there is absent. */
  readonly found: ReadonlyMap<ObjectKey, LiveMetadata>;
  /** What may not be looked at: nothing is known of it, so nothing may be done to it. */
  readonly refused: ReadonlyMap<ObjectKey, ClusterRefusal>;
}

export async function lookUp(reader: ClusterReader, wanted: readonly LookUp[]): Promise<LookedUp> {
  const found = new Map<ObjectKey, LiveMetadata>();
  const refused = new Map<ObjectKey, ClusterRefusal>();
  const groups = groupByKind(wanted);
  await Promise.all(
    [...groups.values()].map(async (group) => {
      if (group.length >= listFrom && (await findInList(reader, group, found))) return;
      await Promise.all(
        group.map(async ({ key, ref }) => {
          try {
            const metadata = await reader.readMetadata(ref);
            if (metadata !== undefined) found.set(key, metadata);
          } catch (error) {
            if (!(error instanceof ClusterRefusal)) throw error;
            refused.set(key, error);
          }
        }),
      );
    }),
  );
  return { found, refused };
}

function groupByKind(wanted: readonly LookUp[]): ReadonlyMap<string, readonly LookUp[]> {
  const groups = new Map<string, LookUp[]>();
  for (const one of wanted) {
    const { group, version, plural } = one.ref.kind;
    const name = `${group}/${version}/${plural}`;
    const same = groups.get(name);
    if (same === undefined) groups.set(name, [one]);
    else same.push(one);
  }
  return groups;
}

/** False where there are too many others for a list to be worth it. */
async function findInList(
  reader: ClusterReader,
  group: readonly LookUp[],
  found: Map<ObjectKey, LiveMetadata>,
): Promise<boolean> {
  const { kind, namespace } = group[0]!.ref;
  const isOneNamespace = group.every(({ ref }) => ref.namespace === namespace);
  const options = isOneNamespace && namespace !== "" ? { namespace } : {};
  const listed = await reader.listIfFew(kind, options, Math.min(group.length * 3, listMax)).catch((error: unknown) => {
    // Single ones may be allowed where lists are not.
    if (error instanceof ClusterRefusal) return undefined;
    throw error;
  });
  if (listed === undefined) return false;
  const keys = new Set(group.map(({ key }) => key));
  for (const metadata of listed) {
    const { namespace: within, name } = metadata;
    const key = objectKey({ group: kind.group, kind: kind.kind, namespace: within, name });
    if (keys.has(key)) found.set(key, metadata);
  }
  return true;
}
