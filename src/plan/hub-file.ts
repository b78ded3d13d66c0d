/**
 * What a hub has for a cluster: one file with all of the cluster's units, since a Git server walks every file of a branch at
 * each push, whatever the push changed.
 *
 *     # base
 *     apiVersion: kustomize.toolkit.fluxcd.io/v1
 *     …
 *     ---
 *     # triggers
 *     …
 *
 * Everybody else speaks of a unit by a path of its own, `delivery/hub/<namespace>/<cluster>/<unit>.yaml`, and never sees
 * the file.
 */
import { assert } from "../model/assert.ts";
import { hubPartOf, isHubFile } from "./paths.ts";
import type { PlanInput } from "./state-fold.ts";

const separator = "---\n";

/** By unit, its object's text. */
export type HubUnits = ReadonlyMap<string, string>;

export function readHubFile(text: string): HubUnits {
  const units = new Map<string, string>();
  // Whatever stands in a canonical document is indented, the first level apart.
  for (const part of text.split(/^---\n/m)) {
    const end = part.indexOf("\n");
    assert(part.startsWith("# ") && end > 0, "a hub's file names each of its units");
    units.set(part.slice(2, end), part.slice(end + 1));
  }
  return units;
}

/** Undefined: there are no units, and no file. */
export function writeHubFile(units: HubUnits): string | undefined {
  if (units.size === 0) return undefined;
  const sorted = [...units].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([unit, text]) => `# ${unit}\n${text}`).join(separator);
}

/** A file of the state by the paths that are spoken of: a cluster's is all its units. */
export function unitsOfFile(path: string, text: string): Iterable<readonly [string, string]> {
  if (!isHubFile(path)) return [[path, text]];
  const folder = path.slice(0, -".yaml".length);
  return Array.from(readHubFile(text), ([unit, one]) => [`${folder}/${unit}.yaml`, one] as const);
}

/** Files as inputs of the fold; units among them by the files that they are in, whose other units stay. */
export function fileInputs(files: Iterable<readonly [string, string | undefined]>): readonly PlanInput[] {
  const inputs: PlanInput[] = [];
  const units = new Map<string, Map<string, string | undefined>>();
  for (const [path, text] of files) {
    const part = hubPartOf(path);
    if (part === undefined) inputs.push({ kind: "file", path, text });
    else {
      const of = units.get(part.file) ?? new Map<string, string | undefined>();
      units.set(part.file, of.set(part.unit, text));
    }
  }
  for (const [path, of] of units) inputs.push({ kind: "units", path, units: of });
  return inputs;
}
