/** Kinds that a CustomResourceDefinition brings: what of it says how their objects must look. */
import type { JsonObject } from "./json.ts";

export interface CustomKind {
  readonly group: string;
  readonly kind: string;
  readonly scope: "cluster" | "namespace";
  /** `openAPIV3Schema` by served version; undefined where a version has none. */
  readonly versions: ReadonlyMap<string, JsonObject | undefined>;
}

/** By {@link customKindKey}. */
export type CustomKinds = ReadonlyMap<string, CustomKind>;

/** Kinds are told apart without regard to the case of their letters. */
export function customKindKey(group: string, kind: string): string {
  return `${group}/${kind.toLowerCase()}`;
}
