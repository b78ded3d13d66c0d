/** What a catalog has a hub apply, as inputs of the fold. */
import { writeInSteps } from "../delivery/write-delivery.ts";
import type { Catalog } from "../model/catalog.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import { fileInputs } from "../plan/hub-file.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { Clock } from "../ports/system.ts";

/** Files that are written before others get their turn: some milliseconds' worth. */
const filesAtOnce = 500;

/** Without a clock nobody else waits for a turn. */
export async function deliveryInputs(
  catalog: Catalog,
  output: OutputOwner,
  clock?: Pick<Clock, "turn">,
): Promise<readonly PlanInput[]> {
  if (catalog.delivery === undefined) return [];
  const inputs: PlanInput[] = [];
  let written = 0;
  for (const files of writeInSteps(catalog, catalog.delivery, output)) {
    inputs.push(...fileInputs(files));
    written += files.length;
    if (written < filesAtOnce) continue;
    written = 0;
    await clock?.turn();
  }
  return inputs;
}
