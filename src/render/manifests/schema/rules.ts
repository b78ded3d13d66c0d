/**
 * What the API server demands of Kubernetes' own kinds besides their OpenAPI, by definition and member.
 *
 * Only what follows from the object alone, and of that what events and slips are likely to get wrong:
 * test/contract/kube-schema.test.ts holds it against the API server itself.
 */
import { isJsonObject, type Json, type JsonObject } from "../../../model/json.ts";
import { faultOfApiVersion, faultOfDataKey, faultOfLabelValue, faultOfName } from "../check-names.ts";
import { boundRules, checkStrategy, faultOfTimeZone, shareOfAll, targetAmounts } from "./bound-rules.ts";
import { faultOfSchedule } from "./cron.ts";
import type { Findings } from "./findings.ts";
import { checkReach, networkRules } from "./network-rules.ts";
import { checkNames, checkResourceNames, podRules } from "./pod-rules.ts";
import { isNone, listOf, numberOf, oneOf, type Rules, rules } from "./rule-set.ts";
import {
  atLeast,
  between,
  each,
  faultOfCidr,
  faultOfHost,
  faultOfIp,
  faultOfPortName,
  faultOfQualifiedName,
  faultOfVariableName,
  imageReference,
  isIp,
  label,
  labelMap,
  memberOfObject,
  notEmpty,
  port,
  portNumberOrName,
  type Rule,
  serviceName,
  shareOrNumber,
  subdomain,
  text,
  textUnlessEmpty,
} from "./text-rules.ts";

/** Amounts by resource: none is negative, and their names are qualified. */
const amounts: Rule = (value, findings) => {
  if (!isJsonObject(value)) return;
  for (const [key, amount] of value) {
    const nameFault = faultOfQualifiedName(key);
    if (nameFault !== undefined) findings.within(key, () => findings.refuse(`is a key that ${nameFault}`));
    const number = numberOf(amount);
    if (number === undefined) continue;
    if (number < 0) findings.within(key, () => findings.refuse("must not be negative", amount));
    else if (!Number.isInteger(number) && isCounted(key)) {
      findings.within(key, () => findings.refuse("must be a whole number", amount));
    }
  }
};

/** Whether a resource comes in whole units: objects that are counted, and devices of vendors. */
function isCounted(resource: string): boolean {
  const slash = resource.indexOf("/");
  if (slash < 0) return counted.test(resource);
  const domain = resource.slice(0, slash).replace(/^(?:requests|limits)\./, "");
  return domain === "count" || (domain !== "kubernetes.io" && !domain.endsWith(".kubernetes.io"));
}

const counted =
  /^(?:pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|services\.(?:nodeports|loadbalancers))$/;

function checkRequests(resources: JsonObject, findings: Findings): void {
  const [limits, requests] = [resources.get("limits"), resources.get("requests")];
  if (!isJsonObject(limits) || !isJsonObject(requests)) return;
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    const [asked, most] = [numberOf(request), limit === null ? 0 : numberOf(limit)];
    if (asked === undefined || most === undefined || asked <= most) continue;
    findings.path.push("requests");
    findings.within(name, () => findings.refuse("must be at most the limit", request));
    findings.path.pop();
  }
}

/** A controller's selector must select the pods of its template, and all of them. */
function checkSelector(spec: JsonObject, findings: Findings): void {
  const selector = spec.get("selector");
  if (!isJsonObject(selector)) return;
  const wanted = selector.get("matchLabels");
  const labels = memberOfObject(spec, "template", "metadata", "labels");
  if (!isJsonObject(wanted) || wanted.size === 0) {
    const expressions = selector.get("matchExpressions");
    if (!Array.isArray(expressions) || expressions.length === 0) {
      findings.within("selector", () => findings.refuse("must not be empty"));
    }
    return;
  }
  if (!isJsonObject(spec.get("template"))) return;
  for (const [key, value] of wanted) {
    if (isJsonObject(labels) && labels.get(key) === value) continue;
    findings.path.push("selector", "matchLabels");
    findings.within(key, () => findings.refuse("must be a label of template too, with the same value", value));
    findings.path.length -= 2;
  }
}

function checkRestartPolicy(allowed: readonly string[], isRequired: boolean) {
  return (spec: JsonObject, findings: Findings): void => {
    const podSpec = memberOfObject(spec, "template", "spec");
    if (!isJsonObject(podSpec)) return;
    const policy = podSpec.get("restartPolicy") || undefined;
    if (policy === undefined ? !isRequired : typeof policy !== "string" || allowed.includes(policy)) return;
    findings.path.push("template", "spec");
    findings.within("restartPolicy", () => findings.refuse(`must be ${allowed.join(" or ")}`, policy ?? null));
    findings.path.length -= 2;
  };
}

/** What a Secret of a type that is Kubernetes' own must hold (ValidateSecret). No object: events may choose the type. */
const secretKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
]);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function checkSecret(secret: JsonObject, findings: Findings): void {
  const type = secret.get("type");
  for (const key of typeof type === "string" ? (secretKeys.get(type) ?? []) : []) {
    const has = (field: string): boolean => memberOfObject(secret, field, key) !== undefined;
    if (!has("data") && !has("stringData")) findings.refuse(`lacks ${key} in its data, which its type demands`);
  }
  // What it holds is nobody's to quote.
  const docker = memberOfObject(secret, "stringData", ".dockerconfigjson");
  if (type === "kubernetes.io/dockerconfigjson" && typeof docker === "string" && !isJson(docker)) {
    findings.path.push("stringData");
    findings.within(".dockerconfigjson", () => findings.refuse("must be JSON"));
    findings.path.pop();
  }
}

function checkService(spec: JsonObject, findings: Findings): void {
  const ports = spec.get("ports");
  const type = spec.get("type") ?? "ClusterIP";
  const list = Array.isArray(ports) ? (ports as readonly Json[]) : [];
  if (list.length === 0 && type !== "ExternalName" && spec.get("clusterIP") !== "None") {
    findings.within("ports", () => findings.refuse("must have at least one"));
  }
  const names = new Set<Json>();
  list.forEach((item, index) => {
    const name = memberOfObject(item, "name") ?? "";
    findings.path.push("ports", String(index));
    if (name === "" && list.length > 1) findings.refuse("lacks name, which several ports need");
    if (name !== "" && names.has(name)) findings.within("name", () => findings.refuse("is there twice", name));
    findings.path.length -= 2;
    names.add(name);
  });
  if (type === "ExternalName" && (spec.get("externalName") ?? "") === "") findings.refuse("lacks externalName");
  checkReach(spec, findings);
}

/** What a container mounts must be a volume of its pod, or one of a StatefulSet's claims. */
function checkMounts(...path: readonly string[]) {
  return (value: JsonObject, findings: Findings): void => {
    const spec = memberOfObject(value, ...path);
    if (!isJsonObject(spec)) return;
    const volumes = [
      ...listOf(spec, "volumes").map((volume) => memberOfObject(volume, "name")),
      ...listOf(value, "volumeClaimTemplates").map((claim) => memberOfObject(claim, "metadata", "name")),
    ];
    for (const field of ["initContainers", "containers"]) {
      listOf(spec, field).forEach((container, index) => {
        listOf(container, "volumeMounts").forEach((mount, at) => {
          const name = memberOfObject(mount, "name");
          if (typeof name !== "string" || volumes.includes(name)) return;
          const depth = findings.path.push(...path, field, String(index), "volumeMounts", String(at));
          findings.within("name", () => findings.refuse("must be the name of a volume", name));
          findings.path.length = depth - path.length - 4;
        });
      });
    }
  };
}

function checkToleration(toleration: JsonObject, findings: Findings): void {
  const operator = toleration.get("operator") || "Equal";
  const [key, value] = [toleration.get("key") || "", toleration.get("value") || ""];
  if (key === "" && operator !== "Exists") findings.refuse("lacks key, which only the operator Exists may");
  if (operator === "Exists" && value !== "") findings.within("value", () => findings.refuse("must be empty", value));
}

function checkScaler(spec: JsonObject, findings: Findings): void {
  const [min, max] = [numberOf(spec.get("minReplicas")), numberOf(spec.get("maxReplicas"))];
  if (min === 0) findings.within("minReplicas", () => findings.doubt("must be at least 1", min));
  if (min !== undefined && max !== undefined && min > max) {
    findings.within("maxReplicas", () => findings.refuse("must be at least minReplicas", max));
  }
}

function checkMetricTarget(target: JsonObject, findings: Findings): void {
  const isAbsent = (target.get("averageUtilization") ?? null) === null;
  if (target.get("type") === "Utilization" && isAbsent) findings.refuse("lacks averageUtilization");
}

/** Metadata is checked as a schema's part; names, labels and annotations are looked at for every kind elsewhere. */
const metadataRules = rules({ finalizers: each(text(faultOfFinalizer)) }, (metadata, findings) => {
  for (const key of ["uid", "resourceVersion", "managedFields"]) {
    const value = metadata.get(key) ?? "";
    if (value === "" || (Array.isArray(value) && value.length === 0)) continue;
    findings.within(key, () => findings.refuse("is the cluster's to say, and must not be there", value));
  }
  const finalizers = listOf(metadata, "finalizers");
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    findings.within("finalizers", () => findings.refuse("must not have both orphan and foregroundDeletion"));
  }
  const controllers = listOf(metadata, "ownerReferences").filter(
    (owner) => memberOfObject(owner, "controller") === true,
  );
  if (controllers.length > 1) {
    findings.within("ownerReferences", () => findings.refuse("must have at most one that is the controller"));
  }
});

function faultOfFinalizer(name: string): string | undefined {
  const fault = faultOfQualifiedName(name);
  if (fault !== undefined || name.includes("/")) return fault;
  const isStandard = ["orphan", "foregroundDeletion", "kubernetes"].includes(name);
  return isStandard ? undefined : "must have a domain and a '/' before its name";
}

function faultOfController(name: string): string | undefined {
  const slash = name.indexOf("/");
  const isValid = slash > 0 && subdomain(name.slice(0, slash)) === undefined && slash < name.length - 1;
  return isValid ? undefined : "must have a domain and a '/' before its name";
}

const container = rules(
  {
    name: text(label),
    image: imageReference,
    env: each((item, findings) => {
      const name = memberOfObject(item, "name");
      if (name !== undefined) findings.within("name", () => text(faultOfVariableName)(name, findings));
    }),
  },
  (value, findings) => {
    if ((value.get("image") ?? "") === "") findings.refuse("lacks image, which is required");
  },
);

const scaled = { replicas: atLeast(0), minReadySeconds: atLeast(0), revisionHistoryLimit: atLeast(0) };
const always = checkRestartPolicy(["Always"], false);
const controller = rules(scaled, (spec, findings) => {
  checkSelector(spec, findings);
  always(spec, findings);
});

const mountsOfTemplate = checkMounts("template", "spec");
const mounting = rules(scaled, (spec, findings) => {
  controller.whole?.(spec, findings);
  mountsOfTemplate(spec, findings);
});

const rbacGroup = textUnlessEmpty((group) => oneOf(group, ["rbac.authorization.k8s.io"]));

/** Both can't be nothing: no pod could ever be replaced. */
function checkRollout(isSurgeDefault: boolean) {
  return (rollout: JsonObject, findings: Findings): void => {
    const isNothing = (value: Json | undefined): boolean => value === "0%" || numberOf(value) === 0;
    const [surge, unavailable] = [rollout.get("maxSurge") ?? undefined, rollout.get("maxUnavailable") ?? undefined];
    const hasSurge = surge === undefined ? isSurgeDefault : !isNothing(surge);
    if (!isNothing(unavailable) || hasSurge) return;
    findings.within("maxUnavailable", () => findings.refuse("must not be 0 where maxSurge is 0"));
  };
}

const dataKey = text(faultOfDataKey);
const keySelector = rules({ key: dataKey, name: text(subdomain) });
const envSource = rules({ name: text(subdomain) }, (source, findings) => {
  if ((source.get("name") ?? "") === "") findings.refuse("lacks name");
});
const fileMode = between(0, 0o777);
const userId = between(0, 2 ** 31 - 1);
const pathSegment = text((name) => faultOfName("rbac.authorization.k8s.io", "Role", name));

function faultOfTlsHost(host: string): string | undefined {
  return host === "" ? "is empty" : isIp(host) ? undefined : faultOfHost(host);
}

const table: Readonly<Record<string, Rules>> = {
  ...networkRules,
  ...podRules,
  ...boundRules,
  "meta.v1.ObjectMeta": metadataRules,
  "meta.v1.LabelSelector": rules({ matchLabels: labelMap }),
  "meta.v1.LabelSelectorRequirement": rules(
    {
      key: text(faultOfQualifiedName),
      operator: text((operator) =>
        ["In", "NotIn", "Exists", "DoesNotExist"].includes(operator)
          ? undefined
          : "must be In, NotIn, Exists or DoesNotExist",
      ),
    },
    (value, findings) => {
      const values = value.get("values") ?? [];
      const count = Array.isArray(values) ? values.length : 0;
      const operator = value.get("operator");
      if ((operator === "In" || operator === "NotIn") && count === 0) findings.refuse("lacks values");
      if ((operator === "Exists" || operator === "DoesNotExist") && count > 0) findings.refuse("must have no values");
    },
  ),
  "core.v1.Container": container,
  "core.v1.EphemeralContainer": container,
  "core.v1.ContainerPort": rules({
    containerPort: port,
    hostPort: between(0, 65535),
    name: textUnlessEmpty(faultOfPortName),
  }),
  "core.v1.HTTPGetAction": rules({ port: portNumberOrName }),
  "core.v1.TCPSocketAction": rules({ port: portNumberOrName }),
  "core.v1.GRPCAction": rules({ port }),
  "core.v1.PodSpec": rules(
    {
      containers: notEmpty,
      activeDeadlineSeconds: between(1, 2 ** 31 - 1),
      hostname: textUnlessEmpty(label),
      subdomain: textUnlessEmpty(label),
      nodeName: textUnlessEmpty(subdomain),
      serviceAccountName: textUnlessEmpty(subdomain),
      runtimeClassName: text(subdomain),
      nodeSelector: labelMap,
    },
    checkNames,
  ),
  "core.v1.Pod": rules({}, checkMounts("spec")),
  "core.v1.EmptyDirVolumeSource": rules({
    sizeLimit: (size, findings) => {
      if ((numberOf(size) ?? 0) < 0) findings.refuse("must not be negative", size);
    },
  }),
  "core.v1.Toleration": rules(
    {
      key: textUnlessEmpty(faultOfQualifiedName),
      value: text(faultOfLabelValue),
      operator: textUnlessEmpty((operator) => oneOf(operator, ["Equal", "Exists"])),
    },
    checkToleration,
  ),
  "core.v1.ResourceRequirements": rules({ limits: amounts, requests: amounts }, (resources, findings) => {
    checkRequests(resources, findings);
    checkResourceNames(resources, findings);
  }),
  "core.v1.VolumeResourceRequirements": rules({ limits: amounts, requests: amounts }, checkRequests),
  "core.v1.ResourceQuotaSpec": rules({ hard: amounts }),
  "core.v1.ServiceSpec": rules(
    {
      selector: labelMap,
      clusterIP: textUnlessEmpty((address) => (address === "None" ? undefined : faultOfIp(address))),
      externalIPs: each(text(faultOfIp)),
      loadBalancerIP: textUnlessEmpty(faultOfIp),
      loadBalancerSourceRanges: each(text((range) => faultOfCidr(range.trim()))),
      externalName: textUnlessEmpty((name) => subdomain(name.replace(/\.$/, ""))),
    },
    checkService,
  ),
  "core.v1.ServicePort": rules({
    port,
    nodePort: between(0, 65535),
    targetPort: (target, findings) => {
      if (target !== "" && numberOf(target) !== 0) portNumberOrName(target, findings);
    },
    name: textUnlessEmpty(label),
  }),
  "core.v1.PersistentVolumeClaimSpec": rules(
    { accessModes: notEmpty, storageClassName: textUnlessEmpty(subdomain) },
    (spec, findings) => {
      if (spec.get("accessModes") === undefined) findings.refuse("lacks accessModes");
      const storage = memberOfObject(spec, "resources", "requests", "storage");
      if (storage === undefined) findings.refuse("lacks resources.requests.storage");
      else if ((numberOf(storage) ?? 1) <= 0) findings.refuse("must request storage of more than nothing", storage);
    },
  ),
  "core.v1.ReplicationControllerSpec": rules(scaled),
  "core.v1.Secret": rules({}, checkSecret),
  "apps.v1.DeploymentSpec": rules({ ...scaled, progressDeadlineSeconds: atLeast(0) }, (spec, findings) => {
    mounting.whole?.(spec, findings);
    const deadline = numberOf(spec.get("progressDeadlineSeconds") ?? undefined) ?? 600;
    if (deadline > (numberOf(spec.get("minReadySeconds")) ?? 0)) return;
    findings.within("minReadySeconds", () => findings.refuse("must be less than progressDeadlineSeconds"));
  }),
  "apps.v1.ReplicaSetSpec": mounting,
  "apps.v1.StatefulSetSpec": rules({ ...scaled, serviceName: textUnlessEmpty(label) }, (spec, findings) => {
    mounting.whole?.(spec, findings);
    listOf(spec, "volumeClaimTemplates").forEach((claim, index) => {
      const fault = label(String(memberOfObject(claim, "metadata", "name") ?? ""));
      if (fault === undefined) return;
      findings.path.push("volumeClaimTemplates", String(index), "metadata");
      findings.within("name", () => findings.refuse(fault));
      findings.path.length -= 3;
    });
  }),
  "apps.v1.DeploymentStrategy": rules({}, checkStrategy("Recreate")),
  "apps.v1.StatefulSetUpdateStrategy": rules({}, checkStrategy("OnDelete")),
  "apps.v1.StatefulSetOrdinals": rules({ start: atLeast(0) }),
  "apps.v1.RollingUpdateStatefulSetStrategy": rules({ partition: atLeast(0) }),
  "core.v1.SecretKeySelector": keySelector,
  "core.v1.ConfigMapKeySelector": keySelector,
  "core.v1.SecretEnvSource": envSource,
  "core.v1.ConfigMapEnvSource": envSource,
  "core.v1.ConfigMapVolumeSource": rules({ defaultMode: fileMode }, (source, findings) => {
    if ((source.get("name") ?? "") === "") findings.refuse("lacks name");
  }),
  "core.v1.SecretVolumeSource": rules({ defaultMode: fileMode }, (source, findings) => {
    if ((source.get("secretName") ?? "") === "") findings.refuse("lacks secretName");
  }),
  "core.v1.ProjectedVolumeSource": rules({ defaultMode: fileMode }),
  "core.v1.DownwardAPIVolumeSource": rules({ defaultMode: fileMode }),
  "core.v1.KeyToPath": rules({ mode: fileMode }),
  "core.v1.PodSecurityContext": rules({ runAsUser: userId, runAsGroup: userId, fsGroup: userId }),
  "core.v1.SecurityContext": rules({ runAsUser: userId, runAsGroup: userId }),
  "coordination.v1.LeaseSpec": rules({ leaseDurationSeconds: atLeast(1) }),
  "storage.v1.StorageClass": rules({
    provisioner: text((name) => faultOfQualifiedName(name.toLowerCase())),
    volumeBindingMode: text((mode) => oneOf(mode, ["Immediate", "WaitForFirstConsumer"])),
  }),
  "networking.v1.IngressClassSpec": rules({ controller: text(faultOfController) }, (spec, findings) => {
    if ((spec.get("controller") ?? "") === "") findings.refuse("lacks controller");
  }),
  "apps.v1.DaemonSetSpec": mounting,
  "apps.v1.RollingUpdateDeployment": rules({ maxSurge: shareOrNumber, maxUnavailable: shareOfAll }, checkRollout(true)),
  "apps.v1.RollingUpdateDaemonSet": rules({ maxSurge: shareOfAll, maxUnavailable: shareOfAll }, checkRollout(false)),
  "batch.v1.CronJobSpec": rules({
    schedule: text(faultOfSchedule),
    timeZone: text(faultOfTimeZone),
    startingDeadlineSeconds: atLeast(0),
    successfulJobsHistoryLimit: atLeast(0),
    failedJobsHistoryLimit: atLeast(0),
  }),
  "batch.v1.JobSpec": rules(
    {
      parallelism: atLeast(0),
      completions: atLeast(0),
      backoffLimit: atLeast(0),
      activeDeadlineSeconds: atLeast(0),
      ttlSecondsAfterFinished: atLeast(0),
      completionMode: text((mode) => oneOf(mode, ["NonIndexed", "Indexed"])),
    },
    checkRestartPolicy(["OnFailure", "Never"], true),
  ),
  "autoscaling.v1.HorizontalPodAutoscalerSpec": rules(
    { maxReplicas: atLeast(1), minReplicas: atLeast(0) },
    checkScaler,
  ),
  "autoscaling.v2.HorizontalPodAutoscalerSpec": rules(
    { maxReplicas: atLeast(1), minReplicas: atLeast(0) },
    checkScaler,
  ),
  "autoscaling.v2.MetricTarget": rules(
    {
      ...targetAmounts,
      averageUtilization: atLeast(1),
      type: text((type) => oneOf(type, ["Utilization", "Value", "AverageValue"])),
    },
    checkMetricTarget,
  ),
  "autoscaling.v2.CrossVersionObjectReference": rules(
    { apiVersion: text(faultOfApiVersion), kind: pathSegment, name: pathSegment },
    (target, findings) => {
      const apiVersion = target.get("apiVersion") ?? "";
      if (typeof apiVersion !== "string" || apiVersion.includes("/")) return;
      if (target.get("kind") !== "ReplicationController") findings.refuse("lacks the group in its apiVersion");
    },
  ),
  "networking.v1.IngressSpec": rules({ ingressClassName: text(subdomain) }, (spec, findings) => {
    const isEmpty = (value: Json | undefined): boolean =>
      Array.isArray(value) ? value.length === 0 : (value ?? null) === null;
    if (isEmpty(spec.get("rules")) && isEmpty(spec.get("defaultBackend")))
      findings.refuse("lacks rules or defaultBackend");
  }),
  "networking.v1.IngressRule": rules({ host: textUnlessEmpty(faultOfHost) }),
  "networking.v1.IngressTLS": rules({
    hosts: each(text(faultOfTlsHost)),
    secretName: textUnlessEmpty(subdomain),
  }),
  "networking.v1.IngressServiceBackend": rules({ name: text(serviceName) }, (backend, findings) => {
    const has = (member: string): boolean => (memberOfObject(backend, "port", member) ?? "") !== "";
    if (!has("number") && !has("name")) findings.refuse("lacks port.number or port.name");
  }),
  "rbac.v1.RoleRef": rules({
    name: text((name) => faultOfName("rbac.authorization.k8s.io", "Role", name)),
    kind: text((kind) => oneOf(kind, ["Role", "ClusterRole"])),
    apiGroup: rbacGroup,
  }),
  "rbac.v1.ClusterRoleBinding": rules({}, (binding, findings) => {
    listOf(binding, "subjects").forEach((subject, index) => {
      const isAccount = memberOfObject(subject, "kind") === "ServiceAccount";
      if (!isAccount || (memberOfObject(subject, "namespace") ?? "") !== "") return;
      findings.path.push("subjects");
      findings.within(String(index), () => findings.refuse("lacks namespace, which a ServiceAccount has"));
      findings.path.pop();
    });
  }),
  "rbac.v1.Subject": rules(
    {
      name: text((name) => (name === "" ? "is empty" : undefined)),
      kind: text((kind) => oneOf(kind, ["User", "Group", "ServiceAccount"])),
    },
    (subject, findings) => {
      const isAccount = subject.get("kind") === "ServiceAccount";
      const group = subject.get("apiGroup") || undefined;
      const wanted = isAccount ? undefined : "rbac.authorization.k8s.io";
      if (typeof group === "string" && group !== wanted) {
        findings.within("apiGroup", () => findings.refuse(`must be ${wanted ?? "empty"}`, group));
      }
      if (!isAccount) return;
      const name = subject.get("name");
      if (typeof name === "string" && name !== "") findings.within("name", () => text(subdomain)(name, findings));
    },
  ),
  "rbac.v1.PolicyRule": rules({ verbs: notEmpty }, (rule, findings) => {
    if (!isNone(rule.get("nonResourceURLs"))) return;
    for (const field of ["apiGroups", "resources"]) {
      if (isNone(rule.get(field))) findings.refuse(`lacks ${field}`);
    }
  }),
  "rbac.v1.Role": rules({}, (role, findings) => {
    listOf(role, "rules").forEach((rule, index) => {
      if (listOf(rule, "nonResourceURLs").length === 0) return;
      findings.path.push("rules", String(index));
      findings.within("nonResourceURLs", () => findings.refuse("are a ClusterRole's alone"));
      findings.path.length -= 2;
    });
  }),
  "meta.v1.OwnerReference": rules({ apiVersion: textUnlessEmpty(faultOfApiVersion) }, (owner, findings) => {
    const isEvent =
      owner.get("kind") === "Event" && /^(?:v1|events\.k8s\.io\/.*)$/.test(String(owner.get("apiVersion")));
    if (isEvent) findings.refuse("must not be an Event");
  }),
};

const byName = new Map(Object.entries(table));

/** The rules for a definition, if there are any. */
export function rulesOf(definition: string): Rules | undefined {
  return byName.get(definition);
}
