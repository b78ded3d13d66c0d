/** From an object's path in the desired tree back to what it names, for people to read. */
import { type Owner, shownOwner, triggerOwner } from "../../model/owner.ts";
import { baseFolder, decodePathPart, ownerOfFolder, readOwnedPath } from "../../plan/paths.ts";
import { ownerLabelOf, splitProvenance } from "../../plan/provenance.ts";
import { ownerLabelValue } from "../../render/manifests/provenance.ts";

export interface PathParts {
  /** `<namespace>/<name>`. */
  readonly cluster: string;
  /** In whose folder it stands: a trigger's name, a profile's key; empty for what Sluice makes itself. */
  readonly trigger: string;
  /** `<kind>[.<group>] [<namespace>/]<name>`. */
  readonly object: string;
  /** The namespace and the name, with a blank between them. */
  readonly names: string;
}

/**
 * Reads a path such as `desired/fleet/eu-1/triggers/login/_cluster/namespace/alice.yaml`, however it is laid out. Parts
 * that were cut for their length stay cut.
 */
export function readPath(path: string): PathParts {
  const [, clusterNamespace = "", clusterName = "", ...below] = path.split("/");
  const cluster = `${decodePart(clusterNamespace)}/${decodePart(clusterName)}`;
  const owned = readOwnedPath(below.join("/"));
  if (owned === undefined) {
    const name = decodePart((below.at(-1) ?? "").replace(/\.yaml$/, ""));
    if (below[0] === baseFolder && below[1] === "namespaces") {
      return { cluster, trigger: "", object: `namespace ${name}`, names: name };
    }
    // The cluster's own file, which keeps its folder from vanishing.
    return { cluster, trigger: "", object: `configmap default/${name}`, names: `default ${name}` };
  }
  const [scope = "", kind = "", name = ""] = owned.file
    .replace(/\.yaml$/, "")
    .split("/")
    .map(decodePart);
  const isNamespaced = scope !== "_cluster";
  // Of a name that was cut for its length there is no more than the folder's.
  const namespace = owned.kind === "Profile" ? decodePart(clusterNamespace) : "";
  const owner = { kind: owned.kind, namespace, name: decodePart(owned.ownerFolder) };
  return {
    cluster,
    trigger: shownOwner(owner),
    object: `${kind} ${isNamespaced ? `${scope}/` : ""}${name}`,
    names: isNamespaced ? `${scope} ${name}` : name,
  };
}

/**
 * Whose manifest it is: most often of who has the folder it stands in, but where several want one object, of the first of
 * them. Undefined for what Sluice makes itself.
 */
export function ownerOfManifest(path: string, text: string): Owner | undefined {
  const [, namespace = "", cluster = "", ...below] = path.split("/");
  const label = ownerLabelOf(splitProvenance(text).texts);
  if (label === "") return undefined;
  const owned = readOwnedPath(below.join("/"));
  const found =
    owned === undefined
      ? undefined
      : ownerOfFolder(owned.kind, owned.ownerFolder, `${decodePart(namespace)}/${decodePart(cluster)}`);
  if (found !== undefined && ownerLabelValue(`${found.kind}/${found.name}`) === label) return found;
  return label.startsWith("EventTrigger.") ? triggerOwner(label.slice("EventTrigger.".length)) : found;
}

/** A part of a path as it was before it was encoded. */
export function decodePart(part: string): string {
  try {
    return decodePathPart(part);
  } catch {
    return part;
  }
}
