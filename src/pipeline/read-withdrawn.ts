/** Names of triggers whose documents are gone, as the state branch says. */
import { parseOwner } from "../plan/owner-file.ts";
import { ownersFolder } from "../plan/paths.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { readFolder } from "./read-folder.ts";

export async function readWithdrawn(git: GitReader, tree: ObjectId | undefined): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const [path, text] of readFolder(git, tree, ownersFolder)) {
    const { owner, withdrawnAt } = parseOwner(text, path);
    if (withdrawnAt !== undefined && owner.kind === "EventTrigger") names.add(owner.name);
  }
  return names;
}
