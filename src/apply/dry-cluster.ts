/**
 * A cluster that is asked what would become of each object, and never changed. Namespaces and kinds that would come with
 * this very run count as there.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import { isSameJson, type JsonObject } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import type {
  Applied,
  ClusterReader,
  ClusterWriter,
  ListOptions,
  LiveMetadata,
  MeantObject,
  ObjectRef,
  ResourceKind,
  WatchEvent,
} from "../ports/cluster.ts";
import { listAt, memberAt, objectAt, textAt, textsAt, withMember } from "./members.ts";

/** What would become of an object; undefined: it is not there, before or after. */
export interface DryChange {
  readonly ref: ObjectRef;
  readonly before: JsonObject | undefined;
  readonly after: JsonObject | undefined;
}

export class DryCluster implements ClusterReader, ClusterWriter {
  readonly #reader: ClusterReader;
  readonly #onChange: (change: DryChange) => void;
  readonly #newNamespaces = new Set<string>();
  readonly #newKinds: ResourceKind[] = [];
  /** What would be gone, for others of these names to be made. */
  readonly #removed = new Set<string>();
  /** Whose fields would be ours: what applies as they did shows what of them would go. */
  readonly #renamed = new Map<string, string>();

  constructor(reader: ClusterReader, onChange: (change: DryChange) => void) {
    this.#reader = reader;
    this.#onChange = onChange;
  }

  async findKind(group: string, kind: string, version?: string): Promise<ResourceKind | undefined> {
    const isWanted = (one: ResourceKind) =>
      one.group === group &&
      one.kind.toLowerCase() === kind.toLowerCase() &&
      (version === undefined || one.version === version);
    return (await this.#reader.findKind(group, kind, version)) ?? this.#newKinds.find(isWanted);
  }

  async apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied> {
    const before = this.#isAbsent(ref) ? undefined : await this.#reader.readObject(ref);
    if (meant === "absent" && before !== undefined) throw new ClusterRefusal("conflict", `${ref.name} is there`);
    this.#noteDefinition(ref, object);
    const after = await this.#tryApply(ref, object, manager, before);
    const isSame = before !== undefined && sameObject(before, after);
    if (!isSame) this.#onChange({ ref, before, after });
    const metadata = metadataOf(ref, isSame ? before : after);
    const shown = isSame ? metadata : { ...metadata, resourceVersion: "changed" };
    return { isNew: before === undefined, metadata: shown };
  }

  async remove(ref: ObjectRef): Promise<boolean> {
    this.#onChange({ ref, before: await this.#reader.readObject(ref), after: undefined });
    this.#removed.add(keyOf(ref));
    return true;
  }

  async patch(ref: ObjectRef): Promise<LiveMetadata> {
    const metadata = await this.#reader.readMetadata(ref);
    if (metadata === undefined) throw new ClusterRefusal("not-found", `${ref.name} is not there`);
    return metadata;
  }

  async renameManager(ref: ObjectRef, from: string): Promise<void> {
    this.#renamed.set(keyOf(ref), from);
  }

  readMetadata(ref: ObjectRef): Promise<LiveMetadata | undefined> {
    return this.#isAbsent(ref) ? Promise.resolve(undefined) : this.#reader.readMetadata(ref);
  }

  readObject(ref: ObjectRef): Promise<JsonObject | undefined> {
    return this.#reader.readObject(ref);
  }

  listMetadata(kind: ResourceKind, options: ListOptions): AsyncIterable<LiveMetadata> {
    return this.#reader.listMetadata(kind, options);
  }

  listObjects(kind: ResourceKind, options: ListOptions): AsyncIterable<JsonObject> {
    return this.#reader.listObjects(kind, options);
  }

  async listIfFew(
    kind: ResourceKind,
    options: ListOptions,
    objectsMax: number,
  ): Promise<readonly LiveMetadata[] | undefined> {
    if (this.#newKinds.includes(kind)) return [];
    return this.#reader.listIfFew(kind, options, objectsMax);
  }

  watchMetadata(
    kind: ResourceKind,
    options: ListOptions,
    signal: AbortSignal,
    onTrouble: (problem: Problem) => void,
  ): AsyncIterable<WatchEvent> {
    return this.#reader.watchMetadata(kind, options, signal, onTrouble);
  }

  tryApply(ref: ObjectRef, object: JsonObject, manager: string): Promise<JsonObject> {
    return this.#reader.tryApply(ref, object, manager);
  }

  /** Whatever the server has there would not be there any more, or can't be yet. */
  #isAbsent(ref: ObjectRef): boolean {
    return this.#newKinds.includes(ref.kind) || this.#removed.has(keyOf(ref));
  }

  #noteDefinition({ kind, name }: ObjectRef, object: JsonObject): void {
    if (kind.group === "" && kind.kind === "Namespace") this.#newNamespaces.add(name);
    if (kind.group !== "apiextensions.k8s.io") return;
    for (const version of listAt(object, "spec", "versions")) {
      if (memberAt(version, "served") !== true) continue;
      this.#newKinds.push({
        group: textAt(object, "spec", "group") ?? "",
        version: textAt(version, "name") ?? "",
        kind: textAt(object, "spec", "names", "kind") ?? "",
        plural: textAt(object, "spec", "names", "plural") ?? "",
        isNamespaced: textAt(object, "spec", "scope") === "Namespaced",
      });
    }
  }

  /** Where its place comes with this run the server can't be asked: it would say that the place is missing. */
  async #tryApply(
    ref: ObjectRef,
    object: JsonObject,
    manager: string,
    before: JsonObject | undefined,
  ): Promise<JsonObject> {
    if (this.#isAbsent(ref)) return object;
    try {
      return await this.#reader.tryApply(ref, object, this.#renamed.get(keyOf(ref)) ?? manager);
    } catch (error) {
      const isNewPlace = before === undefined && this.#newNamespaces.has(ref.namespace);
      if (isNewPlace && error instanceof ClusterRefusal && error.reason === "not-found") return object;
      throw error;
    }
  }
}

/** What the server writes of its own, and differs with each write. */
export function withoutBookkeeping(object: JsonObject): JsonObject {
  const own = new Set(["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"]);
  const metadata = new Map([...(objectAt(object, "metadata") ?? [])].filter(([key]) => !own.has(key)));
  return withMember(object, ["metadata"], metadata);
}

function sameObject(one: JsonObject, other: JsonObject): boolean {
  return isSameJson(withoutBookkeeping(one), withoutBookkeeping(other));
}

function keyOf({ kind: { group, plural }, namespace, name }: ObjectRef): string {
  return [group, plural, namespace, name].join("/");
}

function metadataOf({ namespace, name }: ObjectRef, object: JsonObject): LiveMetadata {
  return {
    namespace,
    name,
    uid: textAt(object, "metadata", "uid") ?? "",
    resourceVersion: textAt(object, "metadata", "resourceVersion") ?? "",
    labels: textsAt(object, "metadata", "labels"),
    annotations: textsAt(object, "metadata", "annotations"),
    managers: [],
    isTerminating: memberAt(object, "metadata", "deletionTimestamp") !== undefined,
  };
}
