/** A document as it comes from an API server, without what that server or a controller put there. Pure. */
import { isClusterScoped } from "../../model/document-key.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { groupOf } from "../../model/manifest.ts";
import { memberList, memberObject, memberText } from "../yaml-document.ts";

export interface ImportedDocument {
  readonly group: string;
  readonly kind: string;
  /** Empty for kinds without one. */
  readonly namespace: string;
  readonly name: string;
  /** What is written down: without status, and without metadata that only means something in its cluster. */
  readonly value: JsonObject;
  /** Why it is nobody's document to keep: a controller made it, or it is being deleted. */
  readonly notOwn?: string;
  readonly isTemplate: boolean;
  /** Encrypted by sops: it may be kept in Git. */
  readonly isEncrypted: boolean;
}

/** All of metadata that people write. */
const keptMetadata = new Set(["name", "namespace", "labels", "annotations"]);
/** Notes of tools about how the object came here. */
const toolAnnotations =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|argocd\.argoproj\.io\/(?:tracking-id|installation-id))$/;
/** What event-manager labels the profiles, ConfigMaps and Secrets with that it makes of events. */
const madeByTrigger = "eventtrigger.lib.projectsveltos.io/eventtriggername";
const templateAnnotations = ["projectsveltos.io/instantiate", "projectsveltos.io/template"];
/** Whoever made these, they are the inventory. */
export const clusterKinds: ReadonlySet<string> = new Set(["SveltosCluster", "Cluster"]);

/** Undefined where it says neither kind nor name. */
export function readImported(object: Json): ImportedDocument | undefined {
  const kind = memberText(object, "kind");
  const metadata = memberObject(object, "metadata");
  const name = memberText(metadata, "name");
  if (!isJsonObject(object) || kind === undefined || name === undefined) return undefined;
  const annotations = memberObject(metadata, "annotations");
  const notOwn = whoseElse(kind, metadata);
  return {
    group: groupOf(memberText(object, "apiVersion") ?? ""),
    kind,
    namespace: isClusterScoped(kind) ? "" : (memberText(metadata, "namespace") ?? "default"),
    name,
    value: cleaned(object),
    ...(notOwn === undefined ? {} : { notOwn }),
    isTemplate: templateAnnotations.some((key) => annotations?.has(key) === true),
    isEncrypted: memberObject(object, "sops") !== undefined,
  };
}

function whoseElse(kind: string, metadata: JsonObject | undefined): string | undefined {
  if (memberText(metadata, "deletionTimestamp") !== undefined) return "it is being deleted";
  if (clusterKinds.has(kind)) return undefined;
  const trigger = memberText(memberObject(metadata, "labels"), madeByTrigger);
  if (trigger !== undefined) return `Sveltos made it for EventTrigger ${trigger}`;
  const controller = memberList(metadata, "ownerReferences").find((owner) => memberText(owner, "name") !== undefined);
  if (controller === undefined) return undefined;
  return `${memberText(controller, "kind") ?? "a controller"} ${memberText(controller, "name")} made it`;
}

function cleaned(object: JsonObject): JsonObject {
  const kept = new Map<string, Json>();
  for (const [key, member] of object) {
    if (key === "status") continue;
    kept.set(key, key === "metadata" && isJsonObject(member) ? cleanedMetadata(member) : member);
  }
  return kept;
}

function cleanedMetadata(metadata: JsonObject): JsonObject {
  const kept = new Map<string, Json>();
  for (const [key, member] of metadata) {
    if (!keptMetadata.has(key)) continue;
    if (key !== "annotations" || !isJsonObject(member)) kept.set(key, member);
    else {
      const annotations = new Map([...member].filter(([name]) => !toolAnnotations.test(name)));
      if (annotations.size > 0) kept.set(key, annotations);
    }
  }
  return kept;
}

/** As messages name it. */
export function titleOf({ kind, namespace, name }: Pick<ImportedDocument, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}
