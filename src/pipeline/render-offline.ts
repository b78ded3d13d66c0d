/** The whole flow without Git: events onto an empty repository, and the files that come of it. */
import type { Catalog } from "../model/catalog.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Problem } from "../model/problem.ts";
import { emptyCheckpoint } from "../plan/checkpoint-file.ts";
import { desiredFolder } from "../plan/paths.ts";
import { type PlanInput, type PlanRules, StateFold } from "../plan/state-fold.ts";
import { noStateFiles, type StateNeeds } from "../plan/state-view.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import { processDelivery } from "./process-delivery.ts";
import { rulesOf } from "./rules-of.ts";

export interface OfflineRendering {
  /** By path below the repository's root, as the service would commit them; sorted. */
  readonly files: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

export function renderOffline(
  catalog: Catalog,
  deliveries: readonly Delivery[],
  output: { readonly path: string; readonly shards: number },
  settings: RenderSettings,
): OfflineRendering {
  const thorough = { ...settings, isValidation: true };
  const processed = deliveries.map((delivery) => processDelivery(catalog, delivery, thorough));
  const inputs = processed.flatMap((delivery) => delivery.inputs);
  const layout = { shards: output.shards, buckets: 1 };
  const options = { layout, records: "full" as const, deadLettersMax: deliveries.length, instance: settings.instance };
  const files = new Map<string, string>();
  for (const [path, text] of foldOntoNothing(inputs, rulesOf(options, catalog))) {
    if (path.startsWith(`${desiredFolder}/`)) files.set(output.path + path.slice(desiredFolder.length), text);
  }
  const warnings = new Map(
    processed.flatMap((delivery) => delivery.warnings.map((warning) => [JSON.stringify(warning), warning] as const)),
  );
  return { files, problems: [...warnings.values(), ...processed.flatMap(({ problems }) => problems)] };
}

/** What the inputs make of an empty state, by path, sorted. */
function foldOntoNothing(inputs: readonly PlanInput[], rules: PlanRules): ReadonlyMap<string, string> {
  const state = noStateFiles();
  const findNothing = (needs: StateNeeds) => {
    for (const path of needs.texts) state.texts.set(path, undefined);
    for (const path of needs.ids) state.ids.set(path, undefined);
    for (const path of needs.folders) state.folders.set(path, []);
  };
  const checkpoint = { ...emptyCheckpoint, layout: rules.layout };
  const fold = new StateFold(checkpoint, checkpoint, rules, state);
  for (const input of inputs) {
    for (let needs = fold.apply(input); needs !== undefined; needs = fold.apply(input)) findNothing(needs);
  }
  for (;;) {
    const finished = fold.finish();
    if ("needs" in finished) findNothing(finished.needs);
    else
      return new Map(
        finished.changeSet.changes.flatMap((one) => (one.action === "write" ? [[one.path, one.text]] : [])),
      );
  }
}
