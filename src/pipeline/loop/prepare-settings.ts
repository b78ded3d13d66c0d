/** New settings beside those in force: read, and counted like any change of the catalog. Nothing is written. */
import { SluiceError } from "../../model/problem.ts";
import { checkName } from "../../plan/target-place.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import { judgeChange, type Verdict } from "../mass-change/judge-change.ts";
import { readWanted, type WantedCatalog } from "./documents.ts";
import type { InForce, LeadingSettings } from "./in-force.ts";
import { targetMissing } from "./watcher.ts";

/** New settings, ready to take over: nothing is written yet. */
export interface PreparedSettings {
  readonly settings: Omit<LeadingSettings, "streams">;
  readonly branches: Branches;
  readonly wanted: WantedCatalog;
  readonly verdict: Verdict;
}

/**
 * Reads what the settings need. Throws a SluiceError where they can't take over: the target or the config folder that they
 * name is not there, or is empty. Where they would do too much the verdict has no catalog.
 */
export async function prepareSettings(
  now: InForce,
  settings: Omit<LeadingSettings, "streams">,
  names: BranchNames,
): Promise<PreparedSettings> {
  checkName(now.keeper.checkpoint.parts, settings.options.render.instance);
  const branches = now.branches.renamed(names);
  await branches.refreshTarget();
  if (branches.isTargetMissing) throw new SluiceError(targetMissing(names.target));
  if (names.outputPath !== now.branches.names.outputPath) await branches.checkOutput();
  const version = await settings.config.version(branches.targetTree);
  const { keeper } = now;
  const { catalog: inForce, countScope, guard: limits, loaded } = keeper;
  const wanted = await readWanted(settings, branches.targetTree, loaded, version);
  if (wanted.absent !== undefined) throw new SluiceError(wanted.absent);
  const { loadCatalog } = settings;
  const verdict =
    countScope === undefined
      ? { catalog: wanted.catalog, budget: 0, held: [], approved: [] }
      : await judgeChange({ ...countScope, limits, inForce, loaded, loadCatalog }, wanted);
  return { settings, branches, wanted, verdict };
}
