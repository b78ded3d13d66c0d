/** A cluster behind its kubeconfig: the port, over plain requests. */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { isJsonObject, type JsonObject, writeJson } from "../../model/json.ts";
import type { Problem } from "../../model/problem.ts";
import type {
  Applied,
  Cluster,
  ClusterWriter,
  DeletionOrder,
  LeaseClaim,
  LeaseName,
  LeaseState,
  ListOptions,
  LiveMetadata,
  MeantObject,
  ObjectRef,
  ResourceKind,
  WatchEvent,
} from "../../ports/cluster.ts";
import { Discovery } from "./discovery.ts";
import { KubeConnection, type KubeConnectionOptions } from "./kube-connection.ts";
import { KubeLeases } from "./kube-leases.ts";
import { listPages, readPage } from "./list-pages.ts";
import { metadataListType, metadataType, readMetadata, type WrittenMetadata } from "./metadata.ts";
import { parseAnswer, parseObject } from "./parse-answer.ts";
import { objectPath, queryOf } from "./resource-path.ts";
import { watchMetadata } from "./watch-metadata.ts";

const applyType = "application/apply-patch+yaml";
const mergeType = "application/merge-patch+json";
const jsonPatchType = "application/json-patch+json";
const jsonType = "application/json";

/** So many are as quickly told as one. */
const fewObjects = 20;

interface Written {
  readonly metadata?: WrittenMetadata;
}

export function openKubeCluster(options: KubeConnectionOptions): Cluster {
  return new KubeCluster(new KubeConnection(options));
}

class KubeCluster implements Cluster {
  readonly #connection: KubeConnection;
  readonly #discovery: Discovery;
  readonly #leases: KubeLeases;

  /** Before each request that writes. */
  readonly #assertMaySend: () => void;

  constructor(connection: KubeConnection, discovery = new Discovery(connection), assertMaySend = () => {}) {
    this.#connection = connection;
    this.#discovery = discovery;
    this.#leases = new KubeLeases(connection);
    this.#assertMaySend = assertMaySend;
  }

  guardedBy(assertMayWrite: () => void): ClusterWriter {
    this.#connection.pin();
    return new KubeCluster(this.#connection, this.#discovery, assertMayWrite);
  }

  findKind(group: string, kind: string, version?: string): Promise<ResourceKind | undefined> {
    return this.#discovery.find(group, kind, version);
  }

  async readMetadata(ref: ObjectRef): Promise<LiveMetadata | undefined> {
    const body = await this.#find(ref, metadataType);
    return body === undefined ? undefined : readMetadata(parseAnswer<Written>(body));
  }

  async readObject(ref: ObjectRef): Promise<JsonObject | undefined> {
    const body = await this.#find(ref, jsonType);
    return body === undefined ? undefined : parseObject(body);
  }

  async *listMetadata(kind: ResourceKind, options: ListOptions): AsyncGenerator<LiveMetadata> {
    const pages = listPages<Written>(this.#connection, kind, options, metadataListType);
    for await (const { items } of pages) for (const item of items) yield readMetadata(item);
  }

  async *listObjects(kind: ResourceKind, options: ListOptions): AsyncGenerator<JsonObject> {
    // Parsed by JSON.parse for its speed and written again: these are read for their health, and nothing is sent back.
    const pages = listPages<Written>(this.#connection, kind, options, jsonType);
    for await (const { items } of pages) for (const item of items) yield parseObject(JSON.stringify(item));
  }

  async listIfFew(
    kind: ResourceKind,
    options: ListOptions,
    objectsMax: number,
  ): Promise<readonly LiveMetadata[] | undefined> {
    // Where the server knows how many there are behind the first few, it says so before it is asked for all of them.
    const few = { limit: Math.min(objectsMax, fewObjects) };
    const first = await readPage<Written>(this.#connection, kind, options, metadataListType, few);
    if (first.next === "") return first.items.map(readMetadata);
    if (first.items.length + (first.remaining ?? 0) >= objectsMax + 1 || few.limit === objectsMax) return undefined;
    const limit = { limit: objectsMax };
    const { items, next } = await readPage<Written>(this.#connection, kind, options, metadataListType, limit);
    return next === "" ? items.map(readMetadata) : undefined;
  }

  watchMetadata(
    kind: ResourceKind,
    options: ListOptions,
    signal: AbortSignal,
    onTrouble: (problem: Problem) => void,
  ): AsyncIterable<WatchEvent> {
    return watchMetadata(this.#connection, kind, options, signal, onTrouble);
  }

  async tryApply(ref: ObjectRef, object: JsonObject, manager: string): Promise<JsonObject> {
    const query = queryOf({ fieldManager: manager, force: "true", dryRun: "All" });
    const path = objectPath(ref) + query;
    const body = writeJson(object);
    return parseObject(await this.#connection.read({ method: "PATCH", path, body, contentType: applyType }));
  }

  async apply(ref: ObjectRef, object: JsonObject, manager: string, meant?: MeantObject): Promise<Applied> {
    const path = objectPath(ref) + queryOf({ fieldManager: manager, force: "true" });
    const body = writeJson(meant === undefined ? object : withMeant(object, meant));
    const request = { method: "PATCH", path, body, contentType: applyType, accept: metadataType } as const;
    const answer = await this.#connection
      .succeed({ ...request, assertMaySend: this.#assertMaySend })
      .catch((error: unknown) => {
        throw isOtherUid(error) ? new ClusterRefusal("conflict", "there is another one of this name by now") : error;
      });
    return { isNew: answer.status === 201, metadata: readMetadata(parseAnswer<Written>(answer.body)) };
  }

  async remove(ref: ObjectRef, uid: string, order: DeletionOrder): Promise<boolean> {
    const propagationPolicy = order === "foreground" ? "Foreground" : "Background";
    const body = JSON.stringify({
      apiVersion: "meta.k8s.io/v1",
      kind: "DeleteOptions",
      preconditions: { uid },
      propagationPolicy,
    });
    try {
      const request = { method: "DELETE", path: objectPath(ref), body } as const;
      parseAnswer(await this.#connection.read({ ...request, assertMaySend: this.#assertMaySend }));
      return true;
    } catch (error) {
      const isOther = /UID in (?:the )?precondition/i.test(String((error as Error).message));
      if (error instanceof ClusterRefusal && (error.reason === "not-found" || isOther)) return false;
      throw error;
    }
  }

  async patch(ref: ObjectRef, uid: string, change: JsonObject): Promise<LiveMetadata> {
    const body = writeJson(withMeant(change, { uid }));
    const request = {
      method: "PATCH",
      path: objectPath(ref),
      body,
      contentType: mergeType,
      accept: metadataType,
      assertMaySend: this.#assertMaySend,
    } as const;
    try {
      return readMetadata(parseAnswer<Written>(await this.#connection.read(request)));
    } catch (error) {
      throw isOtherUid(error) ? new ClusterRefusal("conflict", "there is another one of this name by now") : error;
    }
  }

  async renameManager(ref: ObjectRef, from: string, to: string): Promise<void> {
    const read = await this.#find(ref, metadataType);
    if (read === undefined) return;
    const { metadata } = parseAnswer<{ metadata: WrittenMetadata }>(read);
    const fields = metadata.managedFields ?? [];
    const isOf = (name: string) => (entry: (typeof fields)[number]) =>
      entry.manager === name && (entry.subresource ?? "") === "";
    if (!fields.some(isOf(from))) return;
    // An applied set becomes ours; what was written otherwise just is nobody's any more: applying takes it over.
    const hasOurs = fields.some((entry) => isOf(to)(entry) && entry.operation === "Apply");
    const renamed = fields.flatMap((entry) => {
      if (!isOf(from)(entry)) return [entry];
      return entry.operation === "Apply" && !hasOurs ? [{ ...entry, manager: to }] : [];
    });
    const body = JSON.stringify([
      { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      { op: "replace", path: "/metadata/managedFields", value: renamed.length === 0 ? [{}] : renamed },
    ]);
    const request = { method: "PATCH", path: objectPath(ref), body, contentType: jsonPatchType } as const;
    await this.#connection.read({ ...request, assertMaySend: this.#assertMaySend });
  }

  readLease(name: LeaseName): Promise<LeaseState | undefined> {
    return this.#leases.readLease(name);
  }

  takeLease(name: LeaseName, claim: LeaseClaim, expected: LeaseState | undefined): Promise<LeaseState> {
    return this.#leases.takeLease(name, claim, expected);
  }

  releaseLease(name: LeaseName, holder: string): Promise<void> {
    return this.#leases.releaseLease(name, holder);
  }

  writeKubeconfig(): Promise<string> {
    return this.#connection.writeKubeconfig();
  }

  async endWork(): Promise<void> {
    // All that it does are requests.
  }

  close(): void {
    this.#connection.close();
  }

  async #find(ref: ObjectRef, accept: string): Promise<string | undefined> {
    const answer = await this.#connection.find({ method: "GET", path: objectPath(ref), accept });
    return answer?.body;
  }
}

/** An object's uid can't be changed: it is another one that the server has. */
function isOtherUid(error: unknown): boolean {
  return error instanceof ClusterRefusal && error.reason === "immutable" && /\bmetadata\.uid\b/.test(error.message);
}

/**
 * The server refuses it where the object has another uid, or another version: the one that is named for what should not be
 * there is one that no object has, and the server does not look at it where there is none.
 */
function withMeant(object: JsonObject, meant: MeantObject): JsonObject {
  const metadata = object.get("metadata");
  const [key, value] = meant === "absent" ? ["resourceVersion", "1"] : ["uid", meant.uid];
  const identified = new Map([...(metadata !== undefined && isJsonObject(metadata) ? metadata : []), [key, value]]);
  return new Map([...object, ["metadata", identified]]);
}
