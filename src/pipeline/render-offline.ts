/** The whole flow without Git: profiles and events onto an empty repository, and the files that come of it. */
import type { Catalog } from "../model/catalog.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Problem } from "../model/problem.ts";
import type { ReplayedCluster } from "../plan/apply-replay.ts";
import { emptyCheckpoint } from "../plan/checkpoint-file.ts";
import { isObjectPath, targetPath } from "../plan/paths.ts";
import { newProfileRecord } from "../plan/profile-record.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import { CountedEntities } from "./aggregates/counted-entities.ts";
import { StateOverlay } from "./dry-run/state-overlay.ts";
import { foldInputs } from "./fold-inputs.ts";
import { processDelivery } from "./process-delivery.ts";
import { renderAgain } from "./render-again.ts";
import { rulesOf } from "./rules-of.ts";

export interface OfflineRendering {
  /**
   * By path, as the service would commit them, sorted: manifests as on the target, and below `charts/` what charts come
   * to, as on the state branch.
   */
  readonly files: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

export async function renderOffline(
  catalog: Catalog,
  deliveries: readonly Delivery[],
  output: { readonly path: string; readonly shards: number },
  settings: RenderSettings,
): Promise<OfflineRendering> {
  const thorough = { ...settings, isValidation: true };
  const profiles = [...catalog.profiles.values()].flatMap(
    ({ owner }) => renderAgain(catalog, newProfileRecord(owner), { clusters: "all" }, thorough).input ?? [],
  );
  const processed = deliveries.map((delivery) => processDelivery(catalog, delivery, thorough));
  const inputs = [...profiles, ...processed.flatMap((delivery) => delivery.inputs)];
  const layout = { shards: output.shards, buckets: 1 };
  const options = { layout, records: "full" as const, deadLettersMax: deliveries.length, instance: settings.instance };
  const git = new StateOverlay(undefined);
  const rules = rulesOf(options, catalog);
  const scope = { git, tree: undefined, rules, catalog, settings: thorough, counted: new CountedEntities() };
  const checkpoint = { ...emptyCheckpoint, layout };
  const { changeSet, problems } = await foldInputs(scope, inputs, checkpoint, checkpoint);
  const files = new Map<string, string>();
  for (const change of changeSet.changes) {
    const { action, path } = change;
    if (action === "write" && isObjectPath(path)) files.set(targetPath(path, output.path), change.text);
  }
  const warnings = new Map(
    processed.flatMap((delivery) => delivery.warnings.map((warning) => [JSON.stringify(warning), warning] as const)),
  );
  const failed = profiles.flatMap(({ clusters }) => clusters.flatMap(({ rendering }) => problemOf(rendering) ?? []));
  const found = [...warnings.values(), ...failed, ...processed.flatMap((one) => one.problems), ...problems];
  return { files, problems: found };
}

function problemOf(rendering: ReplayedCluster["rendering"]): Problem | undefined {
  return rendering.action === "fail" ? rendering.problem : undefined;
}
