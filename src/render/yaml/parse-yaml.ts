/**
 * From YAML to nodes with their places.
 *
 * It is read as Kubernetes' own reader (sigs.k8s.io/yaml on go-yaml) does, by the scanner that fromYaml has, less what no
 * manifest needs: tags beyond the core, keys that are no scalars, %TAG, nodes that contain themselves. Two keys of one
 * mapping can't be alike.
 */
import {
  type YamlNode as AnyNode,
  parseYamlStream,
  type YamlMapping as YamlAnyMapping,
  YamlError,
} from "../../go-template/index.ts";
import { explainSyntax } from "./explain-syntax.ts";
import { type YamlNode, YamlSyntaxError } from "./node.ts";

const depthMax = 200;
/** From this many keys on, a mapping is watched for duplicates by a set. */
const keySetSizeMin = 12;

const unreadable =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const tagDirective = /^%TAG\b/m;
const knownTags = new Set<string>(["!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!"]);

/**
 * Parses a stream of documents; a document without content is `undefined`. With `isTraced` scalars know the origins of their
 * text. Throws {@link YamlSyntaxError}.
 */
export function parseYaml(text: string, options: { readonly isTraced?: boolean } = {}): (YamlNode | undefined)[] {
  const documents = parse(text, options.isTraced === true);
  for (const document of documents) if (document !== undefined) check(document, 0);
  // Checked: tags are known ones, keys are scalars.
  return documents as (YamlNode | undefined)[];
}

function parse(text: string, isTraced: boolean): (AnyNode | undefined)[] {
  const found = text.includes("%TAG") ? tagDirective.exec(text) : null;
  try {
    const documents = parseYamlStream(text, { isTraced });
    if (found !== null && isOutside(documents, found.index)) fail("this directive is not supported", found.index);
    return documents;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    // The reader refuses such a text as a whole, but does not say where.
    const refused = unreadable.exec(text);
    if (refused !== null) fail(`the character U+${formatCode(refused[0])} is not allowed`, refused.index);
    return fail(explainSyntax(error), error.offset);
  }
}

/** Whether no document holds an offset. */
function isOutside(documents: readonly (AnyNode | undefined)[], offset: number): boolean {
  return !documents.some((node) => node !== undefined && node.start <= offset && node.end > offset);
}

function fail(message: string, offset: number): never {
  throw new YamlSyntaxError(message, offset);
}

function formatCode(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
}

function check(node: AnyNode, depth: number): void {
  if (node.tag !== undefined && !knownTags.has(node.tag)) fail(`the tag ${node.tag} is not supported`, node.start);
  switch (node.kind) {
    case "scalar":
      return;
    case "alias":
      // Its target is read before it, unless it holds it.
      if (node.target.end >= node.end) fail(`there is no anchor &${node.name} before this alias`, node.start);
      return;
    case "sequence":
      if (depth >= depthMax) fail(`nested deeper than ${depthMax} levels`, node.start);
      for (const item of node.items) check(item, depth + 1);
      return;
    case "mapping":
      if (depth >= depthMax) fail(`nested deeper than ${depthMax} levels`, node.start);
      checkMapping(node, depth + 1);
  }
}

function checkMapping({ keys, values }: YamlAnyMapping, depth: number): void {
  let texts: Set<string> | undefined;
  for (let index = 0; index < keys.length; index++) {
    const written = keys[index]!;
    check(written, depth);
    const key = written.kind === "alias" ? written.target : written;
    if (key.kind !== "scalar") fail("a key must be a scalar", written.start);
    if (texts === undefined && index >= keySetSizeMin) texts = new Set(keys.slice(0, index).map(textOf));
    const isKnown = texts?.has(key.text) ?? hasBefore(keys, index, key.text);
    if (isKnown) fail(`the key ${JSON.stringify(key.text)} stands here twice`, written.start);
    texts?.add(key.text);
    keys[index] = key;
    check(values[index]!, depth);
  }
}

function hasBefore(keys: readonly AnyNode[], end: number, text: string): boolean {
  for (let index = 0; index < end; index++) if (textOf(keys[index]!) === text) return true;
  return false;
}

/** Of a key that has been checked. */
function textOf(key: AnyNode): string {
  return key.kind === "scalar" ? key.text : "";
}
