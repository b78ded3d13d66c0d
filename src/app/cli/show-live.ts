/** `sluice show addons --live`: what the clusters themselves say of their add-ons. */
import { objectKey } from "../../apply/desired-object.ts";
import { findFolder } from "../../apply/open-applier.ts";
import { type LiveCluster, type LiveObject, readLiveCluster } from "../../apply/read-live.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { openApplierStore } from "../compose/applier.ts";
import { quietLog } from "../compose/log.ts";
import { type CliContext, reportProblems } from "./context.ts";
import type { Column, View } from "./print-rows.ts";
import { formatTime } from "./print-rows.ts";
import type { AddonRow } from "./show-addons.ts";

/** Undefined: the cluster has no kubeconfig in the settings, does not answer, or is another one. */
interface LiveRow extends AddonRow {
  readonly live: (LiveObject & { readonly version: string }) | undefined;
}

/** The rows with what their clusters say; a cluster that does not answer is told, and holds up no other. */
export async function readLiveRows(
  context: CliContext,
  settings: Settings,
  rows: readonly AddonRow[],
): Promise<readonly LiveRow[]> {
  const store = await openApplierStore(context, settings, quietLog(context));
  try {
    const head = await store.fetch(context.stop);
    const clusters = new Map<string, LiveCluster>();
    const reachable = head === undefined ? [] : [...(await store.findClusters(head)).value];
    for (const [key, kubeconfig] of reachable) {
      if (!rows.some(({ cluster }) => cluster === key)) continue;
      const parts = store.openCluster(key, kubeconfig, { kind: "none" });
      const cluster = parts.connect();
      try {
        const revision = await findFolder(parts, head!);
        clusters.set(key, await readLiveCluster(cluster, parts, revision));
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        const message = `${key}: ${error.problem.message}`;
        reportProblems(context, [{ ...error.problem, message, severity: "warning" }]);
      } finally {
        cluster.close();
      }
    }
    return rows.map((row) => {
      const cluster = clusters.get(row.cluster);
      const key = objectKey(row.identity);
      const live = cluster?.of(key);
      const version = cluster?.versions.get(key) ?? cluster?.commit ?? "";
      return { ...row, live: live === undefined ? undefined : { ...live, version } };
    });
  } finally {
    await store.close();
  }
}

/** The same table, with the commit that is applied as the version, or a chart's; when it was; and how the object is there. */
export function liveView(view: View<AddonRow>): View<LiveRow> {
  const cells: Readonly<Record<string, Column<LiveRow>["cell"]>> = {
    VERSION: ({ live }) => live?.version.slice(0, 12) || "N/A",
    TIME: ({ live }) => (live === undefined || live.time === "" ? "" : formatTime(live.time)),
  };
  return {
    columns: [
      ...view.columns.map((column) => ({ ...column, cell: cells[column.title] ?? column.cell })),
      { title: "LIVE", cell: ({ live }) => live?.state ?? "not asked" },
    ],
    name: view.name,
    plain: (row) => ({
      ...(view.plain(row) as object),
      version: row.live?.version || "N/A",
      time: row.live?.time ?? "",
      live: row.live?.state ?? "not asked",
    }),
  };
}
