/**
 * Paths of a proposal: below the folder of manifests, or, with a prefix that no cluster's namespace can be, below that of
 * what a hub applies. The same path stands for the same file in the state and on the target.
 */
import { chartsFolder, deliveryFolder, desiredFolder, isHubFile, isReleasePath } from "./paths.ts";

/** The two folders, in the state or on a branch. */
export interface ProposalFolders {
  /** Of manifests. */
  readonly outputPath: string;
  /** Of what a hub applies; absent: nothing is delivered. */
  readonly deliveryPath?: string;
  /** Of charts, where they don't stand among the manifests. */
  readonly chartsPath?: string;
  /** Releases of charts are on the target, among the manifests. */
  readonly hasReleases?: boolean;
}

const prefix = "~delivery/";

export const stateFolders: ProposalFolders = {
  outputPath: desiredFolder,
  deliveryPath: deliveryFolder,
  chartsPath: chartsFolder,
};

export function deliveredPath(below: string): string {
  return `${prefix}${below}`;
}

/** Below the folder of what a hub applies; undefined: it is a manifest's. */
export function belowDelivery(path: string): string | undefined {
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}

/** Where the file stands. One that was of a hub stands nowhere, where nothing is delivered any more. */
export function placeIn({ outputPath, deliveryPath, chartsPath }: ProposalFolders, path: string): string {
  const below = belowDelivery(path);
  if (below === undefined && chartsPath !== undefined && isReleasePath(path)) return `${chartsPath}/${path}`;
  return below === undefined || deliveryPath === undefined ? `${outputPath}/${path}` : `${deliveryPath}/${below}`;
}

/** The cluster's folder, `<namespace>/<name>`; undefined: it is of none. */
export function clusterOfProposal(path: string): string | undefined {
  const below = belowDelivery(path);
  if (below !== undefined && isHubFile(`${deliveryFolder}/${below}`))
    return below.slice("hub/".length, -".yaml".length);
  const parts = below?.split("/").slice(1) ?? path.split("/");
  return parts.length < 3 ? undefined : parts.slice(0, 2).join("/");
}
