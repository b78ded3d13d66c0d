/** Kubernetes' own kinds and their schemas, read from {@link kubernetesOpenapi} as far as they are asked for. */
import { kubernetesOpenapi } from "./kubernetes-openapi.ts";
import type { ListNode, ObjectNode, ScalarNode, ScalarType, SchemaNode } from "./schema-node.ts";

/** A node as the generated text has it: a type's letter, `#definition`, or a list, map, object or enum. */
type WrittenNode =
  | string
  | { readonly a: WrittenNode; readonly u?: 1; readonly k?: readonly (string | readonly [string, string | number])[] }
  | { readonly m: WrittenNode }
  | { readonly p: Readonly<Record<string, WrittenNode>>; readonly r?: readonly string[] }
  | { readonly e: readonly string[] };

const types: Readonly<Record<string, ScalarType>> = {
  s: "string",
  i: "int32",
  l: "int64",
  n: "number",
  b: "boolean",
  q: "quantity",
  x: "intOrString",
  t: "time",
  y: "bytes",
  o: "object",
  "*": "any",
};
const scalars = new Map<string, ScalarNode>(
  Object.entries(types).map(([letter, type]) => [letter, { kind: "scalar", type }]),
);

interface Index {
  /** Definition by `<group>/<version>/<kind>`. */
  readonly kinds: ReadonlyMap<string, string>;
  /** `<group>/<kind>` without regard to case, with how it is written. */
  readonly spellings: ReadonlyMap<string, string>;
  readonly groups: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
}

let index: Index | undefined;
const definitions = new Map<string, SchemaNode>();

/** Splitting the text takes a millisecond, so it is done when the first object is checked. */
function getIndex(): Index {
  if (index !== undefined) return index;
  const [kindLines, definitionLines] = kubernetesOpenapi.split("\n\n") as [string, string];
  const kinds = new Map<string, string>();
  const spellings = new Map<string, string>();
  const groups = new Set<string>();
  for (const line of kindLines.split("\n")) {
    const [key, , definition] = line.split(" ") as [string, string, string];
    const [group, , kind] = key.split("/") as [string, string, string];
    kinds.set(key, definition);
    spellings.set(`${group}/${kind.toLowerCase()}`, kind);
    groups.add(group);
  }
  const texts = new Map<string, string>();
  for (const line of definitionLines.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) texts.set(line.slice(0, space), line.slice(space + 1));
  }
  index = { kinds, spellings, groups, texts };
  return index;
}

/** The schema of a kind; undefined where this version of Kubernetes does not have it. */
export function builtInSchema(group: string, version: string, kind: string): SchemaNode | undefined {
  const name = getIndex().kinds.get(`${group}/${version}/${kind}`);
  return name === undefined ? undefined : definitionOf(name);
}

/** A group that had Kubernetes' own kinds until 1.22, and that old templates still name. */
const formerGroup = "extensions";

/** Whether Kubernetes itself has kinds in this group, or had. */
export function isBuiltInGroup(group: string): boolean {
  return group === formerGroup || getIndex().groups.has(group);
}

/** How a kind of a group is written, whatever the case of its letters. */
export function spellingOf(group: string, kind: string): string | undefined {
  return getIndex().spellings.get(`${group}/${kind.toLowerCase()}`);
}

/** A definition by its name. */
export function definitionOf(name: string): SchemaNode {
  let node = definitions.get(name);
  if (node === undefined) {
    const text = getIndex().texts.get(name);
    if (text === undefined) throw new Error(`there is no definition ${name}`);
    node = readNode(JSON.parse(text) as WrittenNode, name);
    definitions.set(name, node);
  }
  return node;
}

/** An empty text is as none in a member of Kubernetes' own kinds; where it is required that is told anyway. */
function readNode(written: WrittenNode, name?: string): SchemaNode {
  if (typeof written === "string") {
    return written.startsWith("#") ? { kind: "reference", name: written.slice(1) } : scalars.get(written)!;
  }
  if (isEnum(written)) return enumNode(["", ...written.e]);
  if ("m" in written) return { kind: "map", values: readNode(written.m) };
  if ("a" in written) {
    const keys = (written.k ?? []).map((key) =>
      typeof key === "string" ? { name: key } : { name: key[0]!, fallback: key[1]! },
    );
    const items = isEnum(written.a) ? enumNode(written.a.e) : readNode(written.a);
    return { kind: "list", items, isSet: written.u === 1, keys } satisfies ListNode;
  }
  const members = new Map(Object.entries(written.p).map(([member, node]) => [member, readNode(node)]));
  const node: ObjectNode = { kind: "object", members, required: written.r ?? [], isOpen: false };
  return name === undefined ? node : { ...node, name };
}

function isEnum(written: WrittenNode): written is { readonly e: readonly string[] } {
  return typeof written !== "string" && "e" in written;
}

function enumNode(values: readonly string[]): ScalarNode {
  return { kind: "scalar", type: "string", limits: { enum: values } };
}
