/**
 * Where a connection brings only one of several partitions of its entities, other Sluices render the rest, on the same
 * clusters. An object whose name is the same for all entities would be made by each of them; so would what is rendered
 * without any event. Both belong to one of them alone.
 */
import type { Catalog, EventTrigger } from "../model/catalog.ts";
import { constantKey } from "../model/document-ref.ts";
import type { Problem, SourcePlace } from "../model/problem.ts";
import type { Settings } from "../model/settings.ts";
import type { TemplateSource } from "../model/template.ts";

/** Whose it is what partitions share. */
const firstPartition = 0;

/** Warnings (OBJECT_SHARED); none without a partition. Names that are made of variables are not judged. */
export function findSharedObjects(
  { connections }: Pick<Settings, "connections">,
  catalog: Pick<Catalog, "eventTriggers" | "profiles" | "contents">,
): readonly Problem[] {
  const [partition] = connections.flatMap(({ partition: number }) => number ?? []);
  if (partition === undefined) return [];
  const triggers = [...catalog.eventTriggers.values()].filter(({ withdrawn }) => withdrawn === undefined);
  const profiles = partition === firstPartition ? [] : [...catalog.profiles.values()];
  return [
    ...triggers.flatMap((trigger) => sharedOf(trigger, catalog)),
    ...profiles.map(({ owner: { kind, name }, at }) =>
      shared(`${kind} ${name} is rendered without any event, by the Sluice of each partition that reads it`, at),
    ),
  ];
}

function sharedOf(trigger: EventTrigger, { contents }: Pick<Catalog, "contents">): readonly Problem[] {
  const { name, at, oneForEvent, policyRefs } = trigger;
  if (!oneForEvent) {
    const message = `EventTrigger ${name} is rendered once for all entities (oneForEvent: false), and each partition has only its own`;
    return [shared(message, at)];
  }
  return policyRefs.flatMap((ref) => {
    const key = constantKey(ref);
    const content = key === undefined ? undefined : contents.get(key);
    return (content?.entries ?? []).flatMap(({ content: { source } }) =>
      documentsOf(source).flatMap(({ kind, named, line }) => {
        if (named.some((text) => mayDependOnEvent(text))) return [];
        const message = `the ${kind} ${named[0]} of EventTrigger ${name} is the same for all entities: the Sluice of each partition makes it`;
        return [shared(message, { file: source.file, line: source.line + line, column: 1, part: source.part })];
      }),
    );
  });
}

interface NamedDocument {
  readonly kind: string;
  /** The name's text and, where there is one, the namespace's. */
  readonly named: readonly string[];
  /** Of its metadata, from the template's first line. */
  readonly line: number;
}

/** What the text says outright of each document in it; one whose metadata can't be found is left out. */
function documentsOf({ text }: TemplateSource): readonly NamedDocument[] {
  const found: NamedDocument[] = [];
  let first = 0;
  for (const document of text.split(/^---.*$/m)) {
    const lines = document.split("\n");
    const at = lines.findIndex((line) => /^metadata:/.test(line));
    const kind = /^kind:\s*(\S+)/m.exec(document)?.[1];
    if (at >= 0 && kind !== undefined) {
      const flow = /^metadata:\s*\{(.*)\}\s*$/.exec(lines[at]!)?.[1];
      const block = lines.slice(at + 1, indexOfDedent(lines, at + 1));
      const named = ["name", "namespace"].flatMap((key) =>
        flow === undefined ? memberOfBlock(block, key) : memberOfFlow(flow, key),
      );
      if (named.length > 0 && named[0] !== "") found.push({ kind, named, line: first + at });
    }
    first += lines.length - 1;
  }
  return found;
}

function indexOfDedent(lines: readonly string[], from: number): number {
  const index = lines.findIndex((line, number) => number >= from && /^[^\s{#]/.test(line));
  return index < 0 ? lines.length : index;
}

/** Of the mapping itself, not of one within it. */
function memberOfBlock(block: readonly string[], key: string): readonly string[] {
  const indent = /^ +/.exec(block.find((line) => /^ +[a-z]/i.test(line)) ?? "")?.[0] ?? "";
  const line = block.find((one) => one.startsWith(`${indent}${key}:`));
  return line === undefined || indent === "" ? [] : [line.slice(indent.length + key.length + 1).trim()];
}

function memberOfFlow(flow: string, key: string): readonly string[] {
  const value = new RegExp(`(?:^|[,{\\s])${key}:\\s*((?:\\{\\{.*?\\}\\}|[^,}])+)`).exec(flow)?.[1];
  return value === undefined ? [] : [value.trim()];
}

/** An action that reads the cluster alone says the same for all entities; of any other it is not known. */
function mayDependOnEvent(text: string): boolean {
  return [...text.matchAll(/\{\{(.*?)\}\}/g)].some(([, action = ""]) => !/^-?\s*\.Cluster\.[\w.]+\s*-?$/.test(action));
}

function shared(message: string, at: SourcePlace): Problem {
  return {
    code: "OBJECT_SHARED",
    severity: "warning",
    message,
    at,
    hint: "Put it into a folder that only partition 0 reads (config.exclude), or let its name depend on the event.",
  };
}
