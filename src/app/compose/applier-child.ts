/** The applier as a child of the service: so that no cluster slows the flow, and none of its memory is the service's. */
import { KeptChild } from "../../adapters/programs/kept-child.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { applierOf, type Settings } from "../../model/settings.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Log } from "../../ports/system.ts";
import { type AppliedCluster, type ApplierSnapshot, summarizeApplier } from "../host/applier-snapshot.ts";

/** What the two say to each other. */
export const pushedMessage = "pushed";
export interface AppliedMessage {
  readonly applied: Readonly<Record<string, number>>;
  /** How many changes of others were corrected. */
  readonly corrected?: number;
  /** Clusters of which something has changed. */
  readonly clusters?: readonly AppliedCluster[];
  /** It has just begun: nothing that another one said before counts. */
  readonly isBegin?: true;
}

const heapMax = 512;

export class ApplierChild {
  readonly #settingsFile: string;
  /** What makes its log look like ours. */
  readonly #logFlags: readonly string[];
  readonly #log: Log;
  readonly #metrics: Metrics;
  #child: KeptChild | undefined;
  /** What the one that runs was started for. */
  #startedFor = "";
  #changing: Promise<void> = Promise.resolve();
  readonly #clusters = new Map<ClusterKey, AppliedCluster>();

  constructor(settingsFile: string, logFlags: readonly string[], log: Log, metrics: Metrics) {
    this.#settingsFile = settingsFile;
    this.#logFlags = logFlags;
    this.#log = log;
    this.#metrics = metrics;
  }

  /** The service leads with these settings: it is started, started anew or ended, where they say something else to it. */
  follow(settings: Settings | undefined): void {
    const applier = applierOf(settings);
    const { name, output, repository, hub, state } = settings ?? {};
    const { kubeconfigs = [], watchedMax } = applier ?? {};
    const works = [[...kubeconfigs], watchedMax, hub, name, output?.path, repository, state];
    const wanted = applier === undefined ? "" : JSON.stringify(works);
    if (wanted === this.#startedFor) return;
    this.#startedFor = wanted;
    this.#changing = this.#changing.then(async () => {
      await this.#child?.stop();
      this.#clusters.clear();
      this.#child = wanted === this.#startedFor && wanted !== "" ? this.#start() : undefined;
    });
  }

  /** Undefined: no clusters are worked on. */
  snapshot(): ApplierSnapshot | undefined {
    return this.#startedFor === "" ? undefined : summarizeApplier(this.#clusters.values(), systemClock.now());
  }

  /** The target has moved. */
  hint(): void {
    this.#child?.send(pushedMessage);
  }

  async stop(): Promise<void> {
    this.#startedFor = "";
    await this.#changing;
    await this.#child?.stop();
  }

  #start(): KeptChild {
    return new KeptChild({
      name: "applier",
      program: process.argv[1]!,
      args: ["apply", "--all", "--watch", "--file", this.#settingsFile, ...this.#logFlags],
      heapMax,
      log: this.#log,
      onMessage: (message) => {
        const { applied, corrected = 0, clusters = [], isBegin } = message as AppliedMessage;
        if (isBegin === true) this.#clusters.clear();
        for (const state of clusters) this.#clusters.set(state.cluster, state);
        for (const [action, count] of Object.entries(applied)) {
          if (count > 0) this.#metrics.count("sluice_applied_objects_total", { result: action }, count);
        }
        if (corrected > 0) this.#metrics.count("sluice_drift_corrections_total", {}, corrected);
      },
    });
  }
}
