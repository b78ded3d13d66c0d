/**
 * A document as the state branch keeps it: with the config folder's file that it stood in, so that a restarted service
 * still knows what a file held when it can't be read any more.
 */
import type { ConfigFile, RawDocument } from "../model/catalog.ts";

const header = /^# sluice\.dev\/file: ("(?:[^"\\\n]|\\.)*")\n/;

export function writeKeptDocument({ file, text }: Pick<RawDocument, "file" | "text">): string {
  return `# sluice.dev/file: ${JSON.stringify(file)}\n${text}`;
}

/** A file of the state branch as a document of the file that it once stood in; without a header, of itself. */
export function readKeptDocument(path: string, text: string): ConfigFile {
  const quoted = header.exec(text)?.[1];
  return { path: quoted === undefined ? path : (JSON.parse(quoted) as string), shown: path, text };
}
