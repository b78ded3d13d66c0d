/** Where an object of a cluster and its claims are kept. */
import type { ClusterKey } from "../../model/cluster.ts";
import type { ObjectIdentity } from "../../model/manifest.ts";
import type { Owner, OwnerKind } from "../../model/owner.ts";
import type { ClaimRules } from "../claim-rules.ts";
import { type ObjectPaths, objectPathsOf } from "../object-paths.ts";
import { generatedNamespacePath } from "../paths.ts";
import { writeIdentity } from "../record-file.ts";
import type { StateView } from "../state-view.ts";
import { onSite } from "./claimant.ts";

export class ObjectSite {
  readonly view: StateView;
  readonly rules: ClaimRules;
  /** In whose folder it stands. */
  readonly cluster: ClusterKey;
  readonly identity: ObjectIdentity;
  readonly #paths: ObjectPaths;

  constructor(view: StateView, rules: ClaimRules, cluster: ClusterKey, identity: ObjectIdentity) {
    this.view = view;
    this.rules = rules;
    ({ cluster: this.cluster, identity: this.identity } = onSite(cluster, identity));
    this.#paths = objectPathsOf(cluster, identity, rules.layout);
  }

  /** Of `claims/`. */
  get folder(): string {
    return this.#paths.claims;
  }

  get headPath(): string {
    return this.#paths.head;
  }

  /** Have a folder for each owner who may have the object, by the owners' kind. */
  get ownersFolders(): Readonly<Record<OwnerKind, string>> {
    return this.#paths.ownersFolders;
  }

  /** The object's path in an owner's folder; undefined: among the Namespaces that are generated. */
  pathIn(place: Owner | undefined): string {
    if (place !== undefined) return this.#paths.in(place);
    return generatedNamespacePath(this.cluster, this.identity.name);
  }

  /** For assertions. */
  told(): string {
    return `${writeIdentity(this.identity)} on ${this.cluster}`;
  }
}
