/** Schemas as values are checked against them: of Kubernetes' own kinds, and of custom resources. */

/** What a scalar must be. `any` is anything, `object` any mapping. */
export type ScalarType =
  | "string"
  | "int32"
  | "int64"
  | "number"
  | "boolean"
  | "quantity"
  | "intOrString"
  | "time"
  | "bytes"
  | "object"
  | "any";

/** Further demands on a value; each is one that another version of the kind may not make. */
export interface Limits {
  readonly enum?: readonly unknown[];
  /** What is wrong with a text, by its pattern. */
  readonly pattern?: { readonly source: string; matches(text: string): boolean };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly lengthMin?: number;
  readonly lengthMax?: number;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly type: ScalarType;
  readonly limits?: Limits;
  readonly isNullable?: boolean;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: SchemaNode;
  /** No value may be there twice. */
  readonly isSet: boolean;
  /** What tells items apart: no two may be alike in all of these; with what an item has that lacks one. */
  readonly keys: readonly { readonly name: string; readonly fallback?: string | number }[];
  readonly limits?: Limits;
  readonly isNullable?: boolean;
}

export interface MapNode {
  readonly kind: "map";
  readonly values: SchemaNode;
  readonly limits?: Limits;
  readonly isNullable?: boolean;
}

export interface ObjectNode {
  readonly kind: "object";
  /** Of a definition of Kubernetes', by which further rules are found, e.g. `core.v1.PodSpec`. */
  readonly name?: string;
  readonly members: ReadonlyMap<string, SchemaNode>;
  readonly required: readonly string[];
  /** Members that are not known are nobody's concern. */
  readonly isOpen: boolean;
  /** What members that are not known must be. */
  readonly others?: SchemaNode;
  readonly isNullable?: boolean;
}

/** A definition by its name; found when first needed, since definitions refer to each other in circles. */
export interface ReferenceNode {
  readonly kind: "reference";
  readonly name: string;
}

export type SchemaNode = ScalarNode | ListNode | MapNode | ObjectNode | ReferenceNode;
