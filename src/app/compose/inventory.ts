/** A management cluster, and the target that its inventory is committed to. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { findKubeconfig } from "../../adapters/kube/find-kubeconfig.ts";
import { openKubeCluster } from "../../adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../adapters/kube/kubeconfig.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import type { Settings } from "../../model/settings.ts";
import type { InventoryTarget } from "../../pipeline/import/commit-inventory.ts";
import type { Cluster } from "../../ports/cluster.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { readRevisionFiles } from "./documents.ts";
import { openReaderStore } from "./reader-store.ts";
import { composeDecrypter } from "./sops.ts";

export const hubClock = systemClock;

/** A context of the kubeconfig that kubectl would read, or of `kubeconfig`. Throws NOT_FOUND. */
export async function openHubContext(
  { redactor, workingDirectory }: CliContext,
  context: string,
  kubeconfig: string | undefined,
): Promise<Cluster> {
  const { env } = process;
  const file =
    kubeconfig === undefined ? await findKubeconfig(context, env, homedir()) : resolve(workingDirectory, kubeconfig);
  const source = fileKubeconfig(resolve(workingDirectory, file), context);
  return openKubeCluster({ kubeconfig: source, redactor, env });
}

export interface OpenTarget extends InventoryTarget {
  close(): Promise<void>;
}

/** `configPath`: of the settings. */
export async function openInventoryTarget(
  context: CliContext,
  settings: Settings,
  configPath: string,
  hub: string,
  log: Log,
): Promise<OpenTarget> {
  const { git, close } = await openReaderStore(context, settings, log);
  const { exclude } = settings.config;
  return {
    git,
    clock: systemClock,
    branch: settings.repository.branch,
    configPath,
    hub,
    readConfig: (tree) =>
      readRevisionFiles(git, tree, { path: configPath, exclude, shown: configPath }, composeDecrypter(settings)),
    close,
  };
}
