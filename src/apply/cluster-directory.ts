/**
 * Which clusters the catalog in force describes, and where the hub keeps the kubeconfig of each: read from the documents
 * that the state branch keeps.
 */
import { parseYaml11Stream, YamlError, YamlToJsonError } from "../go-template/index.ts";
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import { findKubeconfig, type KubeconfigReference } from "../model/kubeconfig-reference.ts";
import { catalogFolder, encodePathPart } from "../plan/paths.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import { diffTrees } from "./diff-trees.ts";
import { textAt } from "./members.ts";

export type ClusterReferences = ReadonlyMap<ClusterKey, KubeconfigReference>;

type Repository = BlobReader & Pick<TreeReader, "readTree" | "findEntry">;

/** Folders of documents that are clusters, below the catalog's. */
const clusterFolders = ["lib.projectsveltos.io/sveltoscluster", "cluster.x-k8s.io/cluster"].map((folder) =>
  folder.split("/").map(encodePathPart).join("/"),
);

export class ClusterDirectory {
  readonly #git: Repository;
  #known: { readonly folders: string; readonly references: ClusterReferences } | undefined;

  constructor(git: Repository) {
    this.#git = git;
  }

  /** The same object for the same documents. `stateTree` undefined: there is no state yet. */
  async read(stateTree: ObjectId | undefined): Promise<ClusterReferences> {
    const folders: ObjectId[] = [];
    for (const folder of clusterFolders) {
      const path = `${catalogFolder}/${folder}`;
      const entry = stateTree === undefined ? undefined : await this.#git.findEntry(stateTree, path);
      if (entry !== undefined) folders.push(entry.id);
    }
    const version = folders.join(" ");
    if (this.#known?.folders !== version) {
      this.#known = { folders: version, references: await readReferences(this.#git, folders) };
    }
    return this.#known.references;
  }
}

async function readReferences(git: Repository, folders: readonly ObjectId[]): Promise<ClusterReferences> {
  const references = new Map<ClusterKey, KubeconfigReference>();
  for (const folder of folders) {
    const files: ObjectId[] = [];
    for await (const { after } of diffTrees(git, undefined, folder)) if (after !== undefined) files.push(after);
    for (const bytes of (await git.readBlobs(files)).values()) {
      const document = parseDocument(new TextDecoder().decode(bytes));
      const [namespace, name] = [textAt(document, "metadata", "namespace"), textAt(document, "metadata", "name")];
      if (!isJsonObject(document) || namespace === undefined || name === undefined) continue;
      references.set(clusterKey({ namespace, name }), findKubeconfig({ name, document }));
    }
  }
  return references;
}

/** Undefined: it can't be read, which the service that keeps it tells. */
function parseDocument(text: string): Json | undefined {
  try {
    return parseYaml11Stream(text)[0];
  } catch (error) {
    if (error instanceof YamlError || error instanceof YamlToJsonError) return undefined;
    throw error;
  }
}
