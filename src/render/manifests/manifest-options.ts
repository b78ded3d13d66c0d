/** What readManifests is given besides the template's output. */
import type { Provenance } from "../../model/manifest.ts";

export interface ManifestOptions {
  readonly provenance: Provenance;
  /** Set on every object, over what the template says. */
  readonly extraLabels: ReadonlyMap<string, string>;
  readonly extraAnnotations: ReadonlyMap<string, string>;
  /** Nothing of what was rendered may be quoted. */
  readonly isConfidential?: boolean;
}
