/**
 * What of a management cluster becomes documents of a config folder, in which files, and what does not. Pure.
 *
 * What belongs together stands together: a trigger with its EventSource and with the ConfigMaps that nobody else refers to,
 * a profile likewise, and each cluster by itself.
 */
import { documentKey } from "../../model/document-key.ts";
import { isJsonObject, type Json } from "../../model/json.ts";
import { writeCanonicalYaml } from "../../render/yaml/write-canonical-yaml.ts";
import { clusterKinds, type ImportedDocument, readImported, titleOf } from "./imported-document.ts";
import { findImportedReferences } from "./imported-references.ts";

export interface LeftOut {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
  /** Something that is taken needs it: somebody has to see to it. */
  readonly isNeeded: boolean;
}

export interface ImportPlan {
  /** By path below the folder, sorted. */
  readonly files: ReadonlyMap<string, string>;
  /** By file, what stands in it. */
  readonly taken: ReadonlyMap<string, readonly ImportedDocument[]>;
  readonly left: readonly LeftOut[];
}

/** Kinds that are documents by themselves, by API group: what `kubectl get` is to be asked for. */
export const importedKinds: readonly { readonly group: string; readonly kind: string }[] = [
  { group: "lib.projectsveltos.io", kind: "EventSource" },
  { group: "lib.projectsveltos.io", kind: "EventTrigger" },
  { group: "config.projectsveltos.io", kind: "ClusterProfile" },
  { group: "config.projectsveltos.io", kind: "Profile" },
  { group: "lib.projectsveltos.io", kind: "ClusterSet" },
  { group: "lib.projectsveltos.io", kind: "Set" },
  { group: "lib.projectsveltos.io", kind: "SveltosCluster" },
  { group: "cluster.x-k8s.io", kind: "Cluster" },
];
const ownerKinds = new Set(["EventTrigger", "ClusterProfile", "Profile"]);
const contentKinds = new Set(["ConfigMap", "Secret"]);

export interface ImportOptions {
  /** Clusters, and nothing else. */
  readonly onlyClusters: boolean;
}

export function planImport(objects: readonly Json[], { onlyClusters }: ImportOptions): ImportPlan {
  const left: LeftOut[] = [];
  const candidates = readAll(objects, onlyClusters, left);
  const referrers = findReferrers(candidates);
  const files = new Map<string, ImportedDocument[]>();
  for (const document of candidates.values()) {
    const needing = referrers.get(document) ?? [];
    const reason = whyLeft(document, needing);
    if (reason !== undefined) {
      left.push(leave(document, reason, needing.length > 0));
      continue;
    }
    const path = pathOf(document, needing);
    files.set(path, [...(files.get(path) ?? []), document]);
  }
  const sorted = [...files].sort(([one], [other]) => compare(one, other));
  const ordered = sorted.map(([path, documents]): [string, ImportedDocument[]] => [path, documents.sort(byRank)]);
  return {
    files: new Map(ordered.map(([path, documents]) => [path, writeFile(documents)])),
    taken: new Map(ordered),
    left: left.sort((one, other) => compare(titleOf(one), titleOf(other))),
  };
}

/** Those that may be taken, each once. */
function readAll(
  objects: readonly Json[],
  onlyClusters: boolean,
  left: LeftOut[],
): ReadonlyMap<string, ImportedDocument> {
  const read = new Map<string, ImportedDocument>();
  for (const object of objects) {
    const document = readImported(object);
    if (document === undefined) {
      left.push(leave({ kind: "", namespace: "", name: "" }, "an object without kind or name"));
      continue;
    }
    const skip = (reason: string) => left.push(leave(document, reason));
    if (!isKnown(document)) skip("Sluice reads no documents of this kind");
    // Paths are made of names.
    else if (!isName(document.name) || (document.namespace !== "" && !isName(document.namespace)))
      skip("its name or namespace is none that Kubernetes takes");
    else if (onlyClusters && !clusterKinds.has(document.kind)) skip("only clusters are asked for");
    else if (document.notOwn !== undefined) skip(document.notOwn);
    else {
      // A SveltosCluster and a Cluster of one name would be one cluster twice.
      const { namespace, name } = document;
      const key = clusterKinds.has(document.kind) ? `cluster/${namespace}/${name}` : documentKey(document);
      const other = read.get(key);
      if (other === undefined) read.set(key, document);
      else skip(`${titleOf(other)} is there already`);
    }
  }
  return read;
}

function leave(
  { kind, namespace, name }: Pick<LeftOut, "kind" | "namespace" | "name">,
  reason: string,
  isNeeded = false,
): LeftOut {
  return { kind, namespace, name, reason, isNeeded };
}

function isName(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

function isKnown({ group, kind }: ImportedDocument): boolean {
  if (contentKinds.has(kind)) return group === "";
  return importedKinds.some((known) => known.kind === kind && known.group === group);
}

/** By document, the triggers and profiles that refer to it. */
function findReferrers(
  documents: ReadonlyMap<string, ImportedDocument>,
): ReadonlyMap<ImportedDocument, readonly ImportedDocument[]> {
  const referrers = new Map<ImportedDocument, ImportedDocument[]>();
  const contents = [...documents.values()].filter(({ kind }) => contentKinds.has(kind));
  for (const owner of documents.values()) {
    if (!ownerKinds.has(owner.kind)) continue;
    const found = new Set(
      findImportedReferences(owner).flatMap((reference) => {
        if (reference.key !== undefined) return documents.get(reference.key) ?? [];
        return contents.filter((document) => reference.matches(document));
      }),
    );
    for (const document of found) referrers.set(document, [...(referrers.get(document) ?? []), owner]);
  }
  return referrers;
}

const connectionSecret = "sveltos-nats";

function whyLeft(document: ImportedDocument, referrers: readonly ImportedDocument[]): string | undefined {
  const { kind, name } = document;
  if (!contentKinds.has(kind)) return undefined;
  if (kind === "Secret" && name === connectionSecret) {
    return "it says how to reach NATS: hand it to `sluice init --connection`, or name it as a connection's file";
  }
  if (referrers.length === 0) return "no trigger and no profile refers to it";
  if (kind === "Secret" && !document.isEncrypted) {
    return `it is not encrypted, and ${titleOf(referrers[0]!)} needs it: encrypt it with sops, or put an ExternalSecret in its place`;
  }
  return undefined;
}

function pathOf(document: ImportedDocument, referrers: readonly ImportedDocument[]): string {
  const { kind, namespace, name } = document;
  switch (kind) {
    case "EventTrigger":
      return `triggers/${name}.yaml`;
    case "ClusterProfile":
      return `profiles/${name}.yaml`;
    case "Profile":
      return `profiles/${namespace}/${name}.yaml`;
    case "SveltosCluster":
    case "Cluster":
      return `clusters/${namespace}/${name}.yaml`;
    case "ClusterSet":
    case "Set":
      return "sets.yaml";
    default:
      // Beside the only one that needs it.
      if (referrers.length === 1) return pathOf(referrers[0]!, []);
      return kind === "EventSource" ? `event-sources/${name}.yaml` : `shared/${namespace}/${name}.yaml`;
  }
}

const ranks = ["EventSource", "EventTrigger", "ClusterProfile", "Profile", "ClusterSet", "Set"];

/** As one reads them: what happens, what is done then, and what of. */
function byRank(one: ImportedDocument, other: ImportedDocument): number {
  const rank = ({ kind }: ImportedDocument) => {
    const index = ranks.indexOf(kind);
    return index < 0 ? ranks.length : index;
  };
  return rank(one) - rank(other) || compare(titleOf(one), titleOf(other));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function writeFile(documents: readonly ImportedDocument[]): string {
  return documents.map(({ value }) => writeCanonicalYaml(value)).join("---\n");
}

/** The objects of a text as `kubectl get -o yaml` or `-o json` prints it: of lists their items. */
export function objectsOf(values: readonly Json[]): readonly Json[] {
  return values.flatMap((value) => {
    const items = isJsonObject(value) ? value.get("items") : undefined;
    return Array.isArray(items) ? objectsOf(items) : [value];
  });
}
