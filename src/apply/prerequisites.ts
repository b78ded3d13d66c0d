/**
 * What owners wait for: an object that is new is held back until all that its owner depends on is applied and well, or until
 * it has waited long enough. What is there is never held back.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, ObjectRef } from "../ports/cluster.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
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
import { textsAt } from "./members.ts";
import { kindPartOf } from "./object-rank.ts";
import { hasHealth, readStatus } from "./object-status.ts";
import { folderOfOwner, policyOf } from "./owner-policies.ts";
import { blobAnnotation, blobMark } from "./pass-plan.ts";

/** Objects whose health counts are read one by one, so many at a time. */
const atOnce = 8;
/** So long a prerequisite is waited for. */
const waitMsMax = 5 * 60_000;
/** What was well counts as well for so long, for those who come next. */
const wellMs = 60_000;

export interface PrerequisitesParts {
  readonly reader: ClusterReader;
  readonly git: BlobReader & Pick<TreeReader, "readTree" | "findEntry">;
  readonly clock: Clock;
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
  /** By owner, since when it is waited for. */
  readonly #since = new Map<string, number>();
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
      this.#since.delete(owner);
      return undefined;
    }
    const now = this.#parts.clock.monotonic();
    const since = this.#since.get(owner) ?? now;
    this.#since.set(owner, since);
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
    return (
      missing ??
      this.#findMissingOneByOne(
        left.filter((one) => !isPlain(one)),
        well,
      )
    );
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
      if (applied !== blobMark(desired.file.id)) return `${nameOf(desired)} is not applied yet`;
      well.add(key);
    }
    return undefined;
  }

  /** What is behind the first that is missing is looked at when that has come. */
  async #findMissingOneByOne(objects: readonly DesiredObject[], well: Set<ObjectKey>): Promise<string | undefined> {
    for (let at = 0; at < objects.length; at += atOnce) {
      const looked = objects.slice(at, at + atOnce);
      const missing = await Promise.all(looked.map((desired) => this.#describeMissing(desired)));
      for (const [index, { identity }] of looked.entries()) {
        if (missing[index] === undefined) well.add(objectKey(identity));
      }
      const first = missing.find((one) => one !== undefined);
      if (first !== undefined) return first;
    }
    return undefined;
  }

  async #describeMissing(desired: DesiredObject): Promise<string | undefined> {
    const ref = await this.#place(desired);
    if (typeof ref === "string") return ref;
    try {
      const object = await this.#parts.reader.readObject(ref);
      const applied = textsAt(object, "metadata", "annotations").get(blobAnnotation);
      if (object === undefined || applied !== blobMark(desired.file.id)) return `${nameOf(desired)} is not applied yet`;
      const { health, message } = readStatus(object);
      return health === "current" ? undefined : `${nameOf(desired)}: ${message}`;
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
      return kind === undefined ? `${nameOf(desired)} is not applied yet` : { kind, namespace, name };
    } catch (error) {
      return cantLook(desired, error);
    }
  }
}

function nameOf({ identity: { kind, name } }: DesiredObject): string {
  return `${kind.toLowerCase()}/${name}`;
}

function cantLook(desired: DesiredObject, error: unknown): string {
  if (!(error instanceof ClusterRefusal)) throw error;
  return `${nameOf(desired)} can't be looked at: ${error.message}`;
}
