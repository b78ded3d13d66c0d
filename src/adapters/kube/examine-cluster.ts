/**
 * Looks at a cluster as the applier would work on it, for `doctor`: reachable, new enough, what its user may do, who holds
 * the Lease. What somebody may do is asked by SelfSubjectAccessReviews, which the server answers and keeps nothing of.
 */
import { ClusterRefusal } from "../../model/cluster-refusal.ts";
import { countOf } from "../../model/count-of.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { LeaseName } from "../../ports/cluster.ts";
import { Discovery } from "./discovery.ts";
import { KubeConnection, type KubeConnectionOptions } from "./kube-connection.ts";
import { parseAnswer } from "./parse-answer.ts";

export interface ClusterNeeds {
  /** Kinds of the cluster's folder, without those that only Sluice knows. */
  readonly kinds: readonly { readonly group: string; readonly kind: string }[];
  /** Namespaces in which helm keeps releases of the folder. */
  readonly releasesIn: readonly string[];
  /** Whether drift is watched. */
  readonly watches: boolean;
  readonly lease: LeaseName;
}

export interface ClusterFindings {
  readonly facts: readonly string[];
  readonly problems: readonly Problem[];
}

const versionMin = [1, 27] as const;
const reviewsPath = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const hint = "docs/applier.md has the rights that it needs.";

interface Resource {
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
}

/** Throws where the cluster can't be reached at all. */
export async function examineCluster(options: KubeConnectionOptions, needs: ClusterNeeds): Promise<ClusterFindings> {
  const connection = new KubeConnection(options);
  const facts: string[] = [];
  const problems: Problem[] = [];
  try {
    await examineVersion(connection, facts, problems);
    await examineRights(connection, needs, facts, problems);
    await examineLease(connection, needs.lease, facts);
  } finally {
    connection.close();
  }
  return { facts, problems };
}

async function examineVersion(connection: KubeConnection, facts: string[], problems: Problem[]): Promise<void> {
  const {
    gitVersion = "",
    major,
    minor,
  } = parseAnswer<Readonly<Record<string, string>>>(await connection.read({ method: "GET", path: "/version" }));
  const [ours, theirs] = [versionMin, [Number.parseInt(major ?? "", 10), Number.parseInt(minor ?? "", 10)] as const];
  const isOld = theirs[0] < ours[0] || (theirs[0] === ours[0] && theirs[1] < ours[1]);
  if (isOld) {
    const message = `the cluster is Kubernetes ${gitVersion}, and the applier needs ${ours.join(".")} or newer`;
    problems.push({ code: "CLUSTER_UNAVAILABLE", severity: "error", message, hint: "Bring the cluster up to date." });
  } else facts.push(`its API server answers: Kubernetes ${gitVersion}`);
}

async function examineRights(
  connection: KubeConnection,
  { kinds, releasesIn, watches }: ClusterNeeds,
  facts: string[],
  problems: Problem[],
): Promise<void> {
  const may = (resource: Resource, verb: string) => isAllowed(connection, resource, verb);
  if (await may({ group: "*", resource: "*" }, "*")) {
    facts.push("its user may do everything, which is more than the applier needs: docs/applier.md has the least");
    return;
  }
  const discovery = new Discovery(connection);
  const missing: string[] = [];
  const need = async (resource: Resource, verbs: readonly string[]) => {
    const answers = await Promise.all(verbs.map(async (verb) => ((await may(resource, verb)) ? undefined : verb)));
    const lacking = answers.filter((verb) => verb !== undefined);
    if (lacking.length > 0) missing.push(`${lacking.join(", ")} ${describe(resource)}`);
  };
  const place = { namespace: "default" };
  await need({ group: "", resource: "configmaps", ...place }, ["get", "create", "patch"]);
  await need({ group: "coordination.k8s.io", resource: "leases", ...place }, ["get", "create", "update"]);
  const verbs = ["get", "list", ...(watches ? ["watch"] : []), "create", "patch", "delete"];
  for (const { group, kind } of kinds) {
    try {
      const found = await discovery.find(group, kind, undefined);
      // One that comes with the folder itself is there when it is needed.
      if (found !== undefined) await need({ group, resource: found.plural }, verbs);
    } catch (error) {
      if (!(error instanceof ClusterRefusal)) throw error;
      problems.push({ ...error.problem, severity: "warning" });
    }
  }
  const releaseVerbs = ["get", "list", "create", "update", "patch", "delete"];
  for (const namespace of releasesIn) await need({ group: "", resource: "secrets", namespace }, releaseVerbs);
  if (releasesIn.length > 0 && !(await may({ group: "", resource: "secrets" }, "list"))) {
    const message =
      "its user may not list secrets in all namespaces, so no release goes because its file went meanwhile";
    problems.push({ code: "CLUSTER_REFUSED", severity: "warning", message, hint });
  }
  if (missing.length === 0) facts.push(`its user may do all that the folder needs (${countOf(kinds.length, "kind")})`);
  for (const what of missing) {
    problems.push({ code: "CLUSTER_REFUSED", severity: "error", message: `its user may not ${what}`, hint });
  }
}

function describe({ group, resource, namespace }: Resource): string {
  const name = group === "" ? resource : `${resource}.${group}`;
  return namespace === undefined ? `${name} in all namespaces` : `${name} in ${namespace}`;
}

async function isAllowed(connection: KubeConnection, resource: Resource, verb: string): Promise<boolean> {
  const body = JSON.stringify({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { ...resource, verb } },
  });
  const answer = await connection.read({ method: "POST", path: reviewsPath, body });
  return parseAnswer<{ readonly status?: { readonly allowed?: boolean } }>(answer).status?.allowed === true;
}

async function examineLease(
  connection: KubeConnection,
  { namespace, name }: LeaseName,
  facts: string[],
): Promise<void> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  const where = `the Lease ${namespace}/${name}`;
  try {
    const answer = await connection.find({ method: "GET", path });
    const lease = answer === undefined ? undefined : parseAnswer<{ readonly spec?: LeaseSpec }>(answer.body);
    const { holderIdentity = "", renewTime = "" } = lease?.spec ?? {};
    facts.push(
      holderIdentity === "" ? `nobody holds ${where}` : `${holderIdentity} holds ${where}, renewed ${renewTime}`,
    );
  } catch (error) {
    // That it may not be read is told among the rights.
    if (!(error instanceof SluiceError) || !(error instanceof ClusterRefusal)) throw error;
  }
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly renewTime?: string;
}
