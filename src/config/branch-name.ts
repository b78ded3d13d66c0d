/** What may be the name of a branch: what `git check-ref-format --branch` takes. */

/** A control character, a blank, or what means something in revisions and patterns. */
const forbidden = /[\x00-\x20\x7f~^:?*[\\]/;

/** What is wrong with it, as the end of a sentence that begins with it; undefined: nothing. */
export function faultOfBranch(name: string): string | undefined {
  if (forbidden.test(name)) return "has a blank, a control character, or one of ~ ^ : ? * [ \\";
  if (name.includes("..") || name.includes("@{")) return "has '..' or '@{' in it";
  if (name.startsWith("-")) return "begins with '-'";
  if (name.endsWith(".")) return "ends with '.'";
  if (name === "HEAD" || name === "@") return "means another branch to Git";
  const parts = name.split("/");
  if (parts.includes("")) return "has a '/' at an end, or two together";
  if (parts.some((part) => part.startsWith(".") || part.endsWith(".lock"))) {
    return "has a part that begins with '.' or ends with '.lock'";
  }
  return undefined;
}

/** Git keeps a branch as a file: two of one name, or one in the folder of the other's name, are none. */
export function excludeEachOther(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}
