/** What the host is doing as gauges, read off whenever Prometheus asks. Pure. */
import type { Inventory } from "../../pipeline/loop/inventory.ts";
import type { GaugeSample, HostGauge } from "../../ports/metrics.ts";
import type { HostSnapshot } from "../host/host-snapshot.ts";
import type { ServiceHealth } from "./status-server.ts";

export function gaugesOf(
  snapshot: HostSnapshot,
  { isLeader, isReady }: ServiceHealth,
  inventory: Inventory | undefined,
): readonly GaugeSample[] {
  const { refused, leading, applier } = snapshot;
  const samples: GaugeSample[] = [];
  const set = (name: HostGauge, value: number | boolean, labels: GaugeSample["labels"] = {}) =>
    samples.push({ name, labels, value: Number(value) });
  set("sluice_leader", isLeader);
  set("sluice_ready", isReady);
  set("sluice_settings_refused", refused !== undefined);
  set("sluice_paused", leading?.paused ?? false);
  set("sluice_held_changes", (leading?.held.length ?? 0) + (leading?.heldPasses.length ?? 0));
  set("sluice_waiting_outcomes", leading?.outcomes?.waiting ?? 0);
  set("sluice_push_running_seconds", (leading?.push?.milliseconds ?? 0) / 1000);
  set("sluice_triggers", leading?.catalog.triggers ?? 0);
  set("sluice_clusters", leading?.catalog.clusters ?? 0);
  set("sluice_broken_triggers", inventory?.triggers.filter(({ state }) => state === "broken").length ?? 0);
  if (leading?.lastPush !== undefined) set("sluice_last_push_timestamp_seconds", leading.lastPush.at / 1000);
  for (const { stream, state, pending = 0 } of leading?.streams ?? []) {
    const connection = connectionOf(stream);
    set("sluice_waiting_deliveries", pending, { connection });
    set("sluice_degraded_streams", state === "degraded", { connection });
  }
  for (const problem of Object.values(leading?.absent ?? {})) set("sluice_absent_parts", 1, { code: problem.code });
  if (applier !== undefined) {
    for (const result of ["current", "behind", "troubled"] as const) {
      set("sluice_applier_clusters", applier[result], { result });
    }
    for (const result of ["conflicts", "failed", "waiting", "fights"] as const) {
      set("sluice_applier_objects", applier[result], { result });
    }
    set("sluice_applier_lag_seconds", applier.lagMs / 1000);
  }
  return samples;
}

/** As configured: those that are made for each cluster share the name that they were configured under. */
function connectionOf(stream: string): string {
  return stream.split("/", 1)[0] ?? stream;
}
