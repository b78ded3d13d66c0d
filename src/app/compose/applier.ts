/** The applier, put together: a store of its own for the target, and the clusters behind their kubeconfigs. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { openKubeCluster } from "../../adapters/kube/kube-cluster.ts";
import { holdReaderFolder } from "../../adapters/system/state-directory.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import type { Adoption } from "../../apply/decide.ts";
import type { ClusterParts } from "../../apply/open-applier.ts";
import { PolicyReader } from "../../apply/owner-policies.ts";
import type { TargetHead } from "../../apply/target-follower.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { Settings } from "../../model/settings.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { openRepository } from "./repository.ts";

export interface ApplierStore {
  readonly git: GitRepository;
  /** Undefined: there is no such branch. */
  fetch(signal: AbortSignal): Promise<TargetHead | undefined>;
  /** What it takes to work on a cluster; closed with the store. */
  openCluster(key: ClusterKey, kubeconfigFile: string, adoption: Adoption): ClusterParts;
  close(): Promise<void>;
}

/** A store of its own: the service may be running, and other commands that read. */
export async function openApplierStore(context: CliContext, settings: Settings, log: Log): Promise<ApplierStore> {
  const folder = await holdReaderFolder(settings.state.directory);
  const git = await openRepository(context, settings, "git", log, folder.path).catch(async (error: unknown) => {
    await folder.close();
    throw error;
  });
  const { branch } = settings.repository;
  const policies = new PolicyReader(git);
  const holder = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
  const clusters: { close(): void }[] = [];
  return {
    git,
    fetch: async (signal) => {
      const heads = await git.fetchHeads([branch, settings.state.branch], signal);
      const [commit, state] = [heads.get(branch), heads.get(settings.state.branch)];
      if (commit === undefined) return undefined;
      const { tree, parents } = await git.readCommit(commit);
      const [parent] = parents;
      const of = parent === undefined ? {} : { parent };
      return { commit, ...of, tree, ...(state === undefined ? {} : { stateTree: (await git.readCommit(state)).tree }) };
    },
    openCluster: (key, kubeconfigFile, adoption) => {
      const { redactor } = context;
      const cluster = openKubeCluster({ kubeconfigFile, redactor, env: process.env });
      clusters.push(cluster);
      return {
        key,
        cluster,
        git,
        policies,
        clock: systemClock,
        outputPath: settings.output.path,
        manager: settings.name,
        adoption,
        holder,
      };
    },
    close: async () => {
      for (const cluster of clusters) cluster.close();
      await git.close();
      await folder.close();
    },
  };
}
