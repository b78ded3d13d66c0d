/** Metadata as the API server writes it. */
import type { FieldManager, LiveMetadata } from "../../ports/cluster.ts";
import { noObject } from "./parse-answer.ts";

/** Asks for metadata alone, of one object, a list, or a watch. */
export const metadataType = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
export const metadataListType = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

interface WrittenManager {
  readonly manager?: string;
  readonly operation?: "Apply" | "Update";
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: unknown;
}

export interface WrittenMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly WrittenManager[];
  readonly deletionTimestamp?: string;
}

/** Throws CLUSTER_UNAVAILABLE where it is no object of a cluster. */
export function readMetadata(object: { readonly metadata?: WrittenMetadata }): LiveMetadata {
  const { metadata } = object;
  if (typeof metadata?.uid !== "string" || typeof metadata.name !== "string") throw noObject();
  const { name, namespace = "", uid, resourceVersion, labels = {}, annotations = {}, managedFields = [] } = metadata;
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    labels: new Map(Object.entries(labels)),
    annotations: new Map(Object.entries(annotations)),
    managers: managedFields.map(readManager),
    isTerminating: metadata.deletionTimestamp !== undefined,
  };
}

function readManager(written: WrittenManager): FieldManager {
  const { manager = "", operation = "Update", subresource = "", time = "", fieldsV1 = {} } = written;
  return { name: manager, operation, subresource, time, fields: JSON.stringify(fieldsV1) };
}
