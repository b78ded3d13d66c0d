/** The port to metrics: counters and gauges by name, with labels whose values are few. */

/** Each label takes few values: names of settings and documents, codes, reasons; never what an event says. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds to a counter, which only grows; its name ends in `_total`. */
  count(name: MetricName, labels?: MetricLabels, by?: number): void;
  /** Sets a gauge; its name ends in its unit. */
  set(name: MetricName, labels: MetricLabels, value: number): void;
  /** One more value of a histogram, which has no labels. */
  observe(name: MetricName, value: number): void;
}

export type MetricName =
  /** Deliveries read, by `connection`. */
  | "sluice_deliveries_total"
  /** What deliveries came to, pushed, by `trigger` and `result`: Create, Delete, failed. */
  | "sluice_events_total"
  /** Deliveries that asked for nothing, by `result`: unmatched, undecoded, no cluster, blank, marker (others are gone, or it is our own outcome). */
  | "sluice_events_without_effect_total"
  /** Events that only unanchored patterns would have matched, by `event_source`. */
  | "sluice_near_misses_total"
  /** Entities that could not be rendered, and deliveries that could not be decoded, by `code`. */
  | "sluice_failures_total"
  /** What was rendered and another version of Kubernetes may not take, by `code`. */
  | "sluice_render_warnings_total"
  /** Pushes, by `result`: pushed, given_up. */
  | "sluice_pushes_total"
  /** How long pushes took that arrived. */
  | "sluice_push_duration_seconds"
  /** Objects on the target, by `result`: create, update, delete. */
  | "sluice_objects_total"
  /** Outcomes, by `result`: told, dropped (too many waited). */
  | "sluice_outcomes_total"
  /** What became of objects in clusters that the applier looked at, by `result`. */
  | "sluice_applied_objects_total"
  /** Changes that others had made in clusters, and the applier corrected. */
  | "sluice_drift_corrections_total"
  /** Deliveries that wait for a batch. */
  | "sluice_inbox_deliveries"
  | HostGauge;

/** What is read off the host whenever somebody asks. */
export type HostGauge =
  /** 1: it leads; 1: it leads or stands by. */
  | "sluice_leader"
  | "sluice_ready"
  /** 1: events wait for `sluice resume`. */
  | "sluice_paused"
  /** 1: the settings that the files hold are not in force. */
  | "sluice_settings_refused"
  /** Deliveries that wait at the server, or in the journal, behind the last one read, by `connection`. */
  | "sluice_waiting_deliveries"
  /** Streams that are not read just now, by `connection`. */
  | "sluice_degraded_streams"
  /** For how long the push under way has lasted; 0: none is. */
  | "sluice_push_running_seconds"
  /** When the last push that brought anything arrived, in seconds since 1970. */
  | "sluice_last_push_timestamp_seconds"
  /** Changes and renderings that wait for `sluice approve`. */
  | "sluice_held_changes"
  /** Outcomes that nobody has been told yet. */
  | "sluice_waiting_outcomes"
  /** What is not there and must be, by `code`. */
  | "sluice_absent_parts"
  | "sluice_triggers"
  /** Triggers whose document is bad: they match and do not render. */
  | "sluice_broken_triggers"
  | "sluice_clusters"
  /** Clusters that the applier works on, by `result`: current, behind (the target), troubled (it can't work there). */
  | "sluice_applier_clusters"
  /** Objects that are not as their folder wants them, by `result`: conflicts, failed, waiting, fights. */
  | "sluice_applier_objects"
  /** For how long the cluster that is behind for longest has been. */
  | "sluice_applier_lag_seconds";

/** One value of a gauge. */
export interface GaugeSample {
  readonly name: HostGauge;
  readonly labels: MetricLabels;
  readonly value: number;
}
