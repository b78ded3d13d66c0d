/**
 * What must have come of a world, told by its state branch's history: the same inputs, folded in memory one by one, with
 * every pass at its end before the next input. So neither crashes nor how inputs fell into batches and chunks may have
 * made a difference.
 *
 * Conflicts aside: which of several has an object may depend on when a pass reached them, where one change of the
 * documents came before the pass of another had ended. Of these only who wants what is compared.
 */
import type { Catalog } from "../../src/model/catalog.ts";
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { Fold } from "../../src/pipeline/dry-run/fold.ts";
import { readFolder } from "../../src/pipeline/read-folder.ts";
import { emptyCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { renderSettings } from "../pipeline/service-bench.ts";

export class Oracle {
  readonly #fold: Fold;
  #catalog: Catalog | undefined;

  constructor(stateId: string) {
    const options = {
      records: "full",
      render: { ...renderSettings, commitsConstants: true, hidesEvents: false, isReadAsWritten: false },
      entitiesMax: 1_000_000,
      outputPath: "rendered",
    } as const;
    this.#fold = new Fold(undefined, { ...emptyCheckpoint, stateId }, options);
  }

  /** A state commit: the checkpoint before and after it, and what was delivered in between. */
  async advance(
    before: Checkpoint | undefined,
    after: Checkpoint,
    deliveries: readonly Delivery[],
    catalogs: ReadonlyMap<string, Catalog>,
  ): Promise<void> {
    if (this.#catalog !== undefined) await this.#fold.receive(this.#catalog, deliveries);
    if (this.#catalog !== undefined) await this.#fold.renderPending(this.#catalog);
    if (before?.catalog === after.catalog || after.catalog === "") return;
    this.#catalog = catalogs.get(after.catalog);
    if (this.#catalog === undefined) throw new Error(`nobody has loaded catalog ${after.catalog}`);
    await this.#fold.putInForce(this.#catalog);
  }

  async files(): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    const { overlay } = this.#fold;
    for await (const [path, text] of readFolder(overlay, overlay.tree, "")) files.set(path, text);
    return files;
  }
}

/** Who wants what: by record and cluster the objects that it has or waits for, and what it failed with besides conflicts. */
export function wishesOf(files: ReadonlyMap<string, string>): Record<string, unknown> {
  const records = [...files].filter(([path]) => path.startsWith("records/")).sort();
  return Object.fromEntries(
    records.map(([path, text]) => {
      const { clusters, events } = parseRecord(text, path);
      const wishes = [...clusters].sort().map(([cluster, { action, objects, waiting, failure }]) => {
        const code = failure?.code === "OBJECT_CONFLICT" ? undefined : failure?.code;
        return [cluster, action, [...objects.keys(), ...waiting.keys()].sort(), code];
      });
      return [path, { wishes, events: events.map(({ message }) => message.sequence) }];
    }),
  );
}

/** Manifests of the owners whose objects nobody else wants. */
export function ownManifests(files: ReadonlyMap<string, string>): Record<string, string> {
  const own = /^desired\/[^/]+\/[^/]+\/(?:triggers\/(?:own|moving|together|late)|clusterprofiles|base)\//;
  const used = new Set(
    [...files.keys()].filter((path) => /\/(?:triggers|clusterprofiles)\//.test(path)).map(clusterOf),
  );
  // A namespace that a trigger renders too stands where it was first wanted: whose that is depends on when a pass came.
  const namespaces = [...files.keys()].flatMap((path) => {
    const [, name] = /^desired\/.*\/(?:base\/namespaces|_cluster\/namespace)\/([^/]*)$/.exec(path) ?? [];
    return name === undefined ? [] : [[`${clusterOf(path)} ${name}`, "there"] as const];
  });
  // When a cluster that is gone loses its folder depends on when somebody looks: with its last object, or at a start.
  const isLast = (path: string) => path.endsWith("/base/sluice-cluster.yaml") && !used.has(clusterOf(path));
  const others = [...files].filter(([path]) => own.test(path) && !path.includes("/namespaces/") && !isLast(path));
  return Object.fromEntries([...others, ...namespaces].sort());
}

function clusterOf(path: string): string {
  return path.split("/").slice(0, 3).join("/");
}
