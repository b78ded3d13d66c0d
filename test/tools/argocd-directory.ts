/**
 * What Argo CD makes of a folder: the rules of its directory source, written anew after argo-cd v3.5.7
 * (util/app/discovery.Discover, reposerver/repository.findManifests, recursive).
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";

export interface ArgoDirectory {
  /** `Directory`, unless a file makes something else of the folder. */
  readonly type: "Directory" | "Helm" | "Kustomize";
  readonly objects: readonly Readonly<Record<string, unknown>>[];
  /** Files that are passed over although they look like manifests. */
  readonly skipped: readonly string[];
}

const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const skipMarker = "+argocd:skip-file-rendering";

export function readArgoDirectory(folder: string): ArgoDirectory {
  const files = (readdirSync(folder, { recursive: true, withFileTypes: true }) as import("node:fs").Dirent[])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  let type: ArgoDirectory["type"] = "Directory";
  const objects: Record<string, unknown>[] = [];
  const skipped: string[] = [];
  for (const file of files) {
    const name = basename(file);
    if (dirname(file) === folder && name.endsWith("Chart.yaml")) type = "Helm";
    if (dirname(file) === folder && kustomizationNames.includes(name)) type = "Kustomize";
    if (!/\.(?:yaml|yml|json|jsonnet)$/.test(name)) continue;
    const text = readFileSync(file, "utf8");
    if (text.includes(skipMarker)) {
      skipped.push(file);
      continue;
    }
    for (const document of parseAllDocuments(text, { version: "1.1" })) {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
      const object = document.toJS() as Record<string, unknown> | null;
      if (object === null) continue;
      // A list at the root makes objects of its items.
      if (Array.isArray(object.items)) objects.push(...(object.items as Record<string, unknown>[]));
      else objects.push(object);
    }
  }
  return { type, objects, skipped };
}
