/** What owners in sync mode DryRun would put on clusters: the rows of `sveltosctl show dryrun`. */
import type { Catalog } from "../../model/catalog.ts";
import { ownersOf } from "../../model/catalog-owners.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { ObjectIdentity } from "../../model/manifest.ts";
import type { Owner } from "../../model/owner.ts";
import type { ClusterRecord } from "../../model/record.ts";
import { objectPath, recordFolder } from "../../plan/paths.ts";
import { parseRecord } from "../../plan/record-file.ts";
import { readFolder } from "../read-folder.ts";
import { Fold, type FoldOptions } from "./fold.ts";
import type { StateTree } from "./state-overlay.ts";

export interface DryObject {
  readonly cluster: ClusterKey;
  readonly owner: Owner;
  /** Undefined: all of what an entity would have there, which can't be rendered. */
  readonly identity: ObjectIdentity | undefined;
  readonly action: "Create" | "Update" | "No Action" | "Conflict" | "Failed";
  /** Why it is a conflict, or failed. */
  readonly message: string;
}

/** By owner, entity and cluster, each object that would be there. */
export async function* listDryRuns(
  state: StateTree,
  checkpoint: Checkpoint,
  catalog: Catalog,
  options: FoldOptions,
): AsyncIterable<DryObject> {
  const fold = new Fold(state, checkpoint, options, catalog);
  await fold.unfoldDryRuns(catalog);
  const { overlay } = fold;
  for (const { owner, spec } of ownersOf(catalog)) {
    if (spec.syncMode !== "DryRun") continue;
    for await (const [path, text] of readFolder(overlay, overlay.tree, recordFolder(owner))) {
      for (const [cluster, on] of parseRecord(text, path).clusters) {
        yield* rowsOf(
          on,
          async (identity) => {
            const place = objectPath(cluster, owner, identity, checkpoint.layout);
            const [before, after] = [
              await state.git.findEntry(state.tree, place),
              await overlay.findEntry(overlay.tree, place),
            ];
            // It stands in another's folder, as it is wanted here.
            if (after === undefined || before?.id === after.id) return "No Action";
            return before === undefined ? "Create" : "Update";
          },
          { cluster, owner },
        );
      }
    }
  }
}

async function* rowsOf(
  { objects, waiting, failure }: ClusterRecord,
  actionOf: (identity: ObjectIdentity) => Promise<DryObject["action"]>,
  whose: Pick<DryObject, "cluster" | "owner">,
): AsyncIterable<DryObject> {
  for (const { identity } of objects.values()) {
    yield { ...whose, identity, action: await actionOf(identity), message: "" };
  }
  const message = failure?.message ?? "";
  for (const { identity } of waiting.values()) yield { ...whose, identity, action: "Conflict", message };
  if (failure !== undefined && waiting.size === 0) yield { ...whose, identity: undefined, action: "Failed", message };
}
