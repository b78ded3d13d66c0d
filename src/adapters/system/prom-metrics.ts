/** Metrics as Prometheus reads them, kept by prom-client. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { GaugeSample, MetricLabels, MetricName, Metrics } from "../../ports/metrics.ts";

interface Described {
  readonly help: string;
  readonly labels: readonly string[];
}

/** What each metric is, and its labels: prom-client wants to know them before the first value. */
const described: Readonly<Record<MetricName, Described>> = {
  sluice_deliveries_total: { help: "Deliveries read.", labels: ["connection"] },
  sluice_events_total: { help: "What events came to, pushed: Create, Delete, failed.", labels: ["trigger", "result"] },
  sluice_events_without_effect_total: {
    help: "Deliveries that changed nothing: unmatched (no trigger is meant), undecoded (a dead letter), no cluster, blank, marker.",
    labels: ["result"],
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
  sluice_pushes_total: { help: "Pushes: pushed, given_up.", labels: ["result"] },
  sluice_push_duration_seconds: { help: "How long pushes took that arrived.", labels: [] },
  sluice_objects_total: { help: "Objects on the target: create, update, delete.", labels: ["result"] },
  sluice_outcomes_total: { help: "Outcomes: told, dropped (too many waited).", labels: ["result"] },
  sluice_applied_objects_total: {
    help: "Objects that the applier looked at: created, configured, unchanged, deleted, skipped, conflict, failed.",
    labels: ["result"],
  },
  sluice_drift_corrections_total: {
    help: "Changes of others in clusters that the applier corrected.",
    labels: [],
  },
  sluice_inbox_deliveries: { help: "Deliveries that wait for a batch.", labels: [] },
  sluice_leader: { help: "Whether this instance leads.", labels: [] },
  sluice_ready: { help: "Whether this instance leads, or stands by.", labels: [] },
  sluice_paused: { help: "Whether events wait for sluice resume.", labels: [] },
  sluice_settings_refused: { help: "Whether the settings that the files hold are not in force.", labels: [] },
  sluice_waiting_deliveries: {
    help: "Deliveries that wait at the server, or in the journal, behind the last one read.",
    labels: ["connection"],
  },
  sluice_degraded_streams: { help: "Streams that are not read just now.", labels: ["connection"] },
  sluice_push_running_seconds: { help: "For how long the push under way has lasted; 0: none is.", labels: [] },
  sluice_last_push_timestamp_seconds: { help: "When the last push that brought anything arrived.", labels: [] },
  sluice_held_changes: { help: "Changes and renderings that wait for sluice approve.", labels: [] },
  sluice_waiting_outcomes: { help: "Outcomes that are pushed, and that nobody was told yet.", labels: [] },
  sluice_absent_parts: { help: "What is not there and must be.", labels: ["code"] },
  sluice_triggers: { help: "EventTriggers in force.", labels: [] },
  sluice_broken_triggers: { help: "EventTriggers and profiles whose document is bad: they do not render.", labels: [] },
  sluice_clusters: { help: "Clusters in force.", labels: [] },
  sluice_applier_clusters: {
    help: "Clusters that the applier works on: current, behind (the target), troubled (it can't work there).",
    labels: ["result"],
  },
  sluice_applier_objects: {
    help: "Objects in clusters that are not as their folder wants them: conflicts, failed, waiting, fights.",
    labels: ["result"],
  },
  sluice_applier_lag_seconds: { help: "For how long the cluster has been behind that is so for longest.", labels: [] },
};

/** So many values a label may have; the rest are counted as `other`. */
const labelValuesMax = 200;
const pushSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export interface PromMetrics extends Metrics {
  readonly contentType: string;
  /** The exposition of all metrics; `samples` are all that there is of the host's gauges. */
  text(samples: readonly GaugeSample[]): Promise<string>;
}

export function createPromMetrics(version: string): PromMetrics {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  /** By metric, and by label, its values. */
  const seen = new Map<MetricName, Map<string, Set<string>>>();
  for (const [name, { help, labels }] of Object.entries(described) as [MetricName, Described][]) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (name.endsWith("_total")) counters.set(name, new Counter(options));
    else if (name.endsWith("_duration_seconds"))
      histograms.set(name, new Histogram({ ...options, buckets: pushSeconds }));
    else gauges.set(name, new Gauge(options));
  }
  const info = { name: "sluice_build_info", help: "The version that runs.", labelNames: ["version"] };
  new Gauge({ ...info, registers: [registry] }).set({ version }, 1);
  describeProcess(registry);

  /** With values beyond the bound as `other`: what people configure is bounded by nothing but their patience. */
  function bounded(name: MetricName, labels: MetricLabels): Record<string, string> {
    const known: Record<string, string> = {};
    const ofMetric = seen.get(name) ?? new Map<string, Set<string>>();
    seen.set(name, ofMetric);
    for (const label in labels) {
      const value = labels[label]!;
      const values = ofMetric.get(label) ?? new Set();
      ofMetric.set(label, values);
      const isOther = !values.has(value) && values.size >= labelValuesMax;
      if (!isOther) values.add(value);
      known[label] = isOther ? "other" : value;
    }
    return known;
  }

  return {
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(bounded(name, labels), by),
    set: (name, labels, value) => gauges.get(name)?.set(bounded(name, labels), value),
    observe: (name, value) => histograms.get(name)?.observe(value),
    contentType: registry.contentType,
    text: (samples) => {
      for (const [name, gauge] of gauges) if (name !== "sluice_inbox_deliveries") gauge.reset();
      // Of what shares a label that is `other` the sum is told.
      for (const { name, labels, value } of samples) gauges.get(name)?.inc(bounded(name, labels), value);
      return registry.metrics();
    },
  };
}

/** What Prometheus' own libraries tell of every process, as far as dashboards ask for it. */
function describeProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
