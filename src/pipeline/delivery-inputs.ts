/** What a catalog has a hub apply, as inputs of the fold. */
import { writeDelivery } from "../delivery/write-delivery.ts";
import type { Catalog } from "../model/catalog.ts";
import type { OutputOwner } from "../plan/cluster-file.ts";
import type { PlanInput } from "../plan/state-fold.ts";

export function deliveryInputs(catalog: Catalog, output: OutputOwner): readonly PlanInput[] {
  if (catalog.delivery === undefined) return [];
  return [...writeDelivery(catalog, catalog.delivery, output)].map(([path, text]) => ({ kind: "file", path, text }));
}
