/**
 * Connections that profiles describe, as the service goes on: one is used while its Secret is on the target as the catalog
 * in force has it. They come and go between two pushes; what events did over one stays when it goes.
 */
import type { DerivedConnection, DerivedConnections } from "../../config/derive-connections.ts";
import type { Catalog } from "../../model/catalog.ts";
import { clusterFolder, desiredFolder, objectPath, targetPath } from "../../plan/paths.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import { FilesInFolders } from "./files-in-folders.ts";
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
  /** With the paths of their Secrets on the target. */
  #derived: readonly { readonly derived: DerivedConnection; readonly path: string }[] = [];
  #secrets: FilesInFolders;
  /** Paths of those that were on the target. */
  #there: ReadonlySet<string> = new Set();
  /** What they were derived with, and where their Secrets were looked for last. */
  #catalog: Catalog | undefined;
  #derive: InForce["derive"];
  /** By which their files stand where they do: it changes beside the catalog where units are handed over. */
  #place = "";
  #target: ObjectId | undefined;
  #used = "[]";

  constructor(parts: SecretConnectionsParts) {
    this.#parts = parts;
    this.#secrets = new FilesInFolders(parts.git, []);
  }

  /** Undefined: those that are open are those that are wanted. */
  async look(): Promise<ReturnType<TakeDerived> | undefined> {
    const { inForce, log, take } = this.#parts;
    const { branches, derive, keeper } = inForce();
    const target = branches.targetTree;
    const place = JSON.stringify([branches.names.outputPath, keeper.checkpoint.layout]);
    const isSame = keeper.catalog === this.#catalog && derive === this.#derive && place === this.#place;
    if (isSame && target === this.#target) return undefined;
    if (!isSame) this.#deriveAnew(derive?.(keeper.catalog));
    [this.#catalog, this.#derive, this.#place, this.#target] = [keeper.catalog, derive, place, undefined];
    const there = target === undefined ? nothing : await this.#secrets.findIn(target);
    // Only now: where that failed it is looked at again.
    this.#target = target;
    if (isSame && there === this.#there) return undefined;
    this.#there = there;
    const wanted = this.#derived.filter(({ path }) => there.has(path));
    const used = JSON.stringify(wanted.map(({ derived }) => textOf(derived)));
    if (used === this.#used) return undefined;
    this.#used = used;
    log.info("connections from Secrets", { connections: wanted.length, waiting: this.#derived.length - wanted.length });
    return take(wanted.map(({ derived }) => derived));
  }

  /** Those of a catalog, and what they were of those that a fault hides: it must not keep anybody from being heard. */
  #deriveAnew(found: DerivedConnections | undefined): void {
    const before = this.#derived.map(({ derived }) => derived);
    const all =
      found === undefined
        ? []
        : [...found.value, ...before.filter(({ connection }) => found.unknown.has(connection.name))];
    this.#derived = all.map((derived) => ({ derived, path: this.#pathOf(derived) }));
    const files = this.#derived.map(({ derived, path }) => ({ ...this.#folderOf(derived), path }));
    this.#secrets = new FilesInFolders(this.#parts.git, files);
  }

  #pathOf({ cluster, owner, manifest }: DerivedConnection): string {
    const { branches, keeper } = this.#parts.inForce();
    const path = objectPath(cluster, owner, manifest.identity, keeper.checkpoint.layout);
    return targetPath(path, branches.names.outputPath);
  }

  #folderOf({ cluster }: DerivedConnection): { readonly parent: string; readonly folder: string } {
    const { outputPath } = this.#parts.inForce().branches.names;
    const path = targetPath(`${desiredFolder}/${clusterFolder(cluster)}`, outputPath);
    const slash = path.lastIndexOf("/");
    return { parent: path.slice(0, slash), folder: path.slice(slash + 1) };
  }
}

const nothing: ReadonlySet<string> = new Set();

function textOf({ connection: { name, connectTo }, manifest }: DerivedConnection): readonly unknown[] {
  return [name, manifest.text, [...connectTo]];
}
