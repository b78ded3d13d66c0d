/** What `doctor` looks at of the clusters that the applier works on. */
import { examineCluster } from "../../adapters/kube/examine-cluster.ts";
import { parentNamespace, readMark } from "../../apply/applied-parent.ts";
import { applySetId } from "../../apply/apply-set.ts";
import { readParentName, unionOfKinds } from "../../apply/cluster-applier.ts";
import { kindPartOf } from "../../apply/object-rank.ts";
import { findFolder } from "../../apply/open-applier.ts";
import { listFolder } from "../../apply/pass-plan.ts";
import type { TargetHead } from "../../apply/target-follower.ts";
import { refuseMistaken } from "../../apply/whose-cluster.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import { countOf } from "../../model/count-of.ts";
import type { Examination } from "../../model/examination.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { applierOf, type Settings } from "../../model/settings.ts";
import { releaseKindPart } from "../../plan/paths.ts";
import type { CliContext } from "../cli/context.ts";
import { type ApplierStore, type Kubeconfig, openApplierStore } from "./applier.ts";
import { composeHelm } from "./helm.ts";
import { quietLog } from "./log.ts";

/** More are counted, and not looked at: what is wrong with a fleet shows in some of it. */
const clustersMax = 50;
/** Who does not answer soon is told so. */
const retryMsMax = 2_000;
const silenceMsMax = 10_000;

/** Nothing where there is no applier. What keeps the repository from being read is told of the repository. */
export async function* examineClusters(context: CliContext, settings: Settings): AsyncGenerator<Examination> {
  if (applierOf(settings) === undefined) return;
  const store = await openApplierStore(context, settings, quietLog(context));
  try {
    const head = await store.fetch(context.stop);
    if (head === undefined) return;
    const { value: clusters, problems } = await store.findClusters(head);
    const more = clusters.size - clustersMax;
    const left = more > 0 ? [`${countOf(more, "more cluster is", "more clusters are")} not looked at`] : [];
    yield {
      subject: "clusters",
      facts: [`${countOf(clusters.size, "cluster has", "clusters have")} a kubeconfig`, ...left],
      problems,
    };
    let releases = 0;
    for (const [key, kubeconfig] of [...clusters].slice(0, clustersMax)) {
      const examined = await examineOne(context, store, head, key, kubeconfig);
      releases += examined.releases;
      yield examined;
    }
    if (releases > 0) yield await examineHelm(releases);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    yield { subject: "clusters", facts: [], problems: [error.problem] };
  } finally {
    await store.close();
  }
}

async function examineOne(
  context: CliContext,
  store: ApplierStore,
  head: TargetHead,
  key: ClusterKey,
  kubeconfig: Kubeconfig,
): Promise<Examination & { readonly releases: number }> {
  const facts: string[] = [];
  let releases = 0;
  const problems: Problem[] = [];
  try {
    const parts = store.openCluster(key, kubeconfig, { kind: "none" });
    const revision = await findFolder(parts, head);
    const name = await readParentName(parts.git, revision);
    const { files } = await listFolder(parts.git, revision.folder);
    const isRelease = (key: string) => kindPartOf(key) === releaseKindPart;
    const releaseKeys = [...files.keys()].filter(isRelease);
    releases = releaseKeys.length;
    const watches = [...revision.policies.values()].some(({ correctsDrift }) => correctsDrift);
    const kinds = unionOfKinds([], files.keys());
    const needs = {
      kinds: unionOfKinds(
        [],
        [...files.keys()].filter((key) => !isRelease(key)),
      ),
      releasesIn: [...new Set(releaseKeys.map((key) => key.slice(0, key.indexOf("/"))))],
      watches,
      lease: { namespace: parentNamespace, name },
    };
    const options = { kubeconfig, redactor: context.redactor, env: process.env, retryMsMax, silenceMsMax };
    const found = await examineCluster(options, needs);
    facts.push(...found.facts);
    problems.push(...found.problems);
    const cluster = parts.connect();
    try {
      const question = { cluster: key, name, setId: applySetId(name, parentNamespace), manager: parts.manager };
      const parent = await refuseMistaken(cluster, question, async () => kinds);
      const applied = parent === undefined ? "" : readMark(parent).commit.slice(0, 12);
      facts.push(applied === "" ? "nothing is applied there yet" : `${applied} is applied there`);
    } finally {
      cluster.close();
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    problems.push(error.problem);
  }
  return { subject: `cluster ${key}`, facts, problems, releases };
}

/** The program that installs the charts of these clusters. */
async function examineHelm(releases: number): Promise<Examination> {
  const subject = "helm";
  try {
    const { major, minor } = await composeHelm().version();
    return { subject, facts: [`helm ${major}.${minor} sees to ${countOf(releases, "release")}`], problems: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { subject, facts: [], problems: [error.problem] };
  }
}
