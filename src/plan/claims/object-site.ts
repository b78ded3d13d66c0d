/** Where an object of a cluster and its claims are kept. */
import type { ClusterKey } from "../../model/cluster.ts";
import type { ObjectIdentity } from "../../model/manifest.ts";
import type { Owner, OwnerKind } from "../../model/owner.ts";
import type { ClaimRules } from "../claim-rules.ts";
import { headPath } from "../claims-file.ts";
import { generatedNamespacePath, objectClaimsFolder, objectFile, ownerFolderName, ownersFoldersOf } from "../paths.ts";
import { writeIdentity } from "../record-file.ts";
import type { StateView } from "../state-view.ts";
import { onSite } from "./claimant.ts";

export class ObjectSite {
  readonly view: StateView;
  readonly rules: ClaimRules;
  /** In whose folder it stands. */
  readonly cluster: ClusterKey;
  readonly identity: ObjectIdentity;
  /** Of `claims/`. */
  readonly folder: string;
  readonly headPath: string;
  /** Have a folder for each owner who may have the object, by the owners' kind. */
  readonly ownersFolders: Readonly<Record<OwnerKind, string>>;
  readonly #file: string;

  constructor(view: StateView, rules: ClaimRules, cluster: ClusterKey, identity: ObjectIdentity) {
    this.view = view;
    this.rules = rules;
    ({ cluster: this.cluster, identity: this.identity } = onSite(cluster, identity));
    this.folder = objectClaimsFolder(this.cluster, this.identity);
    this.headPath = headPath(this.folder);
    this.ownersFolders = ownersFoldersOf(this.cluster, this.identity, rules.layout);
    this.#file = objectFile(identity, rules.layout);
  }

  /** The object's path in an owner's folder; undefined: among the Namespaces that are generated. */
  pathIn(place: Owner | undefined): string {
    if (place !== undefined)
      return `${this.ownersFolders[place.kind]}/${ownerFolderName(place, this.cluster)}/${this.#file}`;
    return generatedNamespacePath(this.cluster, this.identity.name);
  }

  /** For assertions. */
  told(): string {
    return `${writeIdentity(this.identity)} on ${this.cluster}`;
  }
}
