/**
 * What owners wait for: an object that is new is held back until all that its owner depends on is applied and well, or until
 * it has waited long enough. What is there is never held back.
 */
import type { ClusterReader } from "../ports/cluster.ts";
import type { BlobReader, TreeReader } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import type { Revision } from "./cluster-applier.ts";
import { type DesiredFile, type DesiredObject, isManifestPath, readDesired } from "./desired-object.ts";
import { diffTrees } from "./diff-trees.ts";
import { textAt } from "./members.ts";
import { readStatus } from "./object-status.ts";
import { folderOfOwner, policyOf } from "./owner-policies.ts";
import { blobAnnotation, blobMark } from "./pass-plan.ts";

/** So long a prerequisite is waited for. */
const waitMsMax = 5 * 60_000;

export interface PrerequisitesParts {
  readonly reader: ClusterReader;
  readonly git: BlobReader & Pick<TreeReader, "readTree" | "findEntry">;
  readonly clock: Clock;
}

export class Prerequisites {
  readonly #parts: PrerequisitesParts;
  /** By owner, since when it is waited for. */
  readonly #since = new Map<string, number>();

  constructor(parts: PrerequisitesParts) {
    this.#parts = parts;
  }

  /** For one pass: each prerequisite is looked at once. Returns what an object has to wait for; undefined: for nothing. */
  forPass(revision: Revision): (desired: DesiredObject) => Promise<string | undefined> {
    const looked = new Map<string, Promise<string | undefined>>();
    return async ({ file }) => {
      for (const owner of policyOf(revision.policies, file.path)?.dependsOn ?? []) {
        let looking = looked.get(owner);
        if (looking === undefined) {
          looking = this.#look(owner, revision);
          looked.set(owner, looking);
        }
        const missing = await looking;
        if (missing !== undefined) return missing;
      }
      return undefined;
    };
  }

  async #look(owner: string, revision: Revision): Promise<string | undefined> {
    const missing = await this.#findMissing(owner, revision);
    if (missing === undefined) {
      this.#since.delete(owner);
      return undefined;
    }
    const now = this.#parts.clock.monotonic();
    const since = this.#since.get(owner) ?? now;
    this.#since.set(owner, since);
    return now - since < waitMsMax ? `waits for ${owner}: ${missing}` : undefined;
  }

  async #findMissing(owner: string, { folder }: Revision): Promise<string | undefined> {
    const { git } = this.#parts;
    const entry = await git.findEntry(folder, folderOfOwner(owner));
    if (entry === undefined) return "it has nothing in this cluster yet";
    const files: DesiredFile[] = [];
    for await (const { path, after: id } of diffTrees(git, undefined, entry.id)) {
      if (id !== undefined && isManifestPath(path)) files.push({ path, id });
    }
    const { value, problems } = await readDesired(git, files);
    if (problems.length > 0) return "not all of it can be read";
    const missing = await Promise.all(value.map((desired) => this.#describeMissing(desired)));
    return missing.find((one) => one !== undefined);
  }

  async #describeMissing({ identity, version, file }: DesiredObject): Promise<string | undefined> {
    const { reader } = this.#parts;
    const what = `${identity.kind.toLowerCase()}/${identity.name}`;
    const kind = await reader.findKind(identity.group, identity.kind, version);
    const { namespace, name } = identity;
    const object = kind === undefined ? undefined : await reader.readObject({ kind, namespace, name });
    const applied = textAt(object, "metadata", "annotations", blobAnnotation);
    if (object === undefined || applied !== blobMark(file.id)) return `${what} is not applied yet`;
    const { health, message } = readStatus(object);
    return health === "current" ? undefined : `${what}: ${message}`;
  }
}
