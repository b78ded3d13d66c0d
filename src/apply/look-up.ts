/** What is there of many objects: one by one, or by a list where that is less to ask for. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, LiveMetadata, ObjectRef } from "../ports/cluster.ts";
import { type ObjectKey, objectKey } from "./desired-object.ts";
import { kindPartOf } from "./object-rank.ts";

export interface LookUp {
  readonly key: ObjectKey;
  readonly ref: ObjectRef;
}

/** From so many on a list is tried: where there are no more than so many others for each. */
const listFrom = 16;
const othersEach = 3;
const listMax = 20_000;

export interface LookedUp {
  /** Metadata by key; what is not there is absent. */
  readonly found: ReadonlyMap<ObjectKey, LiveMetadata>;
  /** What may not be looked at: nothing is known of it, so nothing may be done to it. */
  readonly refused: ReadonlyMap<ObjectKey, ClusterRefusal>;
}

export async function lookUp(
  reader: ClusterReader,
  wanted: readonly LookUp[],
  lists = new LookUpLists(
    reader,
    wanted.map(({ key }) => key),
  ),
): Promise<LookedUp> {
  const found = new Map<ObjectKey, LiveMetadata>();
  const refused = new Map<ObjectKey, ClusterRefusal>();
  const groups = groupByKind(wanted);
  await Promise.all(
    [...groups.values()].map(async (group) => {
      const listed = await lists.read(group[0]!);
      if (listed !== undefined) {
        for (const { key } of group) {
          const metadata = listed.get(key);
          if (metadata !== undefined) found.set(key, metadata);
        }
        return;
      }
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

/**
 * Lists that several look-ups share: of many objects that are looked up part by part one list is made. What is in them may be
 * some seconds old by then; writes name the object that they are meant for.
 */
export class LookUpLists {
  readonly #reader: ClusterReader;
  /** By kind part of keys: how many will be looked up, and in which scopes. */
  readonly #wanted = new Map<string, { count: number; readonly scopes: Set<string> }>();
  readonly #lists = new Map<string, Promise<ReadonlyMap<ObjectKey, LiveMetadata> | undefined>>();

  constructor(reader: ClusterReader, keys: Iterable<ObjectKey>) {
    this.#reader = reader;
    for (const key of keys) {
      const [scope = "", kind = ""] = key.split("/");
      const wanted = this.#wanted.get(kind) ?? { count: 0, scopes: new Set() };
      wanted.count++;
      wanted.scopes.add(scope);
      this.#wanted.set(kind, wanted);
    }
  }

  /** What there is of the kind of this one, where the others are; undefined: it is better asked for one by one. */
  read({ key, ref }: LookUp): Promise<ReadonlyMap<ObjectKey, LiveMetadata> | undefined> {
    const name = kindPartOf(key);
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = this.#list(name, ref);
      this.#lists.set(name, list);
    }
    return list;
  }

  async #list(name: string, { kind, namespace }: ObjectRef): Promise<ReadonlyMap<ObjectKey, LiveMetadata> | undefined> {
    const { count = 0, scopes = new Set() } = this.#wanted.get(name) ?? {};
    if (count < listFrom) return undefined;
    const options = scopes.size === 1 && namespace !== "" ? { namespace } : {};
    try {
      const max = Math.min(count * (1 + othersEach), listMax);
      const listed = await this.#reader.listIfFew(kind, options, max);
      if (listed === undefined) return undefined;
      return new Map(
        listed.map((metadata) => {
          const identity = { group: kind.group, kind: kind.kind, namespace: metadata.namespace, name: metadata.name };
          return [objectKey(identity), metadata];
        }),
      );
    } catch (error) {
      // Single ones may be allowed where lists are not.
      if (error instanceof ClusterRefusal) return undefined;
      throw error;
    }
  }
}
