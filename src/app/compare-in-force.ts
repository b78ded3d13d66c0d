/**
 * Settings against what is in force: the files that they stood in are gone, but what of them decides what stands where
 * the state has kept.
 */
import type { Catalog } from "../model/catalog.ts";
import type { Checkpoint } from "../model/change-set.ts";
import type { SettingChange } from "../model/setting-change.ts";
import type { Placement } from "../pipeline/dry-run/placement.ts";
import { outputId } from "../plan/paths.ts";

export interface InForce {
  readonly checkpoint: Checkpoint;
  /** With the settings of then. */
  readonly catalog: Catalog;
  /** A cluster's own file, which is named after state and folder; undefined: there is none. */
  readonly clusterFile: string | undefined;
}

/** What differs between the settings of then and now, by key. */
export function compareInForce(
  { checkpoint, catalog, clusterFile }: InForce,
  wanted: Catalog,
  { outputPath, layout, name }: Placement & { readonly name: string },
): readonly SettingChange[] {
  const changes: SettingChange[] = [];
  const add = (key: string, before: string | undefined, after: string | undefined) => {
    if (before === after) return;
    const shown = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    changes.push({ key, ...shown, isPlacing: true });
  };
  add("checks.kubernetes", catalog.checks, wanted.checks);
  add("policy", JSON.stringify(catalog.policy), JSON.stringify(wanted.policy));
  add("output.secrets", catalog.secrets, wanted.secrets);
  add("compatibility", catalog.compatibility, wanted.compatibility);
  const [, instance] = /^ {4}sluice\.dev\/instance: "?([^"\n]*)"?$/m.exec(clusterFile ?? "") ?? [];
  if (instance !== undefined) add("name", instance, name);
  const names = [...new Set([...catalog.connectionClusters.keys(), ...wanted.connectionClusters.keys()])].sort();
  for (const name of names) {
    const [before, after] = [catalog, wanted].map(({ connectionClusters }) => connectionClusters.get(name));
    const text = (selector: unknown) => (selector === undefined ? undefined : JSON.stringify(selector));
    add(`connections[${name}].clusters`, text(before), text(after));
  }
  const isOtherFolder =
    clusterFile !== undefined &&
    !clusterFile.includes(outputId(checkpoint.stateId, outputPath)) &&
    checkpoint.stateId !== "";
  if (isOtherFolder) changes.push({ key: "output.path", after: outputPath, isPlacing: true });
  add("output.shards", String(checkpoint.layout.shards), String(layout.shards));
  return changes;
}
