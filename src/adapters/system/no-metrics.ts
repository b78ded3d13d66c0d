/** Metrics that nobody reads. */
import type { Metrics } from "../../ports/metrics.ts";

export const noMetrics: Metrics = { count: () => undefined, set: () => undefined, observe: () => undefined };
