/** Who has the output folder of the target: Sluice, or somebody whose manifests stand there. */
import { SluiceError } from "../../model/problem.ts";
import { clusterFileName } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { BranchNames } from "./branch-parts.ts";
import { firstInstance, instanceOf } from "./ownership.ts";

export interface OutputFolder {
  readonly outputPath: string;
  readonly instance?: string;
}

/** Files looked at at most: what is ours stands near the beginning of each cluster's folder. */
const filesMax = 20_000;
const shownMax = 3;
const manifestName = /\.(?:ya?ml|json)$|(?:^|\/)Kustomization$/;

/** The path of a cluster's file that is ours; undefined: there is none. */
export async function holdsOurs(
  git: GitReader,
  target: ObjectId,
  { outputPath, instance = firstInstance }: OutputFolder,
): Promise<string | undefined> {
  let count = 0;
  for await (const path of git.listFiles(target, outputPath)) {
    if (++count > filesMax) return undefined;
    if (!path.endsWith(`/${clusterFileName}`)) continue;
    const text = (await git.readFiles(target, [path])).get(path) ?? "";
    if (instanceOf(text) === instance) return path;
  }
  return undefined;
}

/** The id of the output that the folder holds, by the name of a cluster's file that is ours; undefined: it is this one, or none. */
export async function findOtherOutput(
  git: GitReader,
  target: ObjectId,
  folder: OutputFolder,
  id: string,
): Promise<string | undefined> {
  const path = await holdsOurs(git, target, folder);
  const text = path === undefined ? "" : ((await git.readFiles(target, [path])).get(path) ?? "");
  const found = /^ {2}name: sluice-([0-9a-f]{12})$/m.exec(text)?.[1];
  return found === id ? undefined : found;
}

/** Some of the manifests in the folder that are not ours: none, where there are none. */
async function findForeignManifests(
  git: GitReader,
  target: ObjectId,
  { outputPath, instance = firstInstance }: OutputFolder,
): Promise<readonly string[]> {
  const foreign: string[] = [];
  let count = 0;
  for await (const path of git.listFiles(target, outputPath)) {
    if (++count > filesMax || foreign.length === shownMax) break;
    if (!manifestName.test(path)) continue;
    const text = (await git.readFiles(target, [path])).get(path) ?? "";
    if (instanceOf(text) !== instance) foreign.push(path);
  }
  return foreign;
}

/** Where there is no state yet. Throws a SluiceError: STATE_MISSING where one had made the folder, OUTPUT_FOREIGN. */
export async function checkFirstOutput(git: GitReader, target: ObjectId, names: BranchNames): Promise<void> {
  const ours = await holdsOurs(git, target, names);
  if (ours !== undefined) {
    throw new SluiceError({
      code: "STATE_MISSING",
      message: `${ours} on ${names.target} is Sluice's, but there is no branch ${names.state}`,
      hint: `Restore that branch (\`sluice repair --restore-state\` pushes what was last known here), or remove ${names.outputPath}/ from ${names.target} to begin anew. A second Sluice beside another one needs a name and an output.path of its own.`,
    });
  }
  await checkOutputFolder(git, target, names);
}

/** A folder that nothing of ours stands in is not taken over from whoever has manifests there. Throws OUTPUT_FOREIGN. */
export async function checkOutputFolder(git: GitReader, target: ObjectId, names: BranchNames): Promise<void> {
  if ((await holdsOurs(git, target, names)) !== undefined) return;
  const foreign = await findForeignManifests(git, target, names);
  if (foreign.length === 0) return;
  throw new SluiceError({
    code: "OUTPUT_FOREIGN",
    message: `${names.outputPath}/ on ${names.target} holds manifests that are not Sluice's: ${foreign.join(", ")}`,
    hint: "Give Sluice a folder of its own in output.path, or move them elsewhere.",
  });
}
