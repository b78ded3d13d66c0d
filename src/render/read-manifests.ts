/**
 * From what a template printed to manifests: guarded, valid, with provenance, in canonical YAML.
 *
 * An object that an API server would refuse is refused here, because one bad object stops the sync of a whole cluster.
 */
import type { Manifest } from "../model/manifest.ts";
import type { Checked } from "../model/problem.ts";
import type { RenderedText, TemplateSource } from "../model/template.ts";
import { readGuardedDocuments } from "./guard/read-guarded-documents.ts";
import { findObjects } from "./manifests/find-objects.ts";
import type { ManifestOptions } from "./manifests/manifest-options.ts";
import { ObjectReport } from "./manifests/object-report.ts";
import { OwnDocuments } from "./manifests/own-documents.ts";
import { readManifest } from "./manifests/read-manifest.ts";
import { mayHoldSecret, withoutQuotes } from "./without-quotes.ts";

export type { ManifestOptions } from "./manifests/manifest-options.ts";

/**
 * Reads all objects of a template's output, in its order; documents without content are skipped and Lists taken apart.
 * A problem of severity `error` (GUARD_VIOLATION, MANIFEST_SYNTAX, MANIFEST_INVALID, NAME_INVALID, LABEL_INVALID) means
 * that the rendering failed as a whole.
 */
export function readManifests(
  rendered: RenderedText,
  source: TemplateSource,
  options: ManifestOptions,
): Checked<readonly Manifest[]> {
  const documents = readGuardedDocuments(rendered, source);
  const isConfidential = source.confidential === true || options.isConfidential === true;
  if ("code" in documents) {
    const isSecret = mayHoldSecret(rendered.text);
    const problem = isConfidential || isSecret ? withoutQuotes(documents, isSecret) : documents;
    return { value: [], problems: [problem] };
  }

  const report = new ObjectReport(rendered, source, isConfidential, new OwnDocuments(options.documents));
  const value: Manifest[] = [];
  for (const node of findObjects(documents, (node) => report.printedIn(node) !== undefined)) {
    const manifest = readManifest(node, options, report);
    if (manifest !== undefined) value.push(manifest);
  }
  return { value, problems: report.problems };
}
