/** From an object's path in the desired tree back to what it names, for people to read. */

export interface PathParts {
  /** `<namespace>/<name>`. */
  readonly cluster: string;
  /** Empty for what Sluice makes itself. */
  readonly trigger: string;
  /** `<kind>[.<group>] [<namespace>/]<name>`. */
  readonly object: string;
  /** The namespace and the name, with a blank between them. */
  readonly names: string;
}

/**
 * Reads a path such as `desired/fleet/eu-1/triggers/login/_cluster/namespace/alice.yaml`, with or without shards. Parts
 * that were cut for their length stay cut.
 */
export function readPath(path: string): PathParts {
  const [, clusterNamespace = "", clusterName = "", area = "", ...below] = path
    .replace(/\.yaml$/, "")
    .split("/")
    .map(decodePart);
  const cluster = `${clusterNamespace}/${clusterName}`;
  const name = below.at(-1) ?? "";
  if (area !== "triggers") {
    if (area === "namespaces") return { cluster, trigger: "", object: `namespace ${name}`, names: name };
    // The cluster's own file, which keeps its folder from vanishing.
    return { cluster, trigger: "", object: `configmap default/${area}`, names: `default ${area}` };
  }
  const scope = below.at(-3) ?? "";
  const kind = below.at(-2) ?? "";
  const isNamespaced = scope !== "_cluster";
  return {
    cluster,
    trigger: below[0] ?? "",
    object: `${kind} ${isNamespaced ? `${scope}/` : ""}${name}`,
    names: isNamespaced ? `${scope} ${name}` : name,
  };
}

/** A part of a path as it was before it was encoded. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
