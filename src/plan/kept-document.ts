/**
 * A document as the state branch keeps it: with the config folder's file that it stood in, so that a restarted service
 * still knows what a file held when it can't be read any more, with what a set of clusters has chosen, and with why
 * nothing is rendered of it: what stands here is the last good version, which does not tell that it is bad now.
 */
import type { ConfigFile, RawDocument } from "../model/catalog.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { Problem } from "../model/problem.ts";

const header =
  /^# sluice\.dev\/file: ("(?:[^"\\\n]|\\.)*")\n(?:# sluice\.dev\/chosen: (\[.*\])\n)?(?:# sluice\.dev\/broken: (\{.*\})\n)?(?:# sluice\.dev\/hmac: ([0-9a-f]+)\n)?/;

/** `chosen`: of a ClusterSet or Set with maxReplicas, which clusters it has. */
export function writeKeptDocument(
  { file, text, broken }: Pick<RawDocument, "file" | "text" | "broken">,
  chosen?: readonly ClusterKey[],
): string {
  const choice = chosen === undefined ? "" : `# sluice.dev/chosen: ${JSON.stringify(chosen)}\n`;
  // What a machine lacks is its own: the next one may have it.
  const fault = broken === undefined || broken.code === "SECRET_UNREADABLE" ? "" : writeFault(broken);
  return `# sluice.dev/file: ${JSON.stringify(file)}\n${choice}${fault}${text}`;
}

/** On one line, in ASCII: a message may quote what no YAML file may have. */
function writeFault(fault: Problem): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `# sluice.dev/broken: ${JSON.stringify(fault).replace(/[^ -~]/g, escaped)}\n`;
}

/**
 * A file of the state branch as a document of the file that it once stood in; without a header, of itself. One of which
 * the state keeps a digest alone is withheld.
 */
export function readKeptDocument(path: string, text: string): ConfigFile {
  const [, quoted, chosen, broken, withheld] = header.exec(text) ?? [];
  return {
    path: quoted === undefined ? path : (JSON.parse(quoted) as string),
    shown: path,
    text,
    ...(chosen === undefined ? {} : { chosen: JSON.parse(chosen) as ClusterKey[] }),
    ...(broken === undefined ? {} : { broken: JSON.parse(broken) as Problem }),
    ...(withheld === undefined ? {} : { isHidden: true, withheld }),
  };
}
