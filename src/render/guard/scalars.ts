/** Which scalar holds what was printed. */
import type { PrintedRange } from "../../model/template.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";
import { trimSpan, valueSpan } from "./placeholders.ts";

/** For each range the scalar that holds all of it but the blanks around it; undefined where it is a key, or none does. */
export function findHolders(
  text: string,
  ranges: readonly PrintedRange[],
  documents: readonly (YamlNode | undefined)[],
): (YamlScalar | undefined)[] {
  const scalars: YamlScalar[] = [];
  for (const document of documents) if (document !== undefined) addValueScalars(document, scalars);
  let next = 0;
  return ranges.map((range) => {
    const { start, end } = trimSpan(text, valueSpan(range));
    while (next < scalars.length && scalars[next]!.end <= start) next++;
    const scalar = scalars[next];
    return scalar !== undefined && start < end && scalar.start <= start && scalar.end >= end ? scalar : undefined;
  });
}

/** The scalars that are no keys, in their order. */
function addValueScalars(node: YamlNode, scalars: YamlScalar[]): void {
  if (node.kind === "scalar") scalars.push(node);
  else if (node.kind === "mapping") for (const value of node.values) addValueScalars(value, scalars);
  else if (node.kind === "sequence") for (const item of node.items) addValueScalars(item, scalars);
}
