/**
 * A document as the state branch keeps it: with the config folder's file that it stood in, so that a restarted service
 * still knows what a file held when it can't be read any more, and with what a set of clusters has chosen.
 */
import type { ConfigFile, RawDocument } from "../model/catalog.ts";
import type { ClusterKey } from "../model/cluster.ts";

const header =
  /^# sluice\.dev\/file: ("(?:[^"\\\n]|\\.)*")\n(?:# sluice\.dev\/chosen: (\[.*\])\n)?(?:# sluice\.dev\/hmac: ([0-9a-f]+)\n)?/;

/** `chosen`: of a ClusterSet or Set with maxReplicas, which clusters it has. */
export function writeKeptDocument(
  { file, text }: Pick<RawDocument, "file" | "text">,
  chosen?: readonly ClusterKey[],
): string {
  const choice = chosen === undefined ? "" : `# sluice.dev/chosen: ${JSON.stringify(chosen)}\n`;
  return `# sluice.dev/file: ${JSON.stringify(file)}\n${choice}${text}`;
}

/**
 * A file of the state branch as a document of the file that it once stood in; without a header, of itself. One of which
 * the state keeps a digest alone is withheld.
 */
export function readKeptDocument(path: string, text: string): ConfigFile {
  const [, quoted, chosen, withheld] = header.exec(text) ?? [];
  return {
    path: quoted === undefined ? path : (JSON.parse(quoted) as string),
    shown: path,
    text,
    ...(chosen === undefined ? {} : { chosen: JSON.parse(chosen) as ClusterKey[] }),
    ...(withheld === undefined ? {} : { isHidden: true, withheld }),
  };
}
