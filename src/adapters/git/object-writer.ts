/**
 * The objects of a batch: named, compressed once, each kept once, until they are pushed and then stored.
 */
import type { ObjectId } from "../../ports/git.ts";
import { deflate } from "./deflate.ts";
import { encodeDelta } from "./delta.ts";
import { hashObject, type ObjectType } from "./object-id.ts";
import { type PackObject, packObject } from "./pack-bytes.ts";
import type { Segment } from "./tree-bytes.ts";

/** Reading an object at the end of a chain means reading the chain; git's own limit is 50. */
const deltaDepthMax = 20;

/** Objects in the order in which they were written: what an object refers to stands before it. */
export type ObjectSet = Map<ObjectId, PackObject>;

/** The tree that a new one is an edit of, and how. */
export interface TreeEdit {
  readonly id: ObjectId;
  readonly size: number;
  readonly segments: readonly Segment[];
}

/** Adds the object unless it is there; a tree that is an edit of one in the set becomes a delta on it. */
export function addObject(objects: ObjectSet, type: ObjectType, body: Buffer, editOf?: TreeEdit): ObjectId {
  const id = hashObject(type, body);
  if (objects.has(id)) return id;
  const base = editOf === undefined ? undefined : objects.get(editOf.id);
  if (editOf !== undefined && base !== undefined && base.depth < deltaDepthMax) {
    const delta = encodeDelta(editOf.size, body.length, editOf.segments);
    if (delta.length < body.length / 2) {
      const depth = base.depth + 1;
      objects.set(id, packObject({ id, type, size: delta.length, base, depth }, deflate(delta)));
      return id;
    }
  }
  const data = deflate(body, type === "tree");
  objects.set(id, packObject({ id, type, size: body.length, base: undefined, depth: 0 }, data));
  return id;
}

/** The objects with every base before its deltas: one may have come in with another batch, and been kept from there. */
export function withBases(objects: readonly PackObject[]): ObjectSet {
  const ordered: ObjectSet = new Map();
  const add = (object: PackObject): void => {
    if (ordered.has(object.id)) return;
    if (object.base !== undefined) add(object.base);
    ordered.set(object.id, object);
  };
  for (const object of objects) add(object);
  return ordered;
}
