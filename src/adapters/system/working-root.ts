/**
 * The folder that nothing may lead out of when files of somebody's branch are read: the checkout they lie in.
 *
 * It is looked for by the path's own parts, from the top, so that a link among them is seen and not passed through.
 */
import { lstat, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

export interface WorkingRoot {
  /** Absolute, and itself no link. */
  readonly real: string;
  /** What was asked for, relative to it and with `/`; its parts may be links. */
  readonly path: string;
}

/** The root for an absolute path: the checkout that it lies in, else `fallback`, which must be the path or above it. */
export async function findWorkingRoot(path: string, fallback: string): Promise<WorkingRoot> {
  return workingRootAt((await findCheckout(path)) ?? fallback, path);
}

/** The root that somebody has decided on already. */
export async function workingRootAt(root: string, path: string): Promise<WorkingRoot> {
  const real = await realpath(root).catch(() => root);
  return { real, path: relative(root, path).split(sep).join("/") };
}

/** The innermost folder with a `.git` that the path lies in; the outermost where a link lies between. */
export async function findCheckout(path: string): Promise<string | undefined> {
  const checkouts: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    if (await exists(join(folder, ".git"))) checkouts.push(folder);
    if (folder === dirname(folder)) break;
  }
  const [innermost, outermost] = [checkouts[0], checkouts.at(-1)];
  if (outermost === undefined) return undefined;
  for (let folder = path; folder !== outermost; folder = dirname(folder)) {
    const info = await lstat(folder).catch(() => undefined);
    if (info?.isSymbolicLink()) return outermost;
  }
  return innermost;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
