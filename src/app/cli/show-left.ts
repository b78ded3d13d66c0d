/** `sluice show addons --left`: what LeavePolicies left on clusters. */
import { resourceTypeOf } from "../../model/chart.ts";
import { ownerKey } from "../../model/owner.ts";
import type { Settings } from "../../model/settings.ts";
import type { Moment } from "../../pipeline/history/find-state.ts";
import { type LeftObject, listLeft } from "../../pipeline/list-left.ts";
import { writeIdentity } from "../../plan/record-file.ts";
import { openState } from "../compose/state.ts";
import type { CliContext } from "./context.ts";
import type { View } from "./print-rows.ts";

/** Calls back with the rows, of a cluster or trigger alone where given. */
export async function withLeft(
  context: CliContext,
  settings: Settings,
  filter: { readonly cluster?: string; readonly trigger?: string; readonly at?: Moment },
  use: (rows: AsyncIterable<LeftObject>) => Promise<void>,
): Promise<void> {
  const { git, tree, close } = await openState(context, settings, filter.at);
  try {
    await use(listLeft(git, tree, filter));
  } finally {
    await close();
  }
}

export const leftView: View<LeftObject> = {
  columns: [
    { title: "CLUSTER", cell: ({ cluster }) => cluster },
    { title: "RESOURCE TYPE", cell: ({ identity }) => resourceTypeOf(identity) },
    { title: "NAMESPACE", cell: ({ identity }) => identity.namespace },
    { title: "NAME", cell: ({ identity }) => identity.name },
    { title: "LEFT BY", cell: ({ place }) => ownerKey(place) },
  ],
  name: ({ cluster, identity }) => `${cluster} ${writeIdentity(identity)}`,
  plain: ({ cluster, identity, place }) => ({
    cluster,
    resourceType: resourceTypeOf(identity),
    namespace: identity.namespace,
    name: identity.name,
    leftBy: ownerKey(place),
  }),
};
