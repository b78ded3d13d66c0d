/** The version of the settings that a dry run compares its own with. */
import { resolve } from "node:path";
import { compareSettings } from "../../config/compare-settings.ts";
import { loadSettings } from "../../config/load-settings.ts";
import { SluiceError } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";
import type { Settings } from "../../model/settings.ts";
import type { Checkout } from "../../ports/checkout.ts";
import type { ObjectId } from "../../ports/git.ts";
import type { CliContext } from "../cli/context.ts";
import { diskFiles, type FileSource, revisionFiles } from "../file-source.ts";
import type { DryRunOptions } from "./options.ts";

export interface OtherSettings {
  /** Undefined: there is no other version. */
  readonly text: string | undefined;
  /** Undefined: there is none, or it has errors. */
  readonly value: Settings | undefined;
  readonly changes: readonly SettingChange[];
}

/** The settings of the other side: the base's; of a fork, whose own count for nothing else, the head's. */
export async function readOtherSettings(
  { workingDirectory }: CliContext,
  { file, isUntrusted }: DryRunOptions,
  settings: Settings,
  checkout: Checkout | undefined,
  baseCommit: ObjectId | undefined,
): Promise<OtherSettings> {
  const none = { text: undefined, value: undefined, changes: [] };
  if (checkout === undefined || baseCommit === undefined) return none;
  const path = resolve(workingDirectory, file);
  const base = await readIfThere(revisionFiles(checkout, baseCommit), path);
  const source = isUntrusted ? revisionFiles(checkout, await checkout.findCommit("HEAD")) : diskFiles;
  const head = await readIfThere(source, path);
  const text = isUntrusted ? head : base;
  if (base === undefined || head === undefined || text === undefined) return none;
  const changes = compareSettings(base, head);
  return { text, value: changes.length === 0 ? settings : loadSettings(text, path).value, changes };
}

/** Settings may be kept outside of the repository, or be new in it. */
async function readIfThere(source: FileSource, path: string): Promise<string | undefined> {
  try {
    return await source.read(path);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return undefined;
  }
}
