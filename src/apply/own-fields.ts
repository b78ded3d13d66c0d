/** The fields of an object that are ours, as the server keeps them. */
import { hash } from "node:crypto";
import type { LiveMetadata } from "../ports/cluster.ts";

/** As the server writes a set of fields; `{}`: none. */
export function ownFields({ managers }: LiveMetadata, manager: string): string {
  const own = managers.find(
    ({ name, operation, subresource }) => name === manager && operation === "Apply" && subresource === "",
  );
  return own?.fields ?? "{}";
}

/**
 * Another text whenever a field of ours is not ours any more: whoever changes its value becomes its owner, and whoever takes
 * it away takes it from our set. What controllers write of their own leaves it as it is.
 */
export function ownMark(live: LiveMetadata, manager: string): string {
  return hash("sha256", ownFields(live, manager), "hex").slice(0, 16);
}
