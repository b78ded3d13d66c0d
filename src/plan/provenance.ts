/**
 * The two lines of a canonical manifest that say whose it is. Rendering writes them; here they are taken out and put
 * back, so that manifests of several claimants can be compared and one can take the place of another.
 */

// Canonical YAML indents by two, so members of metadata.labels and .annotations stand at column 4, and text of a user's
// annotation never does. Labels and annotations come before all else that a user writes.
const ownerLine = /^ {4}sluice\.dev\/owner: (.*)$/m;
const entityLine = /^ {4}sluice\.dev\/entity: (.*)$/m;

/** As written in the manifest, quotes included; empty where the manifest has no such line. */
export interface ProvenanceLines {
  readonly owner: string;
  readonly entity: string;
}

/** A manifest taken apart: what claimants must agree on, and whose it is. */
export function splitProvenance(manifest: string): ProvenanceLines & { readonly bare: string } {
  return {
    owner: ownerLine.exec(manifest)?.[1] ?? "",
    entity: entityLine.exec(manifest)?.[1] ?? "",
    bare: manifest.replace(ownerLine, "    sluice.dev/owner: ").replace(entityLine, "    sluice.dev/entity: "),
  };
}

export function joinProvenance(bare: string, { owner, entity }: ProvenanceLines): string {
  return bare
    .replace("    sluice.dev/owner: ", () => `    sluice.dev/owner: ${owner}`)
    .replace("    sluice.dev/entity: ", () => `    sluice.dev/entity: ${entity}`);
}

/** The entity's hash without the quotes that YAML may need around it. */
export function entityHashOf({ entity }: ProvenanceLines): string {
  return entity.replace(/["']/g, "");
}
