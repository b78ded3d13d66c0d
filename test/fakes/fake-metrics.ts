/** Metrics that a test can read: `name{label="value"}` to a number. */
import type { MetricLabels, Metrics } from "../../src/ports/metrics.ts";

export interface FakeMetrics extends Metrics {
  readonly values: ReadonlyMap<string, number>;
}

export function createFakeMetrics(): FakeMetrics {
  const values = new Map<string, number>();
  const key = (name: string, labels: MetricLabels = {}) => {
    const parts = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return parts.length === 0 ? name : `${name}{${parts.sort().join(",")}}`;
  };
  return {
    values,
    count: (name, labels, by = 1) => void values.set(key(name, labels), (values.get(key(name, labels)) ?? 0) + by),
    set: (name, labels, value) => void values.set(key(name, labels), value),
    observe: (name) => void values.set(`${name}_count`, (values.get(`${name}_count`) ?? 0) + 1),
  };
}
