/** `sluice show usage` and `sluice show dryrun`: what the catalog in force reaches, and would put on clusters if it might. */
import { resourceTypeOf } from "../../model/chart.ts";
import { isNamedCluster } from "../../model/cluster.ts";
import { type Owner, ownerKey } from "../../model/owner.ts";
import type { Settings } from "../../model/settings.ts";
import { type DryObject, listDryRuns } from "../../pipeline/dry-run/list-dry-runs.ts";
import type { Moment } from "../../pipeline/history/find-state.ts";
import { listUsage, type Usage } from "../../pipeline/list-usage.ts";
import { readCheckpoint } from "../../pipeline/read-checkpoint.ts";
import { readKeptCatalog } from "../../pipeline/read-folder.ts";
import { readWithdrawn } from "../../pipeline/read-withdrawn.ts";
import { markWithdrawn } from "../../plan/keep-withdrawn.ts";
import { readCatalogSettings } from "../../plan/mass-change/catalog-settings.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { composeHiddenTexts } from "../compose/hidden-texts.ts";
import { composeRenderSettings } from "../compose/render-settings.ts";
import { composeSealer } from "../compose/sops.ts";
import { openState } from "../compose/state.ts";
import { readConnectionsOpenly } from "../dry-run/origin.ts";
import { diskFiles } from "../file-source.ts";
import { catalogLoader } from "../read-config.ts";
import type { CliContext } from "./context.ts";
import type { View } from "./print-rows.ts";

/** Records beyond are not rendered. */
const entitiesMax = 100_000;

export interface InForceFilter {
  readonly cluster?: string;
  /** Of the document; of the cluster for `dryrun`. */
  readonly namespace?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly isOwner?: (owner: Owner) => boolean;
  /** Absent: now. */
  readonly at?: Moment;
}

/** Calls back with the rows of `usage`. */
export async function withUsage(
  context: CliContext,
  settings: Settings,
  { cluster, namespace, kind, name, at }: InForceFilter,
  use: (rows: readonly Usage[]) => Promise<void>,
): Promise<void> {
  await withCatalog(context, settings, at, async ({ catalog }) => {
    const rows = listUsage(catalog).filter(
      (row) =>
        (kind === undefined || row.kind.toLowerCase() === kind.toLowerCase()) &&
        (namespace === undefined || row.namespace === namespace) &&
        (name === undefined || row.name === name) &&
        (cluster === undefined || row.clusters.some((key) => isNamedCluster(cluster, key))),
    );
    await use(rows);
  });
}

/** Calls back with the rows of `dryrun`. */
export async function withDryRuns(
  context: CliContext,
  settings: Settings,
  { cluster, namespace, isOwner, at }: InForceFilter,
  use: (rows: AsyncIterable<DryObject>) => Promise<void>,
): Promise<void> {
  await withCatalog(context, settings, at, async ({ state, checkpoint, catalog, hidden }) => {
    const sealer = composeSealer(settings, hidden)?.asDry();
    const options = {
      records: settings.output.records,
      render: composeRenderSettings(settings, context),
      entitiesMax,
      outputPath: settings.output.path,
      ...(sealer === undefined ? {} : { sealer }),
    };
    async function* rows() {
      if (state === undefined || checkpoint === undefined) return;
      for await (const row of listDryRuns(state, checkpoint, catalog, options)) {
        const isWanted =
          (cluster === undefined || isNamedCluster(cluster, row.cluster)) &&
          (namespace === undefined || row.cluster.startsWith(`${namespace}/`)) &&
          isOwner?.(row.owner) !== false;
        if (isWanted) yield row;
      }
    }
    await use(rows());
  });
}

async function withCatalog(
  context: CliContext,
  settings: Settings,
  at: Moment | undefined,
  use: (scope: Awaited<ReturnType<typeof readInForce>>) => Promise<void>,
): Promise<void> {
  const state = await openState(context, settings, at);
  try {
    await use(await readInForce(context, settings, state));
  } finally {
    await state.close();
  }
}

async function readInForce(
  context: CliContext,
  settings: Settings,
  { git, tree }: Awaited<ReturnType<typeof openState>>,
) {
  const checkpoint = tree === undefined ? undefined : await readCheckpoint(git, tree);
  const hidden = composeHiddenTexts(context, settings, false);
  const read = await readConnectionsOpenly(context, settings, diskFiles);
  const load = catalogLoader(settings, read.connections, hidden);
  const then = checkpoint === undefined ? {} : readCatalogSettings(readGuardState(checkpoint.parts).settings);
  const loaded = load(await readKeptCatalog(git, tree, hidden), undefined, then).value;
  const catalog = markWithdrawn(loaded, await readWithdrawn(git, tree));
  return { catalog, checkpoint, hidden, state: tree === undefined ? undefined : { git, tree } };
}

export const usageView: View<Usage> = {
  columns: [
    { title: "RESOURCE KIND", cell: ({ kind }) => kind },
    { title: "RESOURCE NAMESPACE", cell: ({ namespace }) => namespace },
    { title: "RESOURCE NAME", cell: ({ name }) => name },
    { title: "CLUSTERS", cell: ({ clusters }) => clusters.join(", ") },
  ],
  name: ({ kind, namespace, name }) => `${kind}/${namespace}/${name}`,
  plain: ({ kind, namespace, name, clusters }) => ({ kind, namespace, name, clusters: [...clusters] }),
};

export const dryRunView: View<DryObject> = {
  columns: [
    { title: "CLUSTER", cell: ({ cluster }) => cluster },
    { title: "RESOURCE TYPE", cell: ({ identity }) => (identity === undefined ? "" : resourceTypeOf(identity)) },
    { title: "NAMESPACE", cell: ({ identity }) => identity?.namespace ?? "" },
    { title: "NAME", cell: ({ identity }) => identity?.name ?? "" },
    { title: "ACTION", cell: ({ action }) => action },
    { title: "MESSAGE", cell: ({ message }) => message },
    { title: "PROFILE", cell: ({ owner }) => ownerKey(owner) },
  ],
  name: ({ cluster, identity, owner }) =>
    identity === undefined
      ? `${cluster} ${ownerKey(owner)}`
      : `${cluster}/${resourceTypeOf(identity)}/${identity.namespace}/${identity.name}`,
  plain: ({ cluster, identity, action, message, owner }) => ({
    cluster,
    resourceType: identity === undefined ? "" : resourceTypeOf(identity),
    namespace: identity?.namespace ?? "",
    name: identity?.name ?? "",
    action,
    message,
    profile: ownerKey(owner),
  }),
};
