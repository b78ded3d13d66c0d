/**
 * Which clusters the catalog in force describes, and where the hub keeps the kubeconfig of each: read from the documents
 * that the state branch keeps.
 */
import { type ClusterKey, clusterKey } from "../model/cluster.ts";
import { isJsonObject } from "../model/json.ts";
import { findKubeconfig, type KubeconfigReference } from "../model/kubeconfig-reference.ts";
import { catalogFolder, encodePathPart } from "../plan/paths.ts";
import type { ObjectId } from "../ports/git.ts";
import { type KeptRepository, parseKeptText, readKeptTexts } from "./kept-documents.ts";
import { textAt } from "./members.ts";

export type ClusterReferences = ReadonlyMap<ClusterKey, KubeconfigReference>;

/** Folders of documents that are clusters, below the catalog's. */
const clusterFolders = ["lib.projectsveltos.io/sveltoscluster", "cluster.x-k8s.io/cluster"].map((folder) =>
  folder.split("/").map(encodePathPart).join("/"),
);

export class ClusterDirectory {
  readonly #git: KeptRepository;
  #known: { readonly folders: string; readonly references: ClusterReferences } | undefined;

  constructor(git: KeptRepository) {
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

async function readReferences(git: KeptRepository, folders: readonly ObjectId[]): Promise<ClusterReferences> {
  const references = new Map<ClusterKey, KubeconfigReference>();
  for (const folder of folders) {
    for await (const text of readKeptTexts(git, folder)) {
      const document = parseKeptText(text);
      const [namespace, name] = [textAt(document, "metadata", "namespace"), textAt(document, "metadata", "name")];
      if (!isJsonObject(document) || namespace === undefined || name === undefined) continue;
      references.set(clusterKey({ namespace, name }), findKubeconfig({ name, document }));
    }
  }
  return references;
}
