/**
 * A cluster in memory: objects with field managers, namespaces that take their time to go, kinds that come with their
 * definitions. Lists are applied as a whole; nothing is defaulted, and no controller runs.
 */
import { ClusterRefusal } from "../../src/model/cluster-refusal.ts";
import { isJsonObject, isSameJson, type Json, type JsonObject } from "../../src/model/json.ts";
import { SluiceError } from "../../src/model/problem.ts";
import type {
  Applied,
  Cluster,
  ClusterWriter,
  FieldManager,
  LeaseClaim,
  LeaseName,
  LeaseState,
  ListOptions,
  LiveMetadata,
  MeantObject,
  ObjectRef,
  ResourceKind,
  WatchEvent,
} from "../../src/ports/cluster.ts";

interface Stored {
  readonly ref: ObjectRef;
  readonly uid: string;
  version: number;
  object: JsonObject;
  /** By manager, the paths of the leaves that are its. */
  readonly managers: Map<string, Set<string>>;
  isTerminating: boolean;
}

const builtIn: readonly (readonly [
  group: string,
  version: string,
  kind: string,
  plural: string,
  namespaced: boolean,
])[] = [
  ["", "v1", "Namespace", "namespaces", false],
  ["", "v1", "ConfigMap", "configmaps", true],
  ["", "v1", "Secret", "secrets", true],
  ["apps", "v1", "Deployment", "deployments", true],
  ["batch", "v1", "Job", "jobs", true],
  ["apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false],
];

/** Between the steps of a path: no key has it. */
const step = "\u0000";

export class FakeCluster implements Cluster {
  readonly #objects = new Map<string, Stored>();
  readonly #kinds: ResourceKind[] = builtIn.map(([group, version, kind, plural, isNamespaced]) => ({
    ...{ group, version, kind, plural, isNamespaced },
  }));
  readonly #leases = new Map<string, LeaseState>();
  readonly #renewed = new Map<string, number>();
  /** By lease, what it says besides. */
  readonly #sayings = new Map<string, ReadonlyMap<string, string>>();
  readonly #watchers = new Set<(stored: Stored, type: "present" | "deleted") => void>();
  readonly #listers = new Set<() => void>();
  #version = 100;
  #uids = 0;
  /** Every write, as `<verb> <kind>/<name>`, in order. */
  readonly writes: string[] = [];
  /** How many single objects were asked for, and how many lists. */
  readonly asked = { objects: 0, lists: 0 };
  /** Says no to an object, as a webhook does. */
  refuse: (ref: ObjectRef, object: JsonObject) => ClusterRefusal | undefined = () => undefined;
  /** Called before each write; what it throws, the write throws. */
  beforeWrite: () => void = () => undefined;
  /** Field managers that write by other means than server-side apply, as controllers do. */
  readonly updaters = new Set<string>();
  /** Names of objects that stay when they are deleted, until `drop`. */
  readonly finalizers = new Set<string>();
  /** API groups that are not available at the moment. */
  readonly unserved = new Set<string>();
  /** Nothing answers. */
  isDown = false;
  /** Watches see nothing. */
  isWatchCut = false;
  /** Namespaces that are deleted stay until `finalize`. */
  holdsNamespaces = false;

  constructor() {
    for (const name of ["default", "kube-system"]) {
      const ref = { kind: this.#kinds[0]!, namespace: "", name };
      this.#store(ref, new Map([["metadata", new Map([["name", name]])]]), "test");
    }
  }

  /** Somebody else's apply. */
  async applyAs(manager: string, apiVersion: string, kind: string, object: JsonObject): Promise<LiveMetadata> {
    const slash = apiVersion.indexOf("/");
    const found = (await this.findKind(slash < 0 ? "" : apiVersion.slice(0, slash), kind))!;
    const metadata = object.get("metadata") as JsonObject;
    const ref = {
      kind: found,
      namespace: String(metadata.get("namespace") ?? ""),
      name: String(metadata.get("name")),
    };
    return this.#metadataOf(this.#store(ref, object, manager));
  }

  /** Somebody else's apply, at once. */
  put(
    manager: string,
    kindName: string,
    namespace: string,
    name: string,
    data: Readonly<Record<string, string>>,
  ): void {
    const kind = this.#kinds.find((one) => one.kind === kindName)!;
    const metadata = new Map([
      ["name", name],
      ["namespace", namespace],
    ]);
    const object = new Map<string, Json>([
      ["metadata", metadata],
      ["data", new Map(Object.entries(data))],
    ]);
    this.#store({ kind, namespace, name }, object, manager);
  }

  dataOf(kind: string, namespace: string, name: string): Record<string, Json> {
    return Object.fromEntries((this.objectOf(kind, namespace, name)?.get("data") ?? new Map()) as JsonObject);
  }

  labelsOf(kind: string, namespace: string, name: string): Record<string, Json> {
    const metadata = (this.objectOf(kind, namespace, name)?.get("metadata") ?? new Map()) as JsonObject;
    return Object.fromEntries((metadata.get("labels") ?? new Map()) as JsonObject);
  }

  /** Whether there is one, and its uid. */
  uidOf(kind: string, namespace: string, name: string): string | undefined {
    return this.#find(kind, namespace, name)?.uid;
  }

  objectOf(kind: string, namespace: string, name: string): JsonObject | undefined {
    return this.#find(kind, namespace, name)?.object;
  }

  /** `<kind>/[<namespace>/]<name>` of everything but the two namespaces that are always there. */
  get names(): readonly string[] {
    return [...this.#objects.values()]
      .filter(({ ref: { name } }) => name !== "default" && name !== "kube-system")
      .map(({ ref: { kind, namespace, name } }) => `${kind.kind}/${namespace === "" ? "" : `${namespace}/`}${name}`)
      .sort();
  }

  /** The server has forgotten the version from which watches would go on: they list anew. */
  relist(): void {
    this.isWatchCut = false;
    for (const list of this.#listers) list();
  }

  /** Somebody annotates it; null: takes the annotation away. */
  async annotate(kind: string, namespace: string, name: string, key: string, value: string | null): Promise<void> {
    const { ref, uid } = this.#find(kind, namespace, name)!;
    await this.patch(ref, uid, new Map([["metadata", new Map([["annotations", new Map([[key, value]])]])]]));
  }

  /** Somebody deletes it. */
  drop(kind: string, namespace: string, name: string): void {
    const stored = this.#find(kind, namespace, name)!;
    this.#delete(stored);
  }

  /** Somebody deletes the Lease of that name. */
  dropLease(name: string): void {
    const key = `default/${name}`;
    this.#leases.delete(key);
    this.#sayings.delete(key);
  }

  /** Lets a namespace that is being deleted go. */
  finalize(name: string): void {
    for (const stored of [...this.#objects.values()]) {
      if (stored.ref.namespace === name || (stored.ref.kind.kind === "Namespace" && stored.ref.name === name)) {
        this.#delete(stored);
      }
    }
  }

  async findKind(group: string, kind: string, version?: string): Promise<ResourceKind | undefined> {
    this.#answer();
    if (this.unserved.has(group)) throw new ClusterRefusal("unserved", `who serves ${group} is not available`);
    return this.#kinds.find(
      (one) =>
        one.group === group &&
        one.kind.toLowerCase() === kind.toLowerCase() &&
        (version === undefined || version === one.version),
    );
  }

  async readMetadata(ref: ObjectRef): Promise<LiveMetadata | undefined> {
    this.#answer();
    if (ref.kind.kind === "Lease") return this.#metadataOfLease(ref);
    this.asked.objects++;
    const stored = this.#objects.get(keyOf(ref));
    return stored === undefined ? undefined : this.#metadataOf(stored);
  }

  async readObject(ref: ObjectRef): Promise<JsonObject | undefined> {
    this.#answer();
    this.asked.objects++;
    const object = this.#objects.get(keyOf(ref))?.object;
    const { group, version, kind } = ref.kind;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    if (object === undefined) return undefined;
    return new Map([["apiVersion", apiVersion], ["kind", kind], ...withName(ref, object)]);
  }

  async *listMetadata(kind: ResourceKind, options: ListOptions): AsyncGenerator<LiveMetadata> {
    for (const stored of this.#list(kind, options)) yield this.#metadataOf(stored);
  }

  async *listObjects(kind: ResourceKind, options: ListOptions): AsyncGenerator<JsonObject> {
    for (const { ref, object } of this.#list(kind, options)) yield withName(ref, object);
  }

  async listIfFew(
    kind: ResourceKind,
    options: ListOptions,
    objectsMax: number,
  ): Promise<readonly LiveMetadata[] | undefined> {
    const found = this.#list(kind, options);
    return found.length > objectsMax ? undefined : found.map((stored) => this.#metadataOf(stored));
  }

  async *watchMetadata(kind: ResourceKind, options: ListOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const events: WatchEvent[] = [];
    let wake = () => {};
    const watcher = (stored: Stored, type: "present" | "deleted") => {
      if (!isListed(stored, kind, options)) return;
      events.push({ type, metadata: this.#metadataOf(stored) });
      wake();
    };
    this.#watchers.add(watcher);
    const list = () => {
      events.push({ type: "listing" });
      for (const stored of this.#list(kind, options))
        events.push({ type: "present", metadata: this.#metadataOf(stored) });
      events.push({ type: "listed" });
      wake();
    };
    this.#listers.add(list);
    list();
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        while (events.length > 0) yield events.shift()!;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || events.length > 0) resolve();
        });
      }
    } finally {
      this.#watchers.delete(watcher);
      this.#listers.delete(list);
    }
  }

  async tryApply(ref: ObjectRef, object: JsonObject, manager: string): Promise<JsonObject> {
    this.#answer();
    this.#check(ref, object);
    return this.#merge(this.#objects.get(keyOf(ref)), object, manager).object;
  }

  async apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied> {
    this.#write(`apply ${ref.kind.kind}/${ref.name}`);
    this.#check(ref, object);
    const known = this.#objects.get(keyOf(ref));
    if (typeof meant === "object" && known?.uid !== meant.uid) {
      throw new ClusterRefusal("conflict", `uid mismatch: ${ref.name} is not the one with ${meant.uid}`);
    }
    if (meant === "absent" && known !== undefined) throw new ClusterRefusal("conflict", `${ref.name} is there`);
    const metadata = this.#metadataOf(this.#store(ref, object, manager));
    return { isNew: known === undefined, metadata };
  }

  async remove(ref: ObjectRef, uid: string): Promise<boolean> {
    this.#write(`delete ${ref.kind.kind}/${ref.name}`);
    const stored = this.#objects.get(keyOf(ref));
    if (stored?.uid !== uid) return false;
    if ((ref.kind.kind === "Namespace" && this.holdsNamespaces) || this.finalizers.has(ref.name)) {
      stored.isTerminating = true;
      stored.version = ++this.#version;
      this.#tell(stored, "present");
    } else if (ref.kind.kind === "Namespace") this.finalize(ref.name);
    else this.#delete(stored);
    return true;
  }

  async patch(ref: ObjectRef, uid: string, change: JsonObject): Promise<LiveMetadata> {
    this.#write(`patch ${ref.kind.kind}/${ref.name}`);
    const stored = this.#objects.get(keyOf(ref));
    if (stored === undefined) throw new ClusterRefusal("not-found", `${ref.name} not found`);
    if (stored.uid !== uid) throw new ClusterRefusal("conflict", "the uid is another's");
    stored.object = mergePatch(stored.object, change) as JsonObject;
    stored.version = ++this.#version;
    this.#tell(stored, "present");
    return this.#metadataOf(stored);
  }

  async renameManager(ref: ObjectRef, from: string, to: string): Promise<void> {
    this.#write(`rename ${ref.kind.kind}/${ref.name}`);
    const managers = this.#objects.get(keyOf(ref))?.managers;
    const fields = managers?.get(from);
    if (managers === undefined || fields === undefined) return;
    managers.delete(from);
    if (!managers.has(to)) managers.set(to, fields);
  }

  guardedBy(assertMayWrite: () => void): ClusterWriter {
    const guarded =
      <A extends unknown[], T>(write: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        assertMayWrite();
        return write.apply(this, args);
      };
    return {
      apply: guarded(this.apply),
      remove: guarded(this.remove),
      patch: guarded(this.patch),
      renameManager: guarded(this.renameManager),
    };
  }

  async readLease(name: LeaseName): Promise<LeaseState | undefined> {
    this.#answer();
    return this.#leases.get(`${name.namespace}/${name.name}`);
  }

  async takeLease(name: LeaseName, claim: LeaseClaim, expected: LeaseState | undefined): Promise<LeaseState> {
    this.#answer();
    const key = `${name.namespace}/${name.name}`;
    const known = this.#leases.get(key);
    if (known?.version !== expected?.version) return known!;
    const { holder, durationSeconds, now } = claim;
    // A write that changes nothing gives no other version.
    if (known !== undefined && known.holder === holder && this.#renewed.get(key) === now) return known;
    this.#renewed.set(key, now);
    this.#sayings.set(key, claim.annotations ?? new Map());
    const state = { holder, durationSeconds, version: String(++this.#version) };
    this.#leases.set(key, state);
    return state;
  }

  async releaseLease(name: LeaseName, holder: string): Promise<void> {
    this.#answer();
    const key = `${name.namespace}/${name.name}`;
    const known = this.#leases.get(key);
    if (known?.holder !== holder) return;
    this.#leases.set(key, { holder: "", durationSeconds: 1, version: String(++this.#version) });
  }

  async writeKubeconfig(): Promise<string> {
    return "{}";
  }

  async endWork(): Promise<void> {}

  close(): void {}

  #metadataOfLease({ namespace, name }: ObjectRef): LiveMetadata | undefined {
    const key = `${namespace}/${name}`;
    const lease = this.#leases.get(key);
    if (lease === undefined) return undefined;
    const annotations = this.#sayings.get(key) ?? new Map<string, string>();
    const { version } = lease;
    const empty = { labels: new Map<string, string>(), managers: [], isTerminating: false };
    return { ...empty, namespace, name, annotations, uid: `uid-of-${key}`, resourceVersion: version };
  }

  #answer(): void {
    if (this.isDown) throw new SluiceError({ code: "CLUSTER_UNAVAILABLE", message: "the cluster does not answer" });
  }

  #write(what: string): void {
    this.#answer();
    this.beforeWrite();
    this.writes.push(what);
  }

  #find(kind: string, namespace: string, name: string): Stored | undefined {
    return [...this.#objects.values()].find(
      ({ ref }) => ref.kind.kind === kind && ref.namespace === namespace && ref.name === name,
    );
  }

  #list(kind: ResourceKind, options: ListOptions): Stored[] {
    this.#answer();
    this.asked.lists++;
    return [...this.#objects.values()].filter((stored) => isListed(stored, kind, options));
  }

  #check(ref: ObjectRef, object: JsonObject): void {
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(ref.name)) {
      throw new ClusterRefusal("invalid", `metadata.name: Invalid value: "${ref.name}"`);
    }
    const refused = this.refuse(ref, object);
    if (refused !== undefined) throw refused;
    if (ref.namespace !== "") {
      const within = this.#find("Namespace", "", ref.namespace);
      if (within === undefined) throw new ClusterRefusal("not-found", `namespaces "${ref.namespace}" not found`);
      if (within.isTerminating && !this.#objects.has(keyOf(ref))) {
        throw new ClusterRefusal("terminating", `namespace ${ref.namespace} is being terminated`);
      }
    }
    const stored = this.#objects.get(keyOf(ref));
    const isJob = ref.kind.kind === "Job" && stored !== undefined;
    if (isJob && !isSameJson(stored.object.get("spec"), object.get("spec"))) {
      throw new ClusterRefusal("immutable", "spec.template: Invalid value: field is immutable");
    }
  }

  #store(ref: ObjectRef, object: JsonObject, manager: string): Stored {
    const key = keyOf(ref);
    const known = this.#objects.get(key);
    const merged = this.#merge(known, object, manager);
    if (known === undefined) {
      const stored: Stored = {
        ref,
        uid: `uid-${++this.#uids}`,
        version: ++this.#version,
        object: merged.object,
        managers: merged.managers,
        isTerminating: false,
      };
      this.#objects.set(key, stored);
      if (ref.kind.kind === "CustomResourceDefinition") this.#define(object);
      this.#tell(stored, "present");
      return stored;
    }
    const isSame =
      isSameJson(known.object, merged.object) &&
      isSameJson(plainManagers(known.managers), plainManagers(merged.managers));
    if (isSame) return known;
    known.object = merged.object;
    known.managers.clear();
    for (const [name, fields] of merged.managers) known.managers.set(name, fields);
    known.version = ++this.#version;
    this.#tell(known, "present");
    return known;
  }

  #define(definition: JsonObject): void {
    const spec = definition.get("spec") as JsonObject;
    const names = spec.get("names") as JsonObject;
    for (const version of spec.get("versions") as readonly JsonObject[]) {
      this.#kinds.push({
        group: String(spec.get("group")),
        version: String(version.get("name")),
        kind: String(names.get("kind")),
        plural: String(names.get("plural")),
        isNamespaced: spec.get("scope") === "Namespaced",
      });
    }
  }

  /** What server-side apply with force makes of an object. */
  #merge(
    known: Stored | undefined,
    object: JsonObject,
    manager: string,
  ): { object: JsonObject; managers: Map<string, Set<string>> } {
    const wanted = new Map(leavesOf(object));
    const managers = new Map([...(known?.managers ?? [])].map(([name, fields]) => [name, new Set(fields)]));
    const before = managers.get(manager) ?? new Set();
    managers.set(manager, new Set(wanted.keys()));
    const leaves = new Map(known === undefined ? [] : leavesOf(known.object));
    for (const path of before) {
      const isOthers = [...managers].some(([name, fields]) => name !== manager && fields.has(path));
      if (!wanted.has(path) && !isOthers) leaves.delete(path);
    }
    for (const [path, value] of wanted) {
      const isOther = leaves.has(path) && !isSameJson(leaves.get(path), value);
      if (isOther) for (const [name, fields] of managers) if (name !== manager) fields.delete(path);
      leaves.set(path, value);
    }
    return { object: fromLeaves(leaves), managers };
  }

  #delete(stored: Stored): void {
    this.#objects.delete(keyOf(stored.ref));
    if (stored.ref.kind.kind === "CustomResourceDefinition") this.#undefine(stored.object);
    stored.version = ++this.#version;
    this.#tell(stored, "deleted");
  }

  #undefine(definition: JsonObject): void {
    const spec = definition.get("spec") as JsonObject;
    const kind = String((spec.get("names") as JsonObject).get("kind"));
    for (const stored of [...this.#objects.values()]) if (stored.ref.kind.kind === kind) this.#delete(stored);
    for (let at = this.#kinds.length - 1; at >= 0; at--) if (this.#kinds[at]!.kind === kind) this.#kinds.splice(at, 1);
  }

  #metadataOf(stored: Stored): LiveMetadata {
    const metadata = metadataOf(stored);
    const managers = metadata.managers.map((one) =>
      this.updaters.has(one.name) ? { ...one, operation: "Update" as const } : one,
    );
    return { ...metadata, managers };
  }

  #tell(stored: Stored, type: "present" | "deleted"): void {
    if (!this.isWatchCut) for (const watcher of this.#watchers) watcher(stored, type);
  }
}

function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind.group}/${kind.kind}/${namespace}/${name}`;
}

function metadataOf({ ref, uid, version, object, managers, isTerminating }: Stored): LiveMetadata {
  const metadata = (object.get("metadata") ?? new Map()) as JsonObject;
  const texts = (key: string) => new Map([...((metadata.get(key) ?? new Map()) as JsonObject)]) as Map<string, string>;
  return {
    namespace: ref.namespace,
    name: ref.name,
    uid,
    resourceVersion: String(version),
    labels: texts("labels"),
    annotations: texts("annotations"),
    managers: [...managers].map(
      ([name, fields]): FieldManager => ({
        ...{ name, operation: "Apply", subresource: "", time: "" },
        fields: writeFields(fields),
      }),
    ),
    isTerminating,
  };
}

/** As the server writes a set of fields. */
function writeFields(paths: ReadonlySet<string>): string {
  const root: Record<string, unknown> = {};
  for (const path of [...paths].sort()) {
    let at = root;
    for (const part of path.split(step)) {
      at[`f:${part}`] ??= {};
      at = at[`f:${part}`] as Record<string, unknown>;
    }
  }
  return JSON.stringify(root);
}

function withName({ namespace, name }: ObjectRef, object: JsonObject): JsonObject {
  const metadata = (object.get("metadata") ?? new Map()) as JsonObject;
  const place: JsonObject = namespace === "" ? new Map() : new Map([["namespace", namespace]]);
  return new Map([...object, ["metadata", new Map([["name", name], ...place, ...metadata])]]);
}

function isListed({ ref, object }: Stored, kind: ResourceKind, { namespace, labelSelector }: ListOptions): boolean {
  if (ref.kind.kind !== kind.kind || ref.kind.group !== kind.group) return false;
  if (namespace !== undefined && ref.namespace !== namespace) return false;
  const metadata = (object.get("metadata") ?? new Map()) as JsonObject;
  const labels = (metadata.get("labels") ?? new Map()) as JsonObject;
  return (labelSelector ?? "")
    .split(",")
    .filter((term) => term !== "")
    .every((term) => {
      const [, key = "", operator, value] = /^([^=!]+)(!=|=)?(.*)$/.exec(term)!;
      if (operator === undefined) return labels.has(key);
      return operator === "=" ? labels.get(key) === value : labels.get(key) !== value;
    });
}

/** Values that are no mappings, by path; a mapping that is empty is one too. */
function leavesOf(object: JsonObject, path: readonly string[] = []): [string, Json][] {
  return [...object].flatMap(([key, value]): [string, Json][] => {
    const at = [...path, key];
    const isIdentity = path.length === 1 && path[0] === "metadata" && (key === "name" || key === "namespace");
    if (path.length === 0 && (key === "apiVersion" || key === "kind")) return [];
    if (isIdentity) return [];
    if (isJsonObject(value) && value.size > 0) return leavesOf(value, at);
    return [[at.join(step), value]];
  });
}

function fromLeaves(leaves: ReadonlyMap<string, Json>): JsonObject {
  const root = new Map<string, Json>();
  for (const [path, value] of leaves) {
    const keys = path.split(step);
    let at: Map<string, Json> = root;
    for (const key of keys.slice(0, -1)) {
      const inner = at.get(key);
      const below = inner instanceof Map ? (inner as Map<string, Json>) : new Map<string, Json>();
      at.set(key, below);
      at = below;
    }
    const last = keys.at(-1)!;
    // An empty mapping gives way to one with members.
    if (!(isJsonObject(value) && value.size === 0 && at.get(last) instanceof Map)) at.set(last, value);
  }
  return root;
}

function mergePatch(value: Json | undefined, change: Json): Json {
  if (!isJsonObject(change)) return change;
  const merged = new Map(value !== undefined && isJsonObject(value) ? value : []);
  for (const [key, member] of change) {
    if (key === "uid") continue;
    if (member === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), member));
  }
  return merged;
}

function plainManagers(managers: ReadonlyMap<string, ReadonlySet<string>>): Json {
  return new Map([...managers].map(([name, fields]) => [name, [...fields].sort()]));
}
