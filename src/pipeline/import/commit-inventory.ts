/**
 * The hub's clusters as files of the config folder, one each, committed to the target.
 *
 * Only files that this hub's import wrote are changed or removed: their first line says so. Of a kind that the hub has
 * none of, or does not know, nothing is removed: an answer without anything is absence, never a withdrawal. What does go is
 * counted by the service's guard like any other change of documents.
 */
import { titleOf } from "../../config/import/imported-document.ts";
import { planImport } from "../../config/import/plan-import.ts";
import { readDocuments } from "../../config/read-document.ts";
import { parseYaml } from "../../config/yaml-document.ts";
import type { ConfigFile } from "../../model/catalog.ts";
import { countOf } from "../../model/count-of.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { BlobReader, GitReader, GitWriter, ObjectId, TreeChange, TreeEntry } from "../../ports/git.ts";
import type { Clock } from "../../ports/system.ts";
import { escapeText } from "../commit-message.ts";
import type { HubObjects } from "./read-hub.ts";

export interface InventoryTarget {
  readonly git: GitReader & BlobReader & GitWriter;
  readonly clock: Clock;
  readonly branch: string;
  /** Of the target, with `/`: the config folder. */
  readonly configPath: string;
  /** The config folder's files at a tree of the target. Throws CONFIG_MISSING. */
  readonly readConfig: (tree: ObjectId) => Promise<readonly ConfigFile[]>;
  /** What the hub is called, on one line: who else imports into the folder is called otherwise. */
  readonly hub: string;
}

export interface InventoryReport {
  /** Undefined: nothing had to be changed. */
  readonly commit?: ObjectId;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** What is not as the hub has it, and why. */
  readonly problems: readonly Problem[];
}

const attemptsMax = 5;
const namesInMessageMax = 50;

/** Throws a SluiceError: USAGE, TARGET_MISSING, CONFIG_MISSING, GIT_REFUSED, or what the Git port throws. */
export async function commitInventory(
  target: InventoryTarget,
  found: HubObjects,
  signal: AbortSignal,
): Promise<InventoryReport> {
  const { git, branch, clock } = target;
  checkHubName(target.hub);
  for (let attempt = 1; ; attempt++) {
    const head = (await git.fetchHeads([branch], signal)).get(branch);
    if (head === undefined) {
      const hint = "Push the config folder first; `sluice init` writes one.";
      throw new SluiceError({ code: "TARGET_MISSING", message: `the repository has no branch ${branch}`, hint });
    }
    const { tree } = await git.readCommit(head);
    const { changes, ...report } = await planInventory(target, tree, found);
    if (changes.length === 0) return report;
    const message = writeMessage(target.hub, report);
    const written = await git.writeCommit({ base: tree, changes, parents: [head], message, time: clock.now() });
    // Files that config.exclude or a .sluiceignore leaves out are there, and are not seen.
    if (written.tree === tree) return { ...report, added: [], changed: [], removed: [] };
    const outcome = (await git.push([{ branch, from: head, to: written.id }], signal)).get(branch);
    if (outcome?.kind === "pushed") return { ...report, commit: written.id };
    // Somebody else was faster: what is there now is looked at anew.
    if (outcome?.kind === "refused" || attempt === attemptsMax) {
      const { message: why = "the branch moves again and again" } = outcome?.problem ?? {};
      throw new SluiceError({ code: "GIT_REFUSED", message: `the inventory can't be pushed to ${branch}: ${why}` });
    }
  }
}

/** It stands in a comment in front of each document, which the end of its line would end. */
const notOnOneLine = /[\0-\x1f\x7f-\x9f\u2028\u2029]/;

function checkHubName(hub: string): void {
  if (!notOnOneLine.test(hub)) return;
  throw new SluiceError({
    code: "USAGE",
    message: `the hub can't be called ${JSON.stringify(hub)}: a name is on one line, without control characters`,
    hint: "Give it another one with --hub.",
  });
}

type InventoryChanges = InventoryReport & { readonly changes: readonly TreeChange[] };

async function planInventory(
  { git, configPath, readConfig, hub }: InventoryTarget,
  tree: ObjectId,
  { objects, counts }: HubObjects,
): Promise<InventoryChanges> {
  const plan = planImport(objects, { onlyClusters: true });
  const sign = `# From the hub ${hub}, by \`sluice import\`: changes here are written over.\n`;
  const files = await readConfig(tree);
  const there = new Map(files.map((file) => [file.path, file]));
  const elsewhere = clustersElsewhere(files, sign);
  const unknown = [...plan.files.keys()].filter((path) => there.get(path)?.text.startsWith(sign) !== true);
  const taken = await findTaken(git, tree, configPath, unknown, sign);
  const problems: Problem[] = [];
  const changes: TreeChange[] = [];
  const added: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  for (const left of plan.left) problems.push(warning(`${titleOf(left)} is left out: ${left.reason}`));

  for (const [path, text] of plan.files) {
    const name = nameOf(path);
    const file = there.get(path);
    const holder = elsewhere.get(name);
    if (holder !== undefined) {
      problems.push(
        warning(`cluster ${name} is left as it is: ${holder} has it already, which no import of ${hub} wrote`),
      );
    } else if (taken.has(path)) {
      problems.push(
        warning(`cluster ${name} is left out: ${taken.get(path)} is there already, which no import of ${hub} wrote`),
      );
    } else if (file?.text !== sign + text) {
      changes.push({ path: `${configPath}/${path}`, action: "write", text: sign + text });
      (file === undefined ? added : changed).push(name);
    }
  }
  const staying = new Map<string, number>();
  for (const { path, text, fault } of files) {
    if (fault !== undefined || !text.startsWith(sign) || plan.files.has(path)) continue;
    const kind = /^kind: (\S+)$/m.exec(text)?.[1] ?? "";
    if ((counts.get(kind) ?? 0) > 0) {
      changes.push({ path: `${configPath}/${path}`, action: "delete" });
      removed.push(nameOf(path));
    } else staying.set(kind, (staying.get(kind) ?? 0) + 1);
  }
  for (const [kind, count] of staying) {
    const which = count === 1 ? "the one cluster of it" : `the ${countOf(count, "cluster")} of it`;
    problems.push(warning(`the hub ${hub} has no ${kind} at all, which may mean anything: ${which} in Git stays`));
  }
  if (plan.files.size === 0 && staying.size === 0) problems.push(warning(`the hub ${hub} has no clusters at all`));
  return { changes, added, changed, removed, problems: boundProblems(problems) };
}

/**
 * By path below the config folder, what of somebody else's is in its place: a file, whether it is a document or not, or a
 * file or link where a folder should be.
 */
async function findTaken(
  git: GitReader,
  tree: ObjectId,
  configPath: string,
  paths: readonly string[],
  sign: string,
): Promise<ReadonlyMap<string, string>> {
  const whole = (path: string) => `${configPath}/${path}`;
  const texts = await git.readFiles(tree, paths.map(whole));
  const entries = new Map<string, TreeEntry | undefined>();
  const find = async (path: string): Promise<TreeEntry | undefined> => {
    if (!entries.has(path)) entries.set(path, await git.findEntry(tree, path));
    return entries.get(path);
  };
  const taken = new Map<string, string>();
  for (const path of paths) {
    if (texts.get(whole(path))?.startsWith(sign) === true) continue;
    const steps = path.split("/");
    for (let depth = 1; depth <= steps.length; depth++) {
      const place = whole(steps.slice(0, depth).join("/"));
      const entry = await find(place);
      if (entry === undefined) break;
      if (depth < steps.length && entry.mode === folderMode) continue;
      taken.set(path, place);
      break;
    }
  }
  return taken;
}

/** By `<namespace>/<name>`, the file of somebody else's that a cluster stands in. */
function clustersElsewhere(files: readonly ConfigFile[], sign: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, shown = path, text, fault } of files) {
    if (fault !== undefined || text.startsWith(sign)) continue;
    for (const document of parseYaml(text, { file: shown, confidential: true })) {
      for (const { content } of readDocuments(document, path, "strict")) {
        if (content?.kind === "cluster") found.set(`${content.cluster.namespace}/${content.cluster.name}`, shown);
      }
    }
  }
  return found;
}

/** `clusters/fleet/eu-1.yaml` is fleet/eu-1. */
function nameOf(path: string): string {
  return path.replace(/^clusters\//, "").replace(/\.yaml$/, "");
}

const problemsMax = 20;

function boundProblems(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= problemsMax) return problems;
  return [...problems.slice(0, problemsMax), warning(`${problems.length - problemsMax} more are not shown`)];
}

function warning(message: string): Problem {
  return { code: "IMPORT_LEFT", severity: "warning", message };
}

function writeMessage(hub: string, { added, changed, removed }: InventoryReport): string {
  const count = added.length + changed.length + removed.length;
  const lines = [
    ...added.map((name) => `added ${escapeText(name)}`),
    ...changed.map((name) => `changed ${escapeText(name)}`),
    ...removed.map((name) => `removed ${escapeText(name)}`),
  ];
  const shown = lines.slice(0, namesInMessageMax);
  const more = lines.length > shown.length ? [`and ${lines.length - shown.length} more`] : [];
  return `Take over ${countOf(count, "cluster")} of the hub ${escapeText(hub)}\n\n${[...shown, ...more].join("\n")}\n`;
}
