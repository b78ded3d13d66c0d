/** Metrics as Prometheus reads them, kept by prom-client. */
import { Counter, Gauge, Registry } from "prom-client";
import type { MetricLabels, MetricName, Metrics } from "../../ports/metrics.ts";

/** What each metric is, and its labels: prom-client wants to know them before the first value. */
const described: Readonly<Record<MetricName, { readonly help: string; readonly labels: readonly string[] }>> = {
  sluice_deliveries_total: { help: "Deliveries read.", labels: ["stream"] },
  sluice_events_without_effect_total: {
    help: "Deliveries that changed nothing: unmatched (no trigger is meant), undecoded (a dead letter), marker.",
    labels: ["reason"],
  },
  sluice_near_misses_total: {
    help: "Events that only unanchored patterns, as Sveltos has them, would have matched.",
    labels: ["event_source"],
  },
  sluice_failures_total: {
    help: "Entities that could not be rendered, and deliveries that could not be decoded.",
    labels: ["code"],
  },
  sluice_render_warnings_total: {
    help: "Members, kinds and values that the checks doubt, in objects that were rendered all the same.",
    labels: ["code"],
  },
  sluice_pushes_total: { help: "Pushes: pushed, given_up.", labels: ["outcome"] },
  sluice_objects_total: { help: "Objects on the target: create, update, delete.", labels: ["action"] },
  sluice_applied_objects_total: {
    help: "Objects that the applier looked at: created, configured, unchanged, deleted, skipped, conflict, failed.",
    labels: ["action"],
  },
  sluice_stream_waiting_deliveries: {
    help: "Deliveries that wait at the server, or in the journal, behind the last one read.",
    labels: ["stream"],
  },
  sluice_inbox_deliveries: { help: "Deliveries that wait for a batch.", labels: [] },
  sluice_last_push_seconds: { help: "How long the last push took.", labels: [] },
};

/** So many values a label may have; the rest are counted as `other`. */
const labelValuesMax = 200;

export interface PromMetrics extends Metrics {
  readonly contentType: string;
  /** The exposition of all metrics. */
  text(): Promise<string>;
}

export function createPromMetrics(version: string): PromMetrics {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const seen = new Map<string, Set<string>>();
  for (const [name, { help, labels }] of Object.entries(described) as [MetricName, (typeof described)[MetricName]][]) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (name.endsWith("_total")) counters.set(name, new Counter(options));
    else gauges.set(name, new Gauge(options));
  }
  const info = { name: "sluice_build_info", help: "The version that runs.", labelNames: ["version"] };
  new Gauge({ ...info, registers: [registry] }).set({ version }, 1);

  /** With values beyond the bound as `other`: what people configure is bounded by nothing but their patience. */
  function bounded(name: MetricName, labels: MetricLabels): Record<string, string> {
    return Object.fromEntries(
      Object.entries(labels).map(([label, value]) => {
        const key = `${name} ${label}`;
        const values = seen.get(key) ?? new Set();
        seen.set(key, values);
        if (!values.has(value) && values.size >= labelValuesMax) return [label, "other"];
        values.add(value);
        return [label, value];
      }),
    );
  }

  return {
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(bounded(name, labels), by),
    set: (name, labels, value) => gauges.get(name)?.set(bounded(name, labels), value),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
