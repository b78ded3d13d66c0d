/**
 * Which paths may be written. What git itself would refuse to check out, on any system, never gets into a tree:
 * the rules are those of git's `fsck --strict` (hasDot, hasDotdot, hasDotgit, fullPathname) and of common file systems.
 */
import { SluiceError } from "../../model/problem.ts";

/** What common file systems take. */
const partBytesMax = 255;

/** Unicode code points that HFS+ ignores when it compares names. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** `.git` as Windows sees it: its short name, trailing dots and spaces, and streams. */
const dotGitOnWindows = /^(\.git|git~1)[. ]*(:.*)?$/i;

/** Most paths: nothing in them that could be wrong, and short enough for each part. */
const plainPath = /^[A-Za-z0-9_%-][A-Za-z0-9_.%-]*(?:\/[A-Za-z0-9_%-][A-Za-z0-9_.%-]*)*$/;

/** Throws a SluiceError (GIT_INVALID) for a path, relative to the tree's root, that must not be written. */
export function checkPath(path: string): void {
  if (path.length <= partBytesMax && plainPath.test(path)) return;
  for (const part of path.split("/")) {
    const fault = findPartFault(part);
    if (fault !== undefined) {
      throw new SluiceError({
        code: "GIT_INVALID",
        message: `${JSON.stringify(path)} is no path for a file: ${fault}`,
      });
    }
  }
}

function findPartFault(part: string): string | undefined {
  if (part === "") return "it has an empty part";
  if (part === "." || part === "..") return `it has the part ${part}`;
  if (part.includes("\0")) return "it has a NUL character";
  if (!part.isWellFormed()) return "it is not well-formed Unicode";
  if (Buffer.byteLength(part) > partBytesMax) return `it has a part of more than ${partBytesMax} bytes`;
  // Windows takes a backslash for a separator.
  for (const piece of part.replace(ignoredByHfs, "").split("\\")) {
    if (dotGitOnWindows.test(piece)) return "it leads into Git's own folder";
  }
  return undefined;
}
