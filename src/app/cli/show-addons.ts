/** `sluice show addons`: the seed's table, with sveltosctl's flags. */
import { resourceTypeOf } from "../../model/chart.ts";
import { managementCluster } from "../../model/cluster.ts";
import { type Owner, ownerKey, ownerKinds } from "../../model/owner.ts";
import { deliversReleases, type Settings } from "../../model/settings.ts";
import type { Moment } from "../../pipeline/history/find-state.ts";
import { type Addon, type AddonFilter, listAddons } from "../../pipeline/list-addons.ts";
import { listRecords } from "../../pipeline/list-state.ts";
import { readChartVersions } from "../../pipeline/read-charts.ts";
import { describeFileReview, filesUnderReview, listReviews } from "../../pipeline/review/review-overview.ts";
import { parseCheckpoint } from "../../plan/checkpoint-file.ts";
import { checkpointPath, objectPath, targetPath } from "../../plan/paths.ts";
import { openHeads } from "../compose/state.ts";
import { type CliContext, usageError } from "./context.ts";
import { type Column, formatTime, type View } from "./print-rows.ts";
import { reviewScope } from "./review-scope.ts";

/** With how it stands under review: empty where it is on the target as it should be. */
export interface AddonRow extends Addon {
  readonly review: string;
  /** A chart's, as it is asked for. */
  readonly version: string;
}

/** Calls back with the rows, and what to print of them. */
export async function withAddons(
  context: CliContext,
  settings: Settings,
  filter: AddonFilter & { readonly failedOnly?: boolean; readonly at?: Moment },
  check: (git: Heads["git"], tree: string | undefined) => Promise<void>,
  use: (rows: readonly AddonRow[], view: View<AddonRow>) => Promise<void>,
): Promise<void> {
  const { failedOnly, at } = filter;
  const heads = await openHeads(context, settings, at);
  try {
    const { git, state } = heads;
    await check(git, state?.tree);
    const records = listRecords(git, state?.tree, failedOnly === undefined ? {} : { failedOnly });
    const addons = await listAddons(records, filter);
    // Where nothing is reviewed it is the seed's table, column for column. What was proposed then is in the requests.
    const isReviewed = settings.review.mode === "pull-request" && at === undefined;
    const reviewOf = isReviewed ? await reviews(settings, heads) : () => "";
    const columns = isReviewed ? [...addonColumns, reviewColumn] : addonColumns;
    const versions = await readChartVersions(git, state?.tree, addons);
    const rows = addons.map((addon) => ({
      ...addon,
      review: reviewOf(addon),
      version: versions.get(addon) ?? "N/A",
    }));
    await use(rows, { ...addonView, columns });
  } finally {
    await heads.close();
  }
}

type Heads = Awaited<ReturnType<typeof openHeads>>;

/** Of an object that is not on the target as it is asked for, how that stands. */
async function reviews(settings: Settings, heads: Heads): Promise<(addon: Addon) => string> {
  const { git, state } = heads;
  const files = filesUnderReview(await listReviews(reviewScope(settings, heads)));
  if (state === undefined || files.size === 0) return () => "";
  const text = (await git.readFiles(state.tree, [checkpointPath])).get(checkpointPath);
  const layout = text === undefined ? { shards: settings.output.shards, buckets: 1 } : parseCheckpoint(text).layout;
  return ({ cluster, identity, owners }) => {
    for (const owner of owners.values()) {
      const path = objectPath(cluster, owner, identity, layout);
      const file = files.get(targetPath(path, settings.output.path, deliversReleases(settings)));
      if (file !== undefined) return describeFileReview(file);
    }
    return "";
  };
}

/** `<kind>/[<namespace>/]<name>`, the kind in any case; a Profile without a namespace is one of any. */
export function readOwnerFilter(text: string): (owner: Owner) => boolean {
  const [kind = "", ...names] = text.split("/");
  const known = ownerKinds.find((one) => one.toLowerCase() === kind.toLowerCase());
  const isComplete = names.length === 1 || (names.length === 2 && known === "Profile");
  if (known === undefined || !isComplete || names.includes("")) {
    throw usageError(`--profile ${text} names nobody`, `As <kind>/<name>; the kinds are ${ownerKinds.join(", ")}.`);
  }
  const [name, namespace] = [...names].reverse();
  return (owner) =>
    owner.kind === known && owner.name === name && (namespace === undefined || owner.namespace === namespace);
}

const resourceType = ({ identity }: Addon) => resourceTypeOf(identity);
const profiles = ({ owners }: Addon) => [...owners.values()].map(ownerKey).sort().join(", ");
const deploymentType = ({ cluster }: Addon) =>
  cluster === managementCluster ? "Management cluster" : "Managed cluster";

const addonColumns: readonly Column<AddonRow>[] = [
  { title: "CLUSTER", cell: ({ cluster }) => cluster },
  { title: "RESOURCE TYPE", cell: resourceType },
  { title: "NAMESPACE", cell: ({ identity }) => identity.namespace },
  { title: "NAME", cell: ({ identity }) => identity.name },
  { title: "VERSION", cell: ({ version }) => version },
  { title: "TIME", cell: ({ time }) => formatTime(time) },
  { title: "DEPLOYMENT TYPE", cell: deploymentType, isWide: true },
  { title: "PROFILES", cell: profiles },
];

const reviewColumn: Column<AddonRow> = { title: "REVIEW", cell: ({ review }) => review || "merged" };

const addonView: View<AddonRow> = {
  columns: addonColumns,
  name: (addon) => `${addon.cluster}/${resourceType(addon)}/${addon.identity.namespace}/${addon.identity.name}`,
  plain: (addon) => ({
    cluster: addon.cluster,
    resourceType: resourceType(addon),
    namespace: addon.identity.namespace,
    name: addon.identity.name,
    version: addon.version,
    time: addon.time,
    deploymentType: deploymentType(addon),
    profiles: profiles(addon),
    ...(addon.review === "" ? {} : { review: addon.review }),
  }),
};
