/** The whole flow without Git: events onto an empty repository, and the files that come of it. */
import type { Catalog } from "../model/catalog.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Problem } from "../model/problem.ts";
import { emptyCheckpoint } from "../plan/checkpoint-file.ts";
import { desiredFolder } from "../plan/paths.ts";
import { planChangeSet } from "../plan/plan-change-set.ts";
import { noStateFiles } from "../plan/state-view.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import { processDelivery } from "./process-delivery.ts";
import { rulesOf } from "./state-keeper.ts";

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
  const processed = deliveries.map((delivery) => processDelivery(catalog, delivery, settings));
  const inputs = processed.flatMap((delivery) => delivery.inputs);
  const rules = rulesOf({ shards: output.shards, records: "full", deadLettersMax: deliveries.length }, catalog);

  const state = noStateFiles();
  for (;;) {
    const planned = planChangeSet(inputs, emptyCheckpoint, rules, state);
    if (planned.complete) {
      const files = new Map<string, string>();
      for (const change of planned.changeSet.changes) {
        if (change.action !== "write" || !change.path.startsWith(`${desiredFolder}/`)) continue;
        files.set(output.path + change.path.slice(desiredFolder.length), change.text);
      }
      return { files, problems: processed.flatMap(({ problems }) => problems) };
    }
    // Nothing is there but what these events make.
    for (const path of planned.needs.texts) state.texts.set(path, undefined);
    for (const path of planned.needs.ids) state.ids.set(path, undefined);
    for (const path of planned.needs.folders) state.folders.set(path, []);
  }
}
