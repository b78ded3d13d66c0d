/**
 * The port to a tree of files to read from, be it a commit's or a folder on disk: folders, and the bytes of files.
 *
 * Paths are relative to the tree's root, with `/`; the root is the empty path. No path given leads through a link:
 * whoever reads resolves links, so that it is decided in one place where they may lead.
 */

export interface FileTreeEntry {
  readonly name: string;
  /** `submodule`: another repository's commit; `other`: a device, a pipe, a socket. */
  readonly kind: "file" | "folder" | "link" | "submodule" | "other";
  /** Another text whenever the contents may have changed. */
  readonly version: string;
}

export interface FileTree {
  /** What is in the folder, in any order; undefined: there is no folder that can be listed. */
  list(path: string): Promise<readonly FileTreeEntry[] | undefined>;
  /** Where the link at the path leads, as it is written. */
  readLink(path: string): Promise<string>;
  /** Bytes of the regular files at those paths; those that can't be read are absent from the answer. */
  readFiles(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}
