/** The port to metrics: counters and gauges by name, with labels whose values are few. */

/** Each label takes few values: names of settings and documents, codes, reasons; never what an event says. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds to a counter, which only grows; its name ends in `_total`. */
  count(name: MetricName, labels?: MetricLabels, by?: number): void;
  /** Sets a gauge; its name ends in its unit. */
  set(name: MetricName, labels: MetricLabels, value: number): void;
}

export type MetricName =
  /** Deliveries read, by `stream`. */
  | "sluice_deliveries_total"
  /** Deliveries that asked for nothing, by `reason`: unmatched, undecoded, no cluster, blank, marker (others are gone). */
  | "sluice_events_without_effect_total"
  /** Events that only unanchored patterns would have matched, by `event_source`. */
  | "sluice_near_misses_total"
  /** Entities that could not be rendered, and deliveries that could not be decoded, by `code`. */
  | "sluice_failures_total"
  /** What was rendered and another version of Kubernetes may not take, by `code`. */
  | "sluice_render_warnings_total"
  /** Pushes, by `outcome`: pushed, given_up. */
  | "sluice_pushes_total"
  /** Objects on the target, by `action`: create, update, delete. */
  | "sluice_objects_total"
  /** What became of objects in clusters that the applier looked at, by `action`. */
  | "sluice_applied_objects_total"
  /** Deliveries that wait at the server, or in the journal, behind the last one read, by `stream`. */
  | "sluice_stream_waiting_deliveries"
  /** Deliveries that wait for a batch. */
  | "sluice_inbox_deliveries"
  /** How long the last push took. */
  | "sluice_last_push_seconds";
