/**
 * Where on the target manifests stand, against where the settings want them: another place takes over by itself within the
 * limits of the guard, or once it is approved. Until then everything else of the settings is in force, at the place of before.
 */
import type { HeldChange } from "../../model/mass-change.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import { namesInForce } from "../branches/names-in-force.ts";
import { judgePlace, type PlaceScope } from "../mass-change/judge-place.ts";
import type { LeadingSettings } from "./in-force.ts";

/** Settings as they come, without what is only lent to them. */
export type NewSettings = Omit<LeadingSettings, "streams">;

/** Settings that may take over; where they want another place than they have, that is held. */
export interface PlacedSettings {
  readonly settings: NewSettings;
  readonly names: BranchNames;
  readonly held?: WaitingPlace;
  /** The approval that lets another place take over, which is used up by that. */
  readonly approved?: string;
}

/** What the settings ask for, and why it is not so. */
export interface WaitingPlace {
  readonly change: HeldChange;
  readonly settings: NewSettings;
  readonly names: BranchNames;
  /** Why it could not take over although it was approved. */
  readonly obstacle?: string;
}

/** The settings with manifests where they may stand. `approvals`: ids that people have approved. */
export async function placeSettings(
  scope: PlaceScope,
  settings: NewSettings,
  names: BranchNames,
  approvals: readonly string[],
): Promise<PlacedSettings> {
  // What is delivered gets another folder by a hand-over alone.
  const { outputPath: path } = namesInForce(names, scope.checkpoint.parts);
  const held = await judgePlace(scope, { branch: names.target, path });
  if (held === undefined) return { settings, names };
  const { change, stays } = held;
  if (approvals.includes(change.id)) return { settings, names, approved: change.id };
  const namesOfBefore = { ...names, target: stays.branch, outputPath: stays.path };
  return { settings: settings.at(stays), names: namesOfBefore, held: { change, settings, names } };
}
