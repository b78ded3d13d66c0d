/** Whose a file on the target is: by the labels that rendering writes into every object. */

const managedBy = /^"?app\.kubernetes\.io\/managed-by"?: *"?sluice"?$/;
const instanceLabel = /^"?sluice\.dev\/instance"?: *"?([^"\s]*)"?$/;

/** Settings' default for `name`: whose files are that name no instance, as earlier versions wrote them. */
export const firstInstance = "sluice";

/**
 * The instance of Sluice that has written a file; undefined: somebody else. Only the object's own labels count: the same words in a
 * text are somebody's text.
 */
export function instanceOf(text: string): string | undefined {
  const labels = labelLines(text);
  if (!labels.some((line) => managedBy.test(line))) return undefined;
  return labels.flatMap((line) => instanceLabel.exec(line)?.[1] ?? [])[0] ?? firstInstance;
}

/** The entries of `metadata.labels` in block style, as Sluice writes it. */
function labelLines(text: string): readonly string[] {
  const lines = text.split("\n");
  const metadata = lines.findIndex((line) => /^metadata:\s*$/.test(line));
  if (metadata < 0) return [];
  const labels: string[] = [];
  /** Of metadata's own keys, and whether they are in `labels`. */
  let depth: number | undefined;
  let isInside = false;
  for (const line of lines.slice(metadata + 1)) {
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    if (indent === 0) break;
    depth ??= indent;
    if (indent <= depth) isInside = /^ +labels:\s*$/.test(line);
    else if (isInside) labels.push(line.trim());
  }
  return labels;
}
