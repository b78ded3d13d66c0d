/** What an import writes: files of documents that are not there yet, and the report of what was taken and what was left. */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ImportPlan } from "../../config/import/plan-import.ts";
import { loadCatalog } from "../../config/load-catalog.ts";
import { countOf } from "../../model/count-of.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { makeFolders } from "../compose/make-folders.ts";
import { type CliContext, type ExitCode, notFoundError, type OutputFormat, reportProblems } from "./context.ts";
import { type Column, printRows, type View } from "./print-rows.ts";

interface ImportRow {
  readonly action: "taken" | "left";
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The file that it stands in, or why it is left. */
  readonly where: string;
}

const columns: readonly Column<ImportRow>[] = [
  { title: "ACTION", cell: ({ action }) => action },
  { title: "KIND", cell: ({ kind }) => kind },
  { title: "NAMESPACE", cell: ({ namespace }) => namespace },
  { title: "NAME", cell: ({ name }) => name },
  { title: "FILE OR REASON", cell: ({ where }) => where },
];

const view: View<ImportRow> = {
  columns,
  name: ({ kind, namespace, name }) => `${kind.toLowerCase()}/${namespace === "" ? "" : `${namespace}/`}${name}`,
  plain: (row) => ({ ...row }),
};

/** Writes the files that are not there, and tells what was taken, what was left, and what of it has faults. */
export async function writePlan(
  context: CliContext,
  plan: ImportPlan,
  folder: string,
  { output, headers }: { readonly output: OutputFormat; readonly headers: boolean },
): Promise<ExitCode> {
  const root = resolve(context.workingDirectory, folder);
  if (plan.files.size === 0)
    throw notFoundError("there is nothing to take over", "See which contexts and namespaces were asked for.");
  const kept: Problem[] = [];
  for (const [path, text] of plan.files) {
    const problem = await writeNew(join(root, path), join(folder, path), text);
    if (problem !== undefined) kept.push(problem);
  }
  const taken = [...plan.taken].flatMap(([path, documents]) =>
    documents.map(({ kind, namespace, name }) => ({
      action: "taken" as const,
      kind,
      namespace,
      name,
      where: join(folder, path),
    })),
  );
  const left = plan.left.map(({ kind, namespace, name, reason }) => ({
    action: "left" as const,
    kind,
    namespace,
    name,
    where: reason,
  }));
  await printRows(context, { format: output, headers }, [...taken, ...left], view);

  const files = [...plan.files].map(([path, text]) => ({ path, text, shown: join(folder, path) }));
  const { problems } = loadCatalog(files, { compatibility: "strict" });
  const hasErrors = reportProblems(context, [...kept, ...problems]);
  const warnings = problems.filter(({ severity }) => severity === "warning").length;
  context.err(
    `${countOf(taken.length, "document")} in ${countOf(plan.files.size, "file")}, ${left.length} left out; ` +
      `${countOf(problems.length - warnings, "error")}, ${countOf(warnings, "warning")}\n`,
  );
  return hasErrors || kept.length > 0 || plan.left.some(({ isNeeded }) => isNeeded) ? 1 : 0;
}

/** What is there stays; a warning where it is something else. */
async function writeNew(file: string, shown: string, text: string): Promise<Problem | undefined> {
  try {
    await makeFolders(dirname(file));
    await writeFile(file, text, { flag: "wx" });
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST")
      throw new SluiceError({ code: "DISK_UNAVAILABLE", message: `${shown} can't be written: ${message}` }, error);
  }
  if ((await readFile(file, "utf8").catch(() => "")) === text) return undefined;
  return {
    code: "IMPORT_LEFT",
    severity: "warning",
    message: `${shown} is there already, with something else in it, and stays as it is`,
    hint: "Import into a new folder and compare, or move the file away.",
  };
}
