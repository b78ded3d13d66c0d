/**
 * Where in a manifest a scalar is a string whatever it looks like.
 *
 * Go's reader makes `name: true` a boolean and `010` the number 8, and the API server then refuses the object. What stands
 * in these positions is never anything but a string, so there its source text is kept: a user `true` gets a Namespace
 * `true`.
 */

/** What a node's place in its object says of the scalars in it. */
export interface Position {
  /** What a scalar here is: by its looks, a string, or (as an absent `storageClassName` differs from an empty one) either. */
  readonly scalar: "byLooks" | "text" | "textUnlessNull";
  readonly members: ReadonlyMap<string, Position>;
  /** Whether, besides `members`, those in {@link membersAnywhere} and names count. */
  readonly isOpen: boolean;
  readonly otherMembers: Position | undefined;
  readonly items: Position | undefined;
}

function position(parts: Partial<Position>): Position {
  const none: Position = {
    scalar: "byLooks",
    members: new Map(),
    isOpen: true,
    otherMembers: undefined,
    items: undefined,
  };
  return { ...none, ...parts };
}

const byLooks = position({});
const text = position({ scalar: "text" });
const textUnlessNull = position({ scalar: "textUnlessNull" });
const textMap = position({ isOpen: false, otherMembers: text });
const textList = position({ items: text });
/** Lists of entries with a `value` beside a name or key. */
const valueList = position({ items: position({ members: new Map([["value", text]]) }) });
const allText = allTextBut();

/** Strings to any depth, less the members named; where a collection is wanted, null is none. */
function allTextBut(...keys: string[]): Position {
  return { ...allTextBelow(keys), scalar: "textUnlessNull" };
}

function allTextBelow(keys: readonly string[]): Position {
  const all: { -readonly [Part in keyof Position]: Position[Part] } = position({
    scalar: "text",
    members: new Map(keys.map((key) => [key, byLooks])),
    isOpen: false,
  });
  all.otherMembers = all;
  all.items = all;
  return all;
}

const labelSelector: readonly (readonly [string, Position])[] = [
  ["matchLabels", textMap],
  ["matchExpressions", allText],
  ["matchFields", allText],
];

const metadata = position({
  members: new Map([
    ["finalizers", textList],
    ["ownerReferences", allTextBut("controller", "blockOwnerDeletion")],
    ["uid", text],
    ["resourceVersion", text],
  ]),
});

/** Members that mean the same at any depth: in a Pod, in a pod template, in somebody's custom resource. */
const membersAnywhere: ReadonlyMap<string, Position> = new Map([
  ["metadata", metadata],
  ["labels", textMap],
  ["annotations", textMap],
  ...labelSelector,
  // A Service's selector is a map of labels; others hold matchLabels, or `any: true`.
  ["selector", position({ members: new Map(labelSelector), isOpen: false, otherMembers: textUnlessNull })],
  ["nodeSelector", textMap],
  ["subjects", allText],
  ["roleRef", allText],
  ["resourceNames", textList],
  ["args", textList],
  ["command", textList],
  ["env", valueList],
  ["httpHeaders", valueList],
  ["sysctls", valueList],
  ["taints", allText],
  ["tolerations", allTextBut("tolerationSeconds")],
]);

const rootMembers: readonly (readonly [string, Position])[] = [
  ["apiVersion", text],
  ["kind", text],
];
const root = position({ members: new Map(rootMembers) });
const dataRoot = position({
  members: new Map([...rootMembers, ["data", textMap], ["stringData", textMap], ["binaryData", textMap]]),
});
const rulesRoot = position({ members: new Map([...rootMembers, ["rules", allText]]) });

/** Of what no API server reads: everything is what it looks like, as Helm takes values. */
export const looksPosition = anyLooks();

function anyLooks(): Position {
  const all: { -readonly [Part in keyof Position]: Position[Part] } = position({ isOpen: false });
  all.otherMembers = all;
  all.items = all;
  return all;
}

/** The position of an object's root. */
export function rootPosition(group: string, kind: string): Position {
  if (group === "" && (kind === "ConfigMap" || kind === "Secret")) return dataRoot;
  return group === "rbac.authorization.k8s.io" ? rulesRoot : root;
}

/** The position of a mapping's member. */
export function memberPosition({ members, isOpen, otherMembers }: Position, key: string): Position {
  const own = members.get(key);
  if (own !== undefined) return own;
  if (isOpen) {
    const common = membersAnywhere.get(key);
    if (common !== undefined) return common;
    if (key === "name" || key === "namespace") return text;
    if (key.endsWith("Name")) return textUnlessNull;
  }
  return otherMembers ?? byLooks;
}

/** The position of a sequence's items. */
export function itemPosition({ items }: Position): Position {
  return items ?? byLooks;
}
