/**
 * What `sluice init` writes, out of the folder `repo-layout` that ships with the program: `all` for everybody, and a folder
 * for each way of delivery that has files of its own. `.tmpl` at the end of a name: its text is a template of the answers;
 * `dot-` at the beginning stands for a dot, which packing would take for its own.
 */
import { readOrigin } from "../../adapters/checkout/read-origin.ts";
import type { JsonObject } from "../../model/json.ts";
import { listLayoutFiles, readLayoutFile } from "../project-files.ts";
import { compileShippedText } from "./shipped-template.ts";

const templateEnding = ".tmpl";

/** The files, by their path in the new repository, sorted. */
export function renderRepoLayout(folders: readonly string[], answers: JsonObject): ReadonlyMap<string, string> {
  const files = folders.flatMap((folder) =>
    listLayoutFiles(folder).map((path): [string, string] => {
      const text = readLayoutFile(folder, path);
      if (!path.endsWith(templateEnding)) return [targetPath(path), text];
      const template = compileShippedText(`repo-layout/${folder}/${path}`, text);
      return [targetPath(path.slice(0, -templateEnding.length)), template.render(answers, { clock: 0 }).text];
    }),
  );
  return new Map(files.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function targetPath(path: string): string {
  return path
    .split("/")
    .map((name) => name.replace(/^dot-/, "."))
    .join("/");
}

/** The checkout that a folder is in, where it is in one. */
export const findOrigin = readOrigin;
