/** Review branches: disposable commits on top of the target that hold a group's proposal. */
import { folderMode } from "../../model/folder-mode.ts";
import type { FileContents, FileDifference } from "../../model/review.ts";
import { chartsFolder, deliveryFolder, desiredFolder } from "../../plan/paths.ts";
import { fingerprintProposal, writeProjectionTrailer } from "../../plan/projection-trailer.ts";
import { deliveredPath, type ProposalFolders, placeIn } from "../../plan/proposal-path.ts";
import type { GitReader, GitRepository, ObjectId, TreeChange, TreeEntry } from "../../ports/git.ts";
import { findReleases } from "../branches/place-releases.ts";
import { projectTarget } from "../branches/project-target.ts";
import { deliveryProjection, type Projection, renderedProjection } from "../branches/projection.ts";

export const branchPrefix = "sluice/review/";
const fileMode = "100644";

/** From below the folder to the path of a proposal. */
type PathOf = (below: string) => string;

/** Groups are path parts: of what those may have, Git wants no `~` in a ref, and no `.` or `.lock` at its end. */
export function reviewBranch(group: string): string {
  const name = group
    .replaceAll("~", "=")
    .replace(/\.$/, "%2E")
    .replace(/\.lock$/, "%2Elock");
  return branchPrefix + name;
}

export interface CommitWithTree {
  readonly id: ObjectId;
  readonly tree: ObjectId;
}

/**
 * Every file of our folders that is Sluice's and not as desired. `state`: the state's tree; `instance`: Settings' `name`, whose
 * files are ours.
 */
export async function readDifferences(
  git: GitReader,
  target: ObjectId,
  { instance, ...folders }: ProposalFolders & { readonly instance?: string | undefined },
  state: ObjectId | undefined,
): Promise<{ readonly differences: readonly FileDifference[]; readonly foreign: readonly string[] }> {
  const { outputPath, deliveryPath, hasReleases } = folders;
  const foreign: string[] = [];
  const wanted = new Map<string, string | undefined>();
  const compare = async (from: string, { folder, depth }: Pick<Projection, "folder" | "depth">, pathOf: PathOf) => {
    const desired = state === undefined ? undefined : (await git.findEntry(state, from))?.id;
    const projected = { folder, depth, desired, before: undefined, instance };
    const { changes, foreign: all } = await projectTarget(git, target, projected);
    for (const { path } of all) foreign.push(path);
    const add = async (path: string, want: Pick<TreeEntry, "id" | "mode"> | undefined) => {
      if (want?.mode !== folderMode) wanted.set(pathOf(path.slice(folder.length + 1)), want?.id);
      else for (const entry of await git.readTree(want.id)) await add(`${path}/${entry.name}`, entry);
    };
    for (const change of changes) {
      if (change.action === "write") throw new Error(`a projection places what is there, ${change.path} is not`);
      await add(change.path, change.action === "place" ? change : undefined);
    }
  };
  await compare(desiredFolder, renderedProjection(outputPath), (path) => path);
  if (hasReleases === true && state !== undefined)
    for (const [path, id] of await findReleases(git, state, chartsFolder)) wanted.set(path, id);
  if (deliveryPath !== undefined) {
    await compare(deliveryFolder, deliveryProjection(deliveryPath, deliveryFolder), deliveredPath);
  }
  const present = await readContents(git, target, folders, wanted.keys());
  const differences = Array.from(wanted, ([path, want]) => ({ path, have: present.get(path), want }));
  // Where only the mode is another there is nothing that a cluster would notice.
  return { differences: differences.filter(({ have, want }) => have !== want), foreign };
}

/** What files of a proposal hold in a tree that has them in these folders; all paths are in the answer. */
export async function readContents(
  git: GitReader,
  tree: ObjectId | undefined,
  folders: ProposalFolders,
  paths: Iterable<string>,
): Promise<FileContents> {
  const all = [...paths];
  const found =
    tree === undefined || all.length === 0
      ? new Map<string, ObjectId>()
      : await git.findIds(
          tree,
          all.map((path) => placeIn(folders, path)),
        );
  return new Map(all.map((path) => [path, found.get(placeIn(folders, path))]));
}

/** Writes the commit that puts the proposal on the target. */
export async function writeProjection(
  git: GitRepository,
  target: CommitWithTree,
  folders: ProposalFolders,
  proposal: readonly FileDifference[],
  message: string,
  time: number,
): Promise<ObjectId> {
  const changes = proposal.map(({ path, want }): TreeChange => {
    const place = placeIn(folders, path);
    return want === undefined
      ? { path: place, action: "delete" }
      : { path: place, action: "place", id: want, mode: fileMode };
  });
  const parents = [target.id];
  // The message vouches for the tree, whose id has to be known first.
  const { tree } = await git.writeCommit({ base: target.tree, changes, parents, message, time });
  const trailer = writeProjectionTrailer(fingerprintProposal(proposal), { tree, parents });
  const separator = /\nSluice-[A-Z][A-Za-z]*: [^\n]*$/.test(message.trimEnd()) ? "\n" : "\n\n";
  const whole = `${message.trimEnd()}${separator}${trailer}\n`;
  return (await git.writeCommit({ base: tree, changes: [], parents, message: whole, time })).id;
}
