/** Takes what Sluice has put into a folder of the target, and uses no more, out of it again: owned files only. */
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import { escapeText } from "../commit-message.ts";
import type { Ports } from "./branch-parts.ts";
import type { Head } from "./head.ts";
import { projectTarget } from "./project-target.ts";

export interface FormerFolder {
  /** As in `output.path`. */
  readonly folder: string;
  /** Folders that are made of the state; neither they nor what is above or below them may be asked for. */
  readonly inUse: readonly string[];
  readonly instance: string | undefined;
}

/** The commit on the target's head without them; undefined: there are none. Throws a SluiceError (USAGE). */
export async function removeFormerFolder(
  { git, clock }: Pick<Ports, "git" | "clock">,
  head: Head | undefined,
  { folder, inUse, instance }: FormerFolder,
): Promise<{ readonly paths: readonly string[]; readonly commit: ObjectId | undefined }> {
  const path = folder.replace(/^(?:\.?\/+)+|\/+$|^\.$/g, "");
  const overlaps = inUse.some((used) => `${used}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${used}/`));
  if (path === "" || overlaps) {
    throw new SluiceError({
      code: "USAGE",
      message: `${folder === "" ? "the whole target" : folder} is in use: what stands there is wanted`,
      hint: "Give the folder that output.path named before.",
    });
  }
  if (head === undefined) return { paths: [], commit: undefined };
  const { changes } = await projectTarget(git, head.tree, {
    folder: path,
    desired: undefined,
    before: undefined,
    instance,
  });
  if (changes.length === 0) return { paths: [], commit: undefined };
  const message = `Remove what Sluice had put below ${escapeText(path)}\n`;
  const parents = [head.commit];
  const { id } = await git.writeCommit({ base: head.tree, changes, parents, message, time: clock.now() });
  return { paths: changes.map((change) => change.path), commit: id };
}
