/** The applier, put together: a store of its own for the target, and the clusters behind their kubeconfigs. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { openKubeCluster } from "../../adapters/kube/kube-cluster.ts";
import { fileKubeconfig, type KubeconfigSource } from "../../adapters/kube/kubeconfig.ts";
import { secretKubeconfig } from "../../adapters/kube/secret-kubeconfig.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import { ClusterDirectory, type ClusterReferences } from "../../apply/cluster-directory.ts";
import type { Adoption } from "../../apply/decide.ts";
import type { ClusterParts } from "../../apply/open-applier.ts";
import { PolicyReader } from "../../apply/owner-policies.ts";
import { ReleaseCluster } from "../../apply/releases/release-cluster.ts";
import { ReleaseJobs } from "../../apply/releases/release-jobs.ts";
import type { TargetHead } from "../../apply/target-follower.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { Problem } from "../../model/problem.ts";
import { applierOf, type Settings } from "../../model/settings.ts";
import { Turns } from "../../model/turns.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { composeHelm } from "./helm.ts";
import { type Hub, openHub } from "./hub.ts";
import { openReaderStore } from "./reader-store.ts";

/** The clusters that the settings lead to, each with what it is reached by. */
export type ReachableClusters = ReadonlyMap<ClusterKey, Kubeconfig>;

export interface Kubeconfig extends KubeconfigSource {
  /** Another text where it is another place. */
  readonly id: string;
}

export interface Reachable {
  readonly value: ReachableClusters;
  readonly problems: readonly Problem[];
}

/** The cluster that somebody named, with a kubeconfig or without. */
export interface MeantCluster {
  readonly cluster: ClusterKey;
  readonly kubeconfigFile?: string;
}

export interface ApplierStore {
  readonly git: GitRepository;
  /** Undefined: there is no such branch. */
  fetch(signal: AbortSignal): Promise<TargetHead | undefined>;
  /** The kubeconfig that the settings, or somebody, name for a cluster; undefined: the hub has to be asked. */
  findNamed(meant: MeantCluster): Kubeconfig | undefined;
  /**
   * The clusters of `delivery.kubeconfigs`, and those of the catalog in force that the hub has kubeconfigs of; or the one
   * that is meant. `problems`: clusters that the hub does not lead to.
   */
  findClusters(head: TargetHead, meant?: MeantCluster): Promise<Reachable>;
  /** What it takes to work on a cluster. `helmMsMax`: how long a pass waits for helm; default: to its end. */
  openCluster(key: ClusterKey, kubeconfig: KubeconfigSource, adoption: Adoption, helmMsMax?: number): ClusterParts;
  close(): Promise<void>;
}

/** Helm takes some 100 MB for as long as it runs, and most of the time it waits. */
const helmRunsMax = 8;

export async function openApplierStore(context: CliContext, settings: Settings, log: Log): Promise<ApplierStore> {
  const { git, close } = await openReaderStore(context, settings, log);
  const { branch } = settings.repository;
  const policies = new PolicyReader(git);
  const directory = new ClusterDirectory(git);
  const applier = applierOf(settings);
  const hub = applier === undefined || settings.hub === undefined ? undefined : openHub(context, settings.hub);
  const helm = composeHelm();
  const turns = new Turns(helmRunsMax);
  const holder = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
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
    findNamed: ({ cluster, kubeconfigFile }) => {
      const file = kubeconfigFile ?? applier?.kubeconfigs.get(cluster);
      return file === undefined ? undefined : atFile(file);
    },
    findClusters: async ({ stateTree }, meant) => {
      if (meant?.kubeconfigFile !== undefined) {
        return { value: new Map([[meant.cluster, atFile(meant.kubeconfigFile)]]), problems: [] };
      }
      const isMeant = (key: ClusterKey) => meant === undefined || key === meant.cluster;
      const files = [...(applier?.kubeconfigs ?? [])].filter(([key]) => isMeant(key));
      const value = new Map(files.map(([key, file]) => [key, atFile(file)]));
      const problems: Problem[] = [];
      if (hub !== undefined) {
        const references = [...(await directory.read(stateTree))].filter(([key]) => isMeant(key) && !value.has(key));
        addFromHub(hub, new Map(references), value, problems);
      }
      return { value, problems };
    },
    openCluster: (key, kubeconfig, adoption, patienceMs = Number.POSITIVE_INFINITY) => {
      const { redactor, stop: signal } = context;
      return {
        key,
        connect: () => {
          const cluster = openKubeCluster({ kubeconfig, redactor, env: process.env });
          const jobs = new ReleaseJobs({ clock: systemClock, patienceMs, turns, signal });
          return new ReleaseCluster({ cluster, helm, clock: systemClock, manager: settings.name, jobs });
        },
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
      hub?.close();
      await close();
    },
  };
}

function atFile(file: string): Kubeconfig {
  return { ...fileKubeconfig(file), id: file };
}

function addFromHub(
  hub: Hub,
  references: ClusterReferences,
  clusters: Map<ClusterKey, Kubeconfig>,
  problems: Problem[],
): void {
  for (const [key, reference] of references) {
    if (reference.kind === "none") {
      const hint = `Name a kubeconfig for it in delivery.kubeconfigs, or leave it to somebody else.`;
      const message = `${key} can't be applied to: ${reference.reason}`;
      problems.push({ code: "KUBECONFIG_INVALID", severity: "warning", message, hint });
      continue;
    }
    const { name, key: entry } = reference;
    const namespace = key.slice(0, key.indexOf("/"));
    const source = secretKubeconfig(hub, { namespace, name, key: entry });
    clusters.set(key, { ...source, id: JSON.stringify([namespace, name, entry]) });
  }
}
