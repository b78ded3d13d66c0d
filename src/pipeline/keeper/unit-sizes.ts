/**
 * How many objects units of triggers have: kustomize takes quadratic time, for each commit. Looked at from time to time,
 * where something has changed, and told with the number of buckets to set.
 */
import { findUnits } from "../../delivery/unit.ts";
import type { Catalog } from "../../model/catalog.ts";
import { clusterKey } from "../../model/cluster.ts";
import { countOf } from "../../model/count-of.ts";
import { clustersWithFolders } from "../../model/local-object.ts";
import type { Problem } from "../../model/problem.ts";
import { clusterFolder, desiredFolder, triggersArea } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";

const objectsMax = 2000;
const bucketChoices = [1, 4, 16, 64];

export class UnitSizes {
  /** Of each cluster's folder of triggers: its tree, when it was counted, and how many its largest unit had. */
  readonly #counted = new Map<string, { readonly tree: ObjectId; readonly largest: number; readonly unit: string }>();
  #told = "";

  /** Undefined: no unit is too large, or that was told. */
  async look(git: GitReader, tree: ObjectId, catalog: Catalog): Promise<Problem | undefined> {
    const { delivery } = catalog;
    if (delivery === undefined) return undefined;
    const unitsOf = findUnits(catalog, delivery);
    let largest = { count: 0, unit: "" };
    let many = 0;
    for (const cluster of clustersWithFolders(catalog).values()) {
      const key = clusterKey(cluster);
      const folder = `${desiredFolder}/${clusterFolder(key)}/${triggersArea}`;
      const entry = await git.findEntry(tree, folder);
      if (entry === undefined) continue;
      let counted = this.#counted.get(key);
      if (counted?.tree !== entry.id) {
        const folders = unitsOf(cluster).map((unit) => `${desiredFolder}/${unit.folder}`);
        counted = { tree: entry.id, ...(await countLargest(git, tree, folder, new Set(folders))) };
        this.#counted.set(key, counted);
      }
      if (counted.largest > objectsMax) many++;
      if (counted.largest > largest.count) largest = { count: counted.largest, unit: counted.unit };
    }
    if (many === 0) {
      this.#told = "";
      return undefined;
    }
    const fit = bucketChoices.find((buckets) => (largest.count * delivery.buckets) / buckets <= objectsMax) ?? 64;
    const told = `${fit} ${many}`;
    if (told === this.#told) return undefined;
    this.#told = told;
    const others = many === 1 ? "" : `; so ${many === 2 ? "has" : "have"} ${countOf(many - 1, "other cluster")}`;
    return {
      code: "DELIVERY_COSTLY",
      severity: "warning",
      message: `${largest.unit.slice(desiredFolder.length + 1)} has ${countOf(largest.count, "object")} in one unit, more than ${objectsMax}: kustomize takes quadratic time for each commit${others}`,
      hint: `Set delivery.buckets: ${fit}, which is a hand-over; see docs/delivery.md.`,
    };
  }
}

/** The unit with the most files below a folder; `units`: folders of units. */
async function countLargest(
  git: GitReader,
  tree: ObjectId,
  folder: string,
  units: ReadonlySet<string>,
): Promise<{ readonly largest: number; readonly unit: string }> {
  const counts = new Map<string, number>();
  for await (const path of git.listFiles(tree, folder)) {
    const unit = unitOf(path, units);
    if (unit !== undefined) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  }
  const [unit = "", count = 1] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  // Its own file is none of the objects.
  return { largest: count - 1, unit };
}

function unitOf(path: string, units: ReadonlySet<string>): string | undefined {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (units.has(path.slice(0, end))) return path.slice(0, end);
  }
  return undefined;
}
