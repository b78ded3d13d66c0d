/** What readManifests is given besides the template's output. */
import type { CustomKinds } from "../../model/custom-kind.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Provenance } from "../../model/manifest.ts";
import type { RenderedPatch } from "../patches/patch-object.ts";
import type { KubernetesChecks } from "./schema/check-schema.ts";

export interface ManifestOptions {
  readonly provenance: Provenance;
  /** Set on every object, over what the template says. */
  readonly extraLabels: ReadonlyMap<string, string>;
  readonly extraAnnotations: ReadonlyMap<string, string>;
  /** What is changed of the objects. */
  readonly patches?: readonly RenderedPatch[];
  /** It comes of an event, which must not say what other programs do: `checkReferences`. */
  readonly isOfEvent?: boolean;
  /** Objects are made anew where they can't be changed as they are. */
  readonly isForced?: boolean;
  /** Documents of the config folder that templates may print whole. */
  readonly documents?: readonly JsonObject[];
  /** Nothing of what was rendered may be quoted. */
  readonly isConfidential?: boolean;
  /** How strictly objects are held against the schemas of their kinds; default `refuse`. */
  readonly checks?: KubernetesChecks;
  /** Whoever reads the objects writes YAML as it is: no kustomize stands in between, as with Argo CD and the applier. */
  readonly isReadAsWritten?: boolean;
  /** Kinds besides Kubernetes' own that are known. */
  readonly customKinds?: CustomKinds;
  /** Says also what is no fault of an object, but of what is known of its kind. */
  readonly isValidation?: boolean;
}
