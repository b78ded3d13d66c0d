/** All paths of an object of a cluster on the state branch, made once: planning looks each of them up several times. */
import type { Layout } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import type { Owner, OwnerKind } from "../model/owner.ts";
import { headPath } from "./claims-file.ts";
import { objectClaimsFolder, objectPath, ownersFoldersOf } from "./paths.ts";

export class ObjectPaths {
  readonly cluster: ClusterKey;
  readonly layout: Layout;
  /** Have a folder for each owner who may have the object, by the owners' kind. */
  readonly ownersFolders: Readonly<Record<OwnerKind, string>>;
  /** Of `claims/`. */
  readonly claims: string;
  readonly head: string;
  readonly #identity: ObjectIdentity;
  /** Whose folder was asked for last, nearly always the only one's. */
  #owner: Owner | undefined;
  #inOwner = "";

  constructor(cluster: ClusterKey, identity: ObjectIdentity, layout: Layout) {
    this.cluster = cluster;
    this.layout = layout;
    this.ownersFolders = ownersFoldersOf(cluster, identity, layout);
    this.claims = objectClaimsFolder(cluster, identity);
    this.head = headPath(this.claims);
    this.#identity = identity;
  }

  /** The object's file in an owner's folder. */
  in(owner: Owner): string {
    if (this.#owner !== owner) {
      this.#owner = owner;
      this.#inOwner = objectPath(this.cluster, owner, this.#identity, this.layout);
    }
    return this.#inOwner;
  }
}

/** The same ones for as long as the identity lives: what is rendered has one of its own for each cluster. */
export function objectPathsOf(cluster: ClusterKey, identity: ObjectIdentity, layout: Layout): ObjectPaths {
  let paths = known.get(identity);
  if (paths === undefined || paths.cluster !== cluster || paths.layout !== layout) {
    paths = new ObjectPaths(cluster, identity, layout);
    known.set(identity, paths);
  }
  return paths;
}

const known = new WeakMap<ObjectIdentity, ObjectPaths>();
