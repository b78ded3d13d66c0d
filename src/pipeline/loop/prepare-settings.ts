/** New settings beside those in force: read, and counted like any change of the catalog. Nothing is written. */
import { SluiceError } from "../../model/problem.ts";
import { checkName } from "../../plan/target-place.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import { namesInForce } from "../branches/names-in-force.ts";
import { judgeChange, type Verdict } from "../mass-change/judge-change.ts";
import { readWanted, type WantedCatalog } from "./documents.ts";
import { type NewSettings, type PlacedSettings, placeSettings } from "./held-place.ts";
import type { InForce } from "./in-force.ts";
import { targetMissing } from "./watcher.ts";

/** New settings, ready to take over: nothing is written yet. */
export interface PreparedSettings {
  /** With manifests where they may stand. */
  readonly placed: PlacedSettings;
  readonly branches: Branches;
  readonly wanted: WantedCatalog;
  /** Undefined: counting takes longer than settings may; it is counted when they have taken over. */
  readonly verdict: Verdict | undefined;
}

/** The branches with these names. Throws a SluiceError where the target is not there, or its folder somebody else's. */
export async function openPlace(now: InForce, names: BranchNames): Promise<Branches> {
  const branches = now.branches.renamed(names);
  await branches.refreshTarget();
  if (branches.isTargetMissing) throw new SluiceError(targetMissing(names.target));
  if (names.outputPath !== now.branches.names.outputPath) await branches.checkOutput();
  return branches;
}

/**
 * Reads what the settings need. Throws a SluiceError where they can't take over: the target or the config folder that they
 * name is not there, or is empty. What of them would do too much is held by itself: the verdict says so. `hasTime`, asked
 * now and then, says whether it may be counted on.
 */
export async function prepareSettings(
  now: InForce,
  given: NewSettings,
  wantedNames: BranchNames,
  hasTime: () => boolean,
): Promise<PreparedSettings> {
  const { keeper } = now;
  const { parts } = keeper.checkpoint;
  checkName(parts, given.options.render.instance);
  const placed = await placeSettings(keeper.placeScope, given, wantedNames, keeper.approvals);
  const { settings, names } = placed;
  // Also where it is held: a place that is not there is a slip.
  if (placed.held !== undefined) await openPlace(now, namesInForce(wantedNames, parts));
  const branches = await openPlace(now, namesInForce(names, parts));
  const version = await settings.config.version(branches.targetTree);
  const { catalog: inForce, countScope, loaded } = keeper;
  const wanted = await readWanted(settings, branches.targetTree, loaded, version);
  if (wanted.absent !== undefined) throw new SluiceError(wanted.absent);
  const { loadCatalog } = settings;
  const verdict =
    countScope === undefined
      ? { catalog: wanted.catalog, budget: 0, held: [], approved: [] }
      : await judgeChange({ ...countScope, inForce, loaded, loadCatalog }, wanted, {
          isWanted: hasTime,
          onHeld: () => undefined,
        });
  return { placed, branches, wanted, verdict };
}
