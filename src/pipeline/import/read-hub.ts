/**
 * What a management cluster has of documents: all of the kinds that are documents by themselves, and of ConfigMaps and
 * Secrets those that they refer to. What a Secret holds is never asked for: it could not be kept in Git.
 */
import { clusterKinds, readImported } from "../../config/import/imported-document.ts";
import { findImportedReferences, type ImportedReference } from "../../config/import/imported-references.ts";
import { importedKinds } from "../../config/import/plan-import.ts";
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { apiVersionOf } from "../../model/manifest.ts";
import type { ClusterReader, LiveMetadata, ResourceKind } from "../../ports/cluster.ts";

export interface HubObjects {
  readonly objects: readonly Json[];
  /** Of each kind that the server has, how many there are. */
  readonly counts: ReadonlyMap<string, number>;
}

export type HubReader = Pick<
  ClusterReader,
  "findKind" | "listObjects" | "listMetadata" | "readObject" | "readMetadata"
>;

/** Throws as the port says: an answer that failed is no list. */
export async function readHub(hub: HubReader, onlyClusters: boolean): Promise<HubObjects> {
  const kinds = importedKinds.filter(({ kind }) => !onlyClusters || clusterKinds.has(kind));
  const counts = new Map<string, number>();
  const objects: JsonObject[] = [];
  for (const { group, kind } of kinds) {
    const found = await hub.findKind(group, kind);
    if (found === undefined) continue;
    // Of a list that had to be begun again an object may come twice: the later one counts.
    const listed = new Map<string, JsonObject>();
    for await (const object of hub.listObjects(found, {})) {
      const document = readImported(withKind(object, found));
      if (document !== undefined) listed.set(`${document.namespace}/${document.name}`, withKind(object, found));
    }
    counts.set(kind, listed.size);
    for (const object of listed.values()) objects.push(object);
  }
  if (onlyClusters) return { objects, counts };
  return { objects: [...objects, ...(await readReferred(hub, objects))], counts };
}

/** Items of a list say neither kind nor apiVersion. */
function withKind(object: JsonObject, kind: ResourceKind): JsonObject {
  return new Map<string, Json>([["apiVersion", apiVersionOf(kind)], ["kind", kind.kind], ...object]);
}

async function readReferred(hub: HubReader, owners: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const references = owners.flatMap((owner) => {
    const document = readImported(owner);
    return document === undefined || document.notOwn !== undefined ? [] : findImportedReferences(document);
  });
  const found: JsonObject[] = [];
  for (const name of ["ConfigMap", "Secret"] as const) {
    const wanted = references.filter(({ kind }) => kind === name);
    const kind = wanted.length === 0 ? undefined : await hub.findKind("", name);
    if (kind === undefined) continue;
    const places = await findPlaces(hub, kind, wanted);
    const read = [...places.values()].map((place) =>
      name === "Secret" ? nameSecret(hub, kind, place) : readOne(hub, kind, place),
    );
    for (const object of await Promise.all(read)) if (object !== undefined) found.push(object);
  }
  return found;
}

interface ObjectPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Those named outright, and those that a template may come to name. */
async function findPlaces(
  hub: HubReader,
  kind: ResourceKind,
  references: readonly ImportedReference[],
): Promise<ReadonlyMap<string, ObjectPlace>> {
  const places = new Map<string, ObjectPlace>();
  const add = (namespace: string, name: string) => places.set(`${namespace}/${name}`, { namespace, name });
  const open = references.filter(({ key }) => key === undefined);
  for (const { key } of references) {
    const [, namespace = "", name = ""] = key?.split("/") ?? [];
    if (key !== undefined) add(namespace, name);
  }
  // Each namespace is listed once, and all of them where one of the references may mean any.
  const namespaces = new Set(open.map(({ namespace }) => namespace));
  for (const namespace of namespaces.has(undefined) ? [undefined] : namespaces) {
    for await (const metadata of hub.listMetadata(kind, namespace === undefined ? {} : { namespace })) {
      const document = { kind: kind.kind, ...metadata, isTemplate: isTemplate(metadata) };
      if (open.some((reference) => reference.matches(document))) add(metadata.namespace, metadata.name);
    }
  }
  return places;
}

function isTemplate({ annotations }: LiveMetadata): boolean {
  return annotations.has("projectsveltos.io/instantiate") || annotations.has("projectsveltos.io/template");
}

/** Undefined where it is not there: the documents' own check says so. */
async function readOne(hub: HubReader, kind: ResourceKind, place: ObjectPlace): Promise<JsonObject | undefined> {
  const object = await hub.readObject({ kind, ...place });
  return object === undefined ? undefined : withKind(object, kind);
}

/** That it is there, and nothing of what it holds. Who may not even ask is told the same: somebody refers to it. */
async function nameSecret(hub: HubReader, kind: ResourceKind, place: ObjectPlace): Promise<JsonObject | undefined> {
  try {
    if ((await hub.readMetadata({ kind, ...place })) === undefined) return undefined;
  } catch (error) {
    if (!(error instanceof ClusterRefusal) || error.reason !== "forbidden") throw error;
  }
  return withKind(new Map([["metadata", new Map(Object.entries(place))]]), kind);
}
