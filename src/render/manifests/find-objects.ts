/** Which nodes of a template's output are objects: one a document, or several in a List. */
import type { YamlMapping, YamlNode } from "../yaml/node.ts";
import { isMergeKey } from "./read-value.ts";

/**
 * The nodes to be read as objects, in order; whether they are is for their reader to say. `isPrinted` tells what comes from
 * an action: such a kind does not make a list of an object.
 */
export function findObjects(
  documents: readonly (YamlNode | undefined)[],
  isPrinted: (node: YamlNode) => boolean,
): YamlNode[] {
  const objects: YamlNode[] = [];
  const add = (node: YamlNode): void => {
    const target = targetOf(node);
    const items = target.kind === "mapping" ? itemsOfList(target, isPrinted) : undefined;
    if (items === undefined) objects.push(target);
    else items.forEach(add);
  };
  for (const document of documents) {
    const isEmpty = document === undefined || (isNull(document) && !isPrinted(document));
    if (!isEmpty) add(document);
  }
  return objects;
}

/** A document such as `~`, or with nothing but a tag: no content. */
function isNull(node: YamlNode): boolean {
  return (
    node.kind === "scalar" && node.style === "plain" && (node.text === "" || node.text === "~" || node.text === "null")
  );
}

/** The items of `kind: List` (or `ConfigMapList` and the like, which have no name). */
function itemsOfList(node: YamlMapping, isPrinted: (node: YamlNode) => boolean): readonly YamlNode[] | undefined {
  const kind = memberOf(node, "kind");
  if (kind?.kind !== "scalar" || !kind.text.endsWith("List") || isPrinted(kind)) return undefined;
  const metadata = memberOf(node, "metadata");
  if (metadata?.kind === "mapping" && memberOf(metadata, "name") !== undefined) return undefined;
  const items = memberOf(node, "items");
  if (items?.kind === "sequence") return items.items;
  return kind.text === "List" && items !== undefined && isNull(items) ? [] : undefined;
}

/** What an alias stands for, or the node itself. */
export function targetOf(node: YamlNode): YamlNode {
  return node.kind === "alias" ? node.target : node;
}

/** A mapping's member by its key, its own or a merged one; aliases are followed. */
export function memberOf(mapping: YamlMapping, key: string): YamlNode | undefined {
  const own = ownMember(mapping, key);
  if (own !== undefined) return own;
  for (const source of mergedMappings(mapping)) {
    const member = ownMember(source, key);
    if (member !== undefined) return member;
  }
  return undefined;
}

function ownMember({ keys, values }: YamlMapping, key: string): YamlNode | undefined {
  for (let index = 0; index < keys.length; index++) if (keys[index]!.text === key) return targetOf(values[index]!);
  return undefined;
}

/** The mappings whose members `<<` adds to a mapping, also through others; each once, the first to count first. */
export function mergedMappings(mapping: YamlMapping): ReadonlySet<YamlMapping> {
  const found = new Set<YamlMapping>();
  const add = ({ keys, values }: YamlMapping): void => {
    const index = keys.findIndex(isMergeKey);
    if (index < 0) return;
    const source = targetOf(values[index]!);
    for (const item of source.kind === "sequence" ? source.items : [source]) {
      const target = targetOf(item);
      if (target.kind !== "mapping" || found.has(target)) continue;
      found.add(target);
      add(target);
    }
  };
  add(mapping);
  return found;
}

/** The node at a path of keys (of a sequence, indexes), as far down as there is one. */
export function nodeAt(node: YamlNode, path: readonly string[]): YamlNode {
  let found = node;
  for (const key of path) {
    const item = found.kind === "sequence" ? found.items[Number(key)] : undefined;
    const member = item !== undefined ? targetOf(item) : found.kind === "mapping" ? memberOf(found, key) : undefined;
    if (member === undefined) return found;
    found = member;
  }
  return found;
}
