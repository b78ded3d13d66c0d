/** The state branch and the plain fold, brought to one form. */
import type { RankedObjects } from "../../src/model/record.ts";
import { generatedNamespace } from "../../src/plan/claim-rules.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import type { NaiveFold } from "./naive-fold.ts";
import type { State } from "./state.ts";

const nameOf = (path: string) =>
  path
    .split("/")
    .at(-1)!
    .replace(/\.yaml$/, "");

/** Generated namespaces are the planner's own text. */
export function desiredTexts(state: State): Record<string, string> {
  const files = [...state].filter(([path]) => path.startsWith("desired/"));
  return Object.fromEntries(
    files.map(([path, text]) => [path, text === generatedNamespace(nameOf(path), "sluice") ? "generated" : text]),
  );
}

export function recordsOf(state: State): Record<string, unknown> {
  const ranks = (objects: RankedObjects) =>
    Object.fromEntries([...objects].map(([id, { rank }]) => [id, rank] as const).sort());
  const files = [...state].filter(([path]) => path.startsWith("records/"));
  return Object.fromEntries(
    files.map(([path, text]) => [
      path,
      Object.fromEntries(
        [...parseRecord(text, path).clusters].map(([cluster, { action, objects, waiting, withdrawn, failure }]) => [
          cluster,
          {
            action,
            objects: ranks(objects),
            waiting: ranks(waiting),
            withdrawn: ranks(withdrawn),
            hasFailed: failure !== undefined,
          },
        ]),
      ),
    ]),
  );
}

export function naiveRecords(fold: NaiveFold): Record<string, unknown> {
  const ranks = (objects: ReadonlyMap<string, number>) => Object.fromEntries([...objects].sort());
  return Object.fromEntries(
    [...fold.records].map(([who, clusters]) => [
      who,
      Object.fromEntries(
        [...clusters].map(([cluster, { action, objects, waiting, withdrawn, hasFailed }]) => [
          cluster,
          { action, objects: ranks(objects), waiting: ranks(waiting), withdrawn: ranks(withdrawn), hasFailed },
        ]),
      ),
    ]),
  );
}
