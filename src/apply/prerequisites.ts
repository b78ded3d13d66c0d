/**
 * What owners wait for: an object that is new is held back until all that its owner depends on is applied and well, or until
 * it has waited long enough. What is there is never held back.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { JsonObject } from "../model/json.ts";
import type { ClusterReader, ObjectRef } from "../ports/cluster.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import { partOfSelector } from "./apply-set.ts";
import type { Revision } from "./cluster-applier.ts";
import {
  type DesiredFile,
  type DesiredObject,
  isManifestPath,
  type ObjectKey,
  objectKey,
  readDesired,
} from "./desired-object.ts";
import { diffTrees } from "./diff-trees.ts";
import { lookUp } from "./look-up.ts";
import { textAt, textsAt } from "./members.ts";
import { kindPartOf } from "./object-rank.ts";
import { hasHealth, readStatus } from "./object-status.ts";
import { folderOfOwner, policyOf } from "./owner-policies.ts";
import { blobAnnotation, blobMark } from "./pass-plan.ts";

/** Objects whose health counts are read one by one, so many at a time. */
const atOnce = 8;
/** From so many of a kind on they are listed, where the set has no more than so many others for each. */
const listFrom = 8;
const othersEach = 20;
/** So long a prerequisite is waited for. */
const waitMsMax = 5 * 60_000;
/** Who waits looks again within seconds. Where nobody has for so long, nobody has waited. */
const lookMsMax = 60_000;
/** What was well counts as well for so long, for those who come next. */
const wellMs = 60_000;

export interface PrerequisitesParts {
  readonly reader: ClusterReader;
  readonly git: BlobReader & Pick<TreeReader, "readTree" | "findEntry">;
  readonly clock: Clock;
  readonly setId: string;
}

/** Monotonic milliseconds. */
interface Wait {
  readonly since: number;
  readonly lookedAt: number;
}

interface Known {
  /** The owner's folder that it is about. */
  readonly folder: ObjectId;
  /** Objects that were applied and well: while others are waited for they are not asked for again. */
  readonly well: Set<ObjectKey>;
  /** Monotonic milliseconds; undefined: not all of it was well. */
  wellAt?: number;
}

export class Prerequisites {
  readonly #parts: PrerequisitesParts;
  /** By the owner that is waited for. */
  readonly #waits = new Map<string, Wait>();
  readonly #known = new Map<string, Known>();

  constructor(parts: PrerequisitesParts) {
    this.#parts = parts;
  }

  /** For one pass: each prerequisite is looked at once. Returns what an object has to wait for; undefined: for nothing. */
  forPass(revision: Revision): (desired: DesiredObject) => Promise<string | undefined> {
    const looked = new Map<string, Promise<string | undefined>>();
    return async ({ file }) => {
      for (const owner of policyOf(revision.policies, file.path)?.dependsOn ?? []) {
        let looking = looked.get(owner);
        if (looking === undefined) {
          looking = this.#look(owner, revision);
          looked.set(owner, looking);
        }
        const missing = await looking;
        if (missing !== undefined) return missing;
      }
      return undefined;
    };
  }

  async #look(owner: string, revision: Revision): Promise<string | undefined> {
    const missing = await this.#findMissing(owner, revision);
    if (missing === undefined) {
      this.#waits.delete(owner);
      return undefined;
    }
    const now = this.#parts.clock.monotonic();
    const before = this.#waits.get(owner);
    const since = before === undefined || now - before.lookedAt > lookMsMax ? now : before.since;
    this.#waits.set(owner, { since, lookedAt: now });
    return now - since < waitMsMax ? `waits for ${owner}: ${missing}` : undefined;
  }

  async #findMissing(owner: string, { folder }: Revision): Promise<string | undefined> {
    const { git, clock } = this.#parts;
    const entry = await git.findEntry(folder, folderOfOwner(owner));
    if (entry === undefined) return "it has nothing in this cluster yet";
    let known = this.#known.get(owner);
    if (known?.wellAt !== undefined && clock.monotonic() - known.wellAt > wellMs) known = undefined;
    if (known?.folder !== entry.id) known = { folder: entry.id, well: new Set() };
    this.#known.set(owner, known);
    if (known.wellAt !== undefined) return undefined;
    const missing = await this.#findMissingIn(entry.id, known.well);
    if (missing !== undefined) return missing;
    known.wellAt = clock.monotonic();
    known.well.clear();
    return undefined;
  }

  async #findMissingIn(folder: ObjectId, well: Set<ObjectKey>): Promise<string | undefined> {
    const { git } = this.#parts;
    const files: DesiredFile[] = [];
    for await (const { path, after: id } of diffTrees(git, undefined, folder)) {
      if (id !== undefined && isManifestPath(path)) files.push({ path, id });
    }
    const { value, problems } = await readDesired(git, files);
    if (problems.length > 0) return "not all of it can be read";
    const left = value.filter(({ identity }) => !well.has(objectKey(identity)));
    const isPlain = ({ identity }: DesiredObject) => !hasHealth(kindPartOf(objectKey(identity)));
    const missing = await this.#findMissingPlain(left.filter(isPlain), well);
    if (missing !== undefined) return missing;
    for (const objects of groupByKind(left.filter((one) => !isPlain(one)))) {
      const listed = objects.length < listFrom ? undefined : await this.#listMissing(objects, well);
      const first = listed === undefined ? await this.#findMissingOneByOne(objects, well) : listed.first;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** Of objects without health all that counts is that they are applied, which their metadata tell. */
  async #findMissingPlain(objects: readonly DesiredObject[], well: Set<ObjectKey>): Promise<string | undefined> {
    const placed: { readonly desired: DesiredObject; readonly ref: ObjectRef }[] = [];
    for (const desired of objects) {
      const ref = await this.#place(desired);
      if (typeof ref === "string") return ref;
      placed.push({ desired, ref });
    }
    const wanted = placed.map(({ desired: { identity }, ref }) => ({ key: objectKey(identity), ref }));
    const { found } = await lookUp(this.#parts.reader, wanted);
    for (const { desired } of placed) {
      const key = objectKey(desired.identity);
      const applied = found.get(key)?.annotations.get(blobAnnotation);
      if (applied !== blobMark(desired.file.id)) return notApplied(desired);
      well.add(key);
    }
    return undefined;
  }

  /** Of objects of one kind, by one list; undefined: they are better read one by one. */
  async #listMissing(
    objects: readonly DesiredObject[],
    well: Set<ObjectKey>,
  ): Promise<{ readonly first: string | undefined } | undefined> {
    const { reader, setId } = this.#parts;
    const ref = await this.#place(objects[0]!);
    if (typeof ref === "string") return { first: ref };
    const wanted = new Map(objects.map((desired) => [objectKey(desired.identity), desired]));
    const missing = new Map([...wanted].map(([key, desired]) => [key, notApplied(desired)]));
    const { group, version } = ref.kind;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    let others = 0;
    try {
      for await (const object of reader.listObjects(ref.kind, { labelSelector: partOfSelector(setId) })) {
        const [namespace = "", name = ""] = ["namespace", "name"].map((field) => textAt(object, "metadata", field));
        const key = objectKey({ ...objects[0]!.identity, namespace, name });
        const desired = wanted.get(key);
        if (desired === undefined) {
          if (++others > othersEach * objects.length) return undefined;
          continue;
        }
        // Objects of a list do not say of what kind they are.
        const one = describeMissing(desired, new Map([...object, ["apiVersion", apiVersion], ["kind", ref.kind.kind]]));
        if (one !== undefined) missing.set(key, one);
        else {
          missing.delete(key);
          well.add(key);
        }
      }
    } catch (error) {
      // Single ones may be read where lists may not.
      if (error instanceof ClusterRefusal) return undefined;
      throw error;
    }
    return { first: [...missing.values()][0] };
  }

  /** What is behind the first that is missing is looked at when that has come. */
  async #findMissingOneByOne(objects: readonly DesiredObject[], well: Set<ObjectKey>): Promise<string | undefined> {
    for (let at = 0; at < objects.length; at += atOnce) {
      const looked = objects.slice(at, at + atOnce);
      const missing = await Promise.all(looked.map((desired) => this.#readMissing(desired)));
      for (const [index, { identity }] of looked.entries()) {
        if (missing[index] === undefined) well.add(objectKey(identity));
      }
      const first = missing.find((one) => one !== undefined);
      if (first !== undefined) return first;
    }
    return undefined;
  }

  async #readMissing(desired: DesiredObject): Promise<string | undefined> {
    const ref = await this.#place(desired);
    if (typeof ref === "string") return ref;
    try {
      return describeMissing(desired, await this.#parts.reader.readObject(ref));
    } catch (error) {
      return cantLook(desired, error);
    }
  }

  /** Where it is, or what is missing for it to be anywhere. */
  async #place(desired: DesiredObject): Promise<ObjectRef | string> {
    const { identity, version } = desired;
    try {
      const kind = await this.#parts.reader.findKind(identity.group, identity.kind, version);
      const { namespace, name } = identity;
      return kind === undefined ? notApplied(desired) : { kind, namespace, name };
    } catch (error) {
      return cantLook(desired, error);
    }
  }
}

function groupByKind(objects: readonly DesiredObject[]): Iterable<readonly DesiredObject[]> {
  const groups = new Map<string, DesiredObject[]>();
  for (const desired of objects) {
    const name = `${desired.version}/${kindPartOf(objectKey(desired.identity))}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [desired]);
    else group.push(desired);
  }
  return groups.values();
}

/** Undefined: it was applied from the file that is there now, and is well. */
function describeMissing(desired: DesiredObject, object: JsonObject | undefined): string | undefined {
  const applied = textsAt(object, "metadata", "annotations").get(blobAnnotation);
  if (object === undefined || applied !== blobMark(desired.file.id)) return notApplied(desired);
  const { health, message } = readStatus(object);
  return health === "current" ? undefined : `${nameOf(desired)}: ${message}`;
}

function notApplied(desired: DesiredObject): string {
  return `${nameOf(desired)} is not applied yet`;
}

function nameOf({ identity: { kind, name } }: DesiredObject): string {
  return `${kind.toLowerCase()}/${name}`;
}

function cantLook(desired: DesiredObject, error: unknown): string {
  if (!(error instanceof ClusterRefusal)) throw error;
  return `${nameOf(desired)} can't be looked at: ${error.message}`;
}
