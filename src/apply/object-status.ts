/**
 * How an object is doing, by what it says of itself: as kstatus has it (sigs.k8s.io/cli-utils, pkg/kstatus/status), which
 * Flux and kubectl's helpers go by. Pure.
 */
import { countOf } from "../model/count-of.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { releaseKindPart } from "../plan/paths.ts";
import { listAt, memberAt, numberAt, textAt } from "./members.ts";

export type Health = "current" | "in-progress" | "failed" | "terminating";

export interface ObjectStatus {
  readonly health: Health;
  /** What it waits for, or why it failed; empty where it is current. */
  readonly message: string;
}

const current: ObjectStatus = { health: "current", message: "" };
const waiting = (message: string): ObjectStatus => ({ health: "in-progress", message });
const failed = (message: string): ObjectStatus => ({ health: "failed", message });

type StatusOf = (object: JsonObject) => ObjectStatus;

/** By `kind.group`, in lower case. What is not here is current as soon as its conditions do not say otherwise. */
const kinds: Readonly<Record<string, StatusOf>> = {
  "deployment.apps": statusOfDeployment,
  "statefulset.apps": statusOfStatefulSet,
  "replicaset.apps": statusOfReplicaSet,
  "daemonset.apps": statusOfDaemonSet,
  "job.batch": statusOfJob,
  persistentvolumeclaim: (object) =>
    textAt(object, "status", "phase") === "Bound"
      ? current
      : waiting(`it is ${textAt(object, "status", "phase") ?? "not bound"}`),
  pod: statusOfPod,
  service: (object) => {
    const isBalanced = textAt(object, "spec", "type") === "LoadBalancer";
    const isWaiting = isBalanced && (textAt(object, "spec", "clusterIP") ?? "") === "";
    return isWaiting ? waiting("its address is not there yet") : current;
  },
  "poddisruptionbudget.policy": (object) =>
    memberAt(object, "status", "currentHealthy") === undefined ? waiting("it is not observed yet") : current,
  "customresourcedefinition.apiextensions.k8s.io": statusOfDefinition,
  "apiservice.apiregistration.k8s.io": (object) => {
    const available = conditionOf(object, "Available");
    return available?.status === "True" ? current : waiting(available?.message ?? "it is not available yet");
  },
};

/** Kinds of the API server itself that have no status to wait for: that they are there is all. */
const withoutStatus = new Set([
  ...["configmap", "secret", "serviceaccount", "namespace", "limitrange", "resourcequota", "endpoints"],
  ...["role", "rolebinding", "clusterrole", "clusterrolebinding"].map((kind) => `${kind}.rbac.authorization.k8s.io`),
  "networkpolicy.networking.k8s.io",
  "storageclass.storage.k8s.io",
  "priorityclass.scheduling.k8s.io",
  "validatingwebhookconfiguration.admissionregistration.k8s.io",
  "mutatingwebhookconfiguration.admissionregistration.k8s.io",
  // What helm waits for has come where a release counts as applied.
  releaseKindPart,
]);

/** Whether there is anything to wait for in objects of this kind. */
export function hasHealth(kindPart: string): boolean {
  return !withoutStatus.has(kindPart.toLowerCase());
}

export function readStatus(object: JsonObject): ObjectStatus {
  if (memberAt(object, "metadata", "deletionTimestamp") !== undefined) {
    return { health: "terminating", message: "it is being deleted" };
  }
  const apiVersion = textAt(object, "apiVersion") ?? "";
  const group = apiVersion.includes("/") ? `.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : "";
  const ofKind = kinds[`${textAt(object, "kind") ?? ""}${group}`.toLowerCase()];
  const generic = genericStatus(object);
  if (generic !== undefined) return generic;
  return ofKind === undefined ? current : ofKind(object);
}

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function conditionOf(object: JsonObject, type: string): Condition | undefined {
  const found = listAt(object, "status", "conditions").find((condition) => textAt(condition, "type") === type);
  return found === undefined ? undefined : readCondition(found);
}

function readCondition(condition: Json): Condition {
  const [status = "Unknown", reason = "", message = ""] = ["status", "reason", "message"].map((key) =>
    textAt(condition, key),
  );
  return { status, reason, message: message === "" ? reason : message };
}

/** What any object may say: an older generation was observed, or one of the conditions that mean the same everywhere. */
function genericStatus(object: JsonObject): ObjectStatus | undefined {
  const generation = numberAt(object, -1, "metadata", "generation");
  const observed = numberAt(object, -1, "status", "observedGeneration");
  if (observed >= 0 && observed !== generation) return waiting("its latest version is not observed yet");
  const reconciling = conditionOf(object, "Reconciling");
  if (reconciling?.status === "True") return waiting(reconciling.message || "it is being reconciled");
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status === "True") return failed(stalled.message || "it is stalled");
  const ready = conditionOf(object, "Ready");
  if (ready !== undefined && ready.status !== "True") return waiting(ready.message || "it is not ready");
  return undefined;
}

function statusOfDeployment(object: JsonObject): ObjectStatus {
  const progressing = conditionOf(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") return failed("its progress deadline is exceeded");
  const wanted = numberAt(object, 1, "spec", "replicas");
  const count = (key: string) => numberAt(object, 0, "status", key);
  if (wanted > count("updatedReplicas"))
    return waiting(`${count("updatedReplicas")} of ${countOf(wanted, "replica")} updated`);
  if (count("replicas") > wanted)
    return waiting(`${countOf(count("replicas") - wanted, "replica is", "replicas are")} to end`);
  if (count("updatedReplicas") > count("availableReplicas")) {
    return waiting(`${count("availableReplicas")} of ${countOf(count("updatedReplicas"), "replica")} available`);
  }
  if (wanted > count("readyReplicas"))
    return waiting(`${count("readyReplicas")} of ${countOf(wanted, "replica")} ready`);
  if (progressing !== undefined && progressing.status !== "True") return waiting("it does not progress");
  const available = conditionOf(object, "Available");
  if (available === undefined || available.status !== "True") return waiting("it is not available yet");
  return current;
}

function statusOfStatefulSet(object: JsonObject): ObjectStatus {
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return current;
  const wanted = numberAt(object, 1, "spec", "replicas");
  const partition = numberAt(object, -1, "spec", "updateStrategy", "rollingUpdate", "partition");
  const count = (key: string) => numberAt(object, 0, "status", key);
  if (wanted > count("replicas")) return waiting(`${count("replicas")} of ${countOf(wanted, "replica")} there`);
  if (wanted > count("readyReplicas"))
    return waiting(`${count("readyReplicas")} of ${countOf(wanted, "replica")} ready`);
  if (count("replicas") > wanted)
    return waiting(`${countOf(count("replicas") - wanted, "replica is", "replicas are")} to end`);
  if (partition >= 0) {
    const toUpdate = Math.max(0, wanted - partition);
    const updated = count("updatedReplicas");
    return updated < toUpdate ? waiting(`${updated} of ${toUpdate} replicas are updated`) : current;
  }
  if (wanted > count("currentReplicas"))
    return waiting(`${count("currentReplicas")} of ${countOf(wanted, "replica")} current`);
  const isSame = textAt(object, "status", "currentRevision") === textAt(object, "status", "updateRevision");
  return isSame ? current : waiting("it is being updated");
}

function statusOfReplicaSet(object: JsonObject): ObjectStatus {
  const failure = conditionOf(object, "ReplicaFailure");
  if (failure?.status === "True") return waiting(failure.message);
  const wanted = numberAt(object, 1, "spec", "replicas");
  const count = (key: string) => numberAt(object, 0, "status", key);
  for (const key of ["fullyLabeledReplicas", "availableReplicas", "readyReplicas"]) {
    if (wanted > count(key)) return waiting(`${count(key)} of ${countOf(wanted, "replica")} there (${key})`);
  }
  return count("replicas") > wanted
    ? waiting(`${countOf(count("replicas") - wanted, "replica is", "replicas are")} to end`)
    : current;
}

function statusOfDaemonSet(object: JsonObject): ObjectStatus {
  if (memberAt(object, "status", "observedGeneration") === undefined) return waiting("it is not observed yet");
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return current;
  const wanted = numberAt(object, -1, "status", "desiredNumberScheduled");
  const count = (key: string) => numberAt(object, 0, "status", key);
  if (wanted < 0) return waiting("it is not scheduled yet");
  for (const key of ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"]) {
    if (wanted > count(key))
      return waiting(`${count(key)} of ${countOf(wanted, "node has it", "nodes have it")} (${key})`);
  }
  return current;
}

function statusOfJob(object: JsonObject): ObjectStatus {
  for (const type of ["Failed", "FailureTarget"]) {
    const condition = conditionOf(object, type);
    if (condition?.status === "True") return failed(condition.message);
  }
  const done = ["Complete", "SuccessCriteriaMet", "Suspended"].some(
    (type) => conditionOf(object, type)?.status === "True",
  );
  if (done) return current;
  // A Job that runs is as it should be: it may be meant to run for ever.
  return memberAt(object, "status", "startTime") === undefined ? waiting("it has not started yet") : current;
}

function statusOfPod(object: JsonObject): ObjectStatus {
  const phase = textAt(object, "status", "phase") ?? "";
  if (phase === "Succeeded" || phase === "Running") return current;
  if (phase === "Failed") return failed("it failed");
  return waiting(`it is ${phase === "" ? "not scheduled" : phase}`);
}

function statusOfDefinition(object: JsonObject): ObjectStatus {
  const accepted = conditionOf(object, "NamesAccepted");
  if (accepted?.status === "False") return failed(accepted.message);
  const established = conditionOf(object, "Established");
  if (established?.status === "True") return current;
  if (established?.status === "False" && established.reason !== "Installing") return failed(established.message);
  return waiting("it is not established yet");
}
