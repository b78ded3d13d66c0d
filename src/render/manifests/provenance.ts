/** What Sluice writes onto objects to say whose they are. */
import { createHash } from "node:crypto";
import type { Provenance } from "../../model/manifest.ts";
import { faultOfLabelValue } from "./check-names.ts";

export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedByValue = "sluice";
export const ownerLabel = "sluice.dev/owner";
export const instanceLabel = "sluice.dev/instance";
/** Of labels and annotations that are Sluice's own: no template may set one. */
export const ownPrefix = "sluice.dev/";
export const entityAnnotation = "sluice.dev/entity";
/** Flux replaces `${name}` in manifests unless an object says no. */
export const substituteAnnotation = "kustomize.toolkit.fluxcd.io/substitute";

const lengthMax = 63;
const hashLength = 10;

/** By which an object is known as Sluice's, as this Sluice's, and as its owner's. */
export function provenanceLabels({ owner, instance }: Provenance): readonly (readonly [string, string])[] {
  return [
    [managedByLabel, managedByValue],
    [instanceLabel, instance],
    [ownerLabel, ownerLabelValue(owner)],
  ];
}

/** An owner such as `EventTrigger/login` as a label's value; one that had to be cut or changed much carries a hash. */
export function ownerLabelValue(owner: string): string {
  const readable = owner.replace("/", ".");
  if (faultOfLabelValue(readable) === undefined) return readable;
  const hash = createHash("sha256").update(owner).digest("hex").slice(0, hashLength);
  const head = readable.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, lengthMax - hashLength - 1);
  return `${head.replace(/^[^A-Za-z0-9]+/, "")}-${hash}`.replace(/^-/, "");
}
