/**
 * Connections that profiles describe, as the service goes on: one is used while its Secret is on the target as the catalog
 * in force has it. They come and go between two pushes; what events did over one stays when it goes.
 */
import type { DerivedConnection, DerivedConnections } from "../../config/derive-connections.ts";
import type { Catalog } from "../../model/catalog.ts";
import { objectPath, targetPath } from "../../plan/paths.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { InForce } from "./in-force.ts";

/** Opens exactly these, and keeps those open that stay as they are. All streams that are to be read are returned. */
export type TakeDerived = (connections: readonly DerivedConnection[]) => {
  readonly streams: readonly EventStream[];
  /** To be called once nobody reads any other. */
  closeOthers(): Promise<void>;
};

export interface SecretConnectionsParts {
  readonly git: GitReader;
  readonly log: Log;
  readonly inForce: () => InForce;
  readonly take: TakeDerived;
}

export class SecretConnections {
  readonly #parts: SecretConnectionsParts;
  #derived: readonly DerivedConnection[] = [];
  /** What they were derived with, and where their Secrets were looked for last. */
  #catalog: Catalog | undefined;
  #derive: InForce["derive"];
  #target: ObjectId | undefined;
  #used = "[]";

  constructor(parts: SecretConnectionsParts) {
    this.#parts = parts;
  }

  /** Undefined: those that are open are those that are wanted. */
  async look(): Promise<ReturnType<TakeDerived> | undefined> {
    const { inForce, log, take } = this.#parts;
    const { branches, derive, keeper } = inForce();
    const target = branches.targetTree;
    const isSame = keeper.catalog === this.#catalog && derive === this.#derive;
    if (isSame && target === this.#target) return undefined;
    if (!isSame) this.#derived = this.#merge(derive?.(keeper.catalog));
    [this.#catalog, this.#derive, this.#target] = [keeper.catalog, derive, undefined];
    const there = await this.#onTarget(target);
    // Only now: where that failed it is looked at again.
    this.#target = target;
    const used = JSON.stringify(there.map(textOf));
    if (used === this.#used) return undefined;
    this.#used = used;
    log.info("connections from Secrets", { connections: there.length, waiting: this.#derived.length - there.length });
    return take(there);
  }

  /** Those of a catalog, and what they were of those that a fault hides: it must not keep anybody from being heard. */
  #merge(derived: DerivedConnections | undefined): readonly DerivedConnection[] {
    if (derived === undefined) return [];
    const { value, unknown } = derived;
    return [...value, ...this.#derived.filter(({ connection }) => unknown.has(connection.name))];
  }

  async #onTarget(target: ObjectId | undefined): Promise<readonly DerivedConnection[]> {
    if (target === undefined || this.#derived.length === 0) return [];
    const { branches, keeper } = this.#parts.inForce();
    const { layout } = keeper.checkpoint;
    const paths = this.#derived.map(({ cluster, owner, manifest }) => {
      const path = objectPath(cluster, owner, manifest.identity, layout);
      return targetPath(path, branches.names.outputPath);
    });
    const ids = await this.#parts.git.findIds(target, paths);
    return this.#derived.filter((_, index) => ids.has(paths[index]!));
  }
}

function textOf({ connection: { name, connectTo }, manifest }: DerivedConnection): readonly unknown[] {
  return [name, manifest.text, [...connectTo]];
}
