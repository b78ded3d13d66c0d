/** What LeavePolicies left on clusters: objects in Git that nobody claims. */
import type { ClusterKey } from "../model/cluster.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import { parseHead } from "../plan/claims-file.ts";
import { claimsFolder, clusterFolder } from "../plan/paths.ts";
import { parseIdentity, parseStateFile } from "../plan/record-file.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";

export interface LeftObject {
  readonly cluster: ClusterKey;
  readonly identity: ObjectIdentity;
  /** In whose folder it stands: who had it first. */
  readonly place: Owner;
}

export interface LeftFilter {
  readonly trigger?: string;
  readonly cluster?: string;
}

/** Heads that are read at a time. */
const headsAtOnce = 500;

/** In the order of paths. */
export async function* listLeft(
  git: GitReader,
  tree: ObjectId | undefined,
  { trigger, cluster }: LeftFilter,
): AsyncIterable<LeftObject> {
  if (tree === undefined) return;
  const folder = cluster === undefined ? claimsFolder : `${claimsFolder}/${clusterFolder(cluster)}`;
  let paths: string[] = [];
  const read = async () => {
    const texts = await git.readFiles(tree, paths);
    const found = paths.flatMap((path) => leftIn(texts.get(path), path));
    paths = [];
    return found.filter(({ place }) => trigger === undefined || place.name === trigger);
  };
  for await (const path of git.listFiles(tree, folder)) {
    if (!path.endsWith("/head.json")) continue;
    paths.push(path);
    if (paths.length === headsAtOnce) yield* await read();
  }
  yield* await read();
}

function leftIn(text: string | undefined, path: string): readonly LeftObject[] {
  // Most heads are of objects that somebody claims.
  if (text === undefined || !text.includes('"left"')) return [];
  const { left: cluster, place } = parseHead(text, path);
  if (cluster === undefined || place === undefined) return [];
  return [{ cluster, place, identity: parseIdentity(String(parseStateFile(text, path).get("object"))) }];
}
