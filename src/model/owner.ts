/** Owners: who renders objects. */

export type OwnerKind = "EventTrigger" | "ClusterProfile" | "Profile";

export const ownerKinds: readonly OwnerKind[] = ["EventTrigger", "ClusterProfile", "Profile"];

/** Identifies an owner wherever one is meant: records, claims, paths, messages, review groups. */
export interface Owner {
  readonly kind: OwnerKind;
  /** Only a Profile has one; empty for the others. */
  readonly namespace: string;
  readonly name: string;
}

/** `<kind>/[<namespace>/]<name>`: the identity of an owner wherever one is needed as a key, or shown to people. */
export type OwnerKey = string;

export function ownerKey({ kind, namespace, name }: Owner): OwnerKey {
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/** As people are told of it where EventTriggers are meant most often: a trigger's name, a profile's key. */
export function shownOwner(owner: Owner): string {
  return owner.kind === "EventTrigger" ? owner.name : ownerKey(owner);
}

/** What `shownOwner` gives, with its kind: `EventTrigger users`, `ClusterProfile/base`. */
export function titleOfOwner(shown: string): string {
  return shown.includes("/") ? shown : `EventTrigger ${shown}`;
}

/** The key of the document that says what the owner renders: `<kind>/<namespace>/<name>`. */
export function documentKeyOf({ kind, namespace, name }: Owner): string {
  return `${kind}/${namespace}/${name}`;
}

/** The owner that a key stands for; undefined where it is no owner's. */
export function parseOwnerKey(key: OwnerKey): Owner | undefined {
  const [kind, ...names] = key.split("/");
  const [namespace, name] = kind === "Profile" ? names : ["", ...names];
  const isKnown = ownerKinds.some((known) => known === kind);
  if (!isKnown || !name || namespace === undefined || names.length !== (kind === "Profile" ? 2 : 1)) return undefined;
  return { kind: kind as OwnerKind, namespace, name };
}

export function triggerOwner(name: string): Owner {
  return { kind: "EventTrigger", namespace: "", name };
}

export function isSameOwner(one: Owner, other: Owner): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name;
}
