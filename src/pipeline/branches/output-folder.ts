/** Who has the output folder of the target: Sluice, or somebody whose manifests stand there. */
import { clusterFileName } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
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
export async function findForeignManifests(
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
