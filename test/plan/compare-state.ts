/** The state branch and the plain fold, brought to one form. */
import { parseRecord, writeIdentity } from "../../src/plan/record-file.ts";
import { type NaiveFold, whoIs } from "./naive-fold.ts";
import type { State } from "./state.ts";

/** Generated namespaces are the planner's own text. */
export function desiredTexts(state: State): Record<string, string> {
  const files = [...state].filter(([path]) => path.startsWith("desired/"));
  return Object.fromEntries(
    files.map(([path, text]) => [path, /\/namespaces\/[^/]*$/.test(path) ? "generated" : text]),
  );
}

export function recordsOf(state: State): Record<string, unknown> {
  const records = [...state]
    .filter(([path]) => path.startsWith("records/"))
    .map(([path, text]) => parseRecord(text, path));
  const texts = (map: ReadonlyMap<string, readonly Parameters<typeof writeIdentity>[0][]>) =>
    Object.fromEntries([...map].map(([cluster, list]) => [cluster, list.map(writeIdentity).sort()]));
  return Object.fromEntries(
    records.map((record) => [
      whoIs(record.trigger, record.entity),
      { objects: texts(record.objects), waiting: texts(record.waiting), failures: [...record.failures.keys()].sort() },
    ]),
  );
}

export function naiveRecords(fold: NaiveFold): Record<string, unknown> {
  const texts = (map: ReadonlyMap<string, ReadonlySet<string>>) =>
    Object.fromEntries([...map].map(([cluster, set]) => [cluster, [...set].sort()]));
  return Object.fromEntries(
    [...fold.records].map(([who, { objects: has, waiting, failures }]) => [
      who,
      { objects: texts(has), waiting: texts(waiting), failures: [...failures].sort() },
    ]),
  );
}
