/** The forms that Kubernetes demands of names, label keys and values (apimachinery's validation). */

/** What is wrong with a text, as the end of a sentence that begins with it; undefined where nothing is. */
export type Fault = string | undefined;

const labelLengthMax = 63;
const subdomainLengthMax = 253;

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const dnsLabelOfOld = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const kindName = /^[A-Za-z](?:[-A-Za-z0-9]*[A-Za-z0-9])?$/;
const dataKey = /^[-._a-zA-Z0-9]+$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A namespace, or the name of a Namespace (RFC 1123 label). */
export function faultOfNamespace(name: string): Fault {
  return faultOfForm(
    name,
    dnsLabel,
    labelLengthMax,
    "lower-case letters, digits and '-', a letter or digit at both ends",
  );
}

const releaseNameLengthMax = 53;

/** The name of a Helm release: what the charts' own objects are called begins with it. */
export function faultOfReleaseName(name: string): Fault {
  return faultOfForm(name, dnsSubdomain, releaseNameLengthMax, subdomainForm);
}

/** The Namespaces that every cluster has and that are the cluster's own: deleting one is refused, or breaks the cluster. */
export function isBuiltInNamespace(name: string): boolean {
  return name === "default" || name.startsWith("kube-");
}

type NameRule = (name: string) => Fault;

const subdomainForm = "lower-case letters, digits, '-' and '.', a letter or digit at both ends of each part";

function subdomainOf(lengthMax: number): NameRule {
  return (name) => faultOfForm(name, dnsSubdomain, lengthMax, subdomainForm);
}

/** Names of these may hold all that a path can. */
const pathSegment: NameRule = (name) => {
  if (name === "") return "is empty";
  if (name === "." || name === "..") return "is no name";
  return /[/%]/.test(name) ? "holds '/' or '%'" : undefined;
};

const serviceName: NameRule = (name) =>
  faultOfForm(name, dnsLabelOfOld, labelLengthMax, "lower-case letters, digits and '-', a letter first, no '-' last");

const nameRules = new Map<string, NameRule>([
  ["/Namespace", faultOfNamespace],
  ["/Service", serviceName],
  // Its pods' host names begin with it.
  ["apps/StatefulSet", faultOfNamespace],
  ["apiregistration.k8s.io/APIService", pathSegment],
  ["certificates.k8s.io/ClusterTrustBundle", pathSegment],
  ["networking.k8s.io/IPAddress", pathSegment],
  ["policy/PodDisruptionBudget", pathSegment],
  ["rbac.authorization.k8s.io/ClusterRole", pathSegment],
  ["rbac.authorization.k8s.io/ClusterRoleBinding", pathSegment],
  ["rbac.authorization.k8s.io/Role", pathSegment],
  ["rbac.authorization.k8s.io/RoleBinding", pathSegment],
  // A Job's name becomes a label of its pods, and a CronJob's the first part of its Jobs' names.
  ["batch/CronJob", subdomainOf(52)],
  ["batch/Job", subdomainOf(labelLengthMax)],
  ["storage.k8s.io/CSIDriver", subdomainOf(labelLengthMax)],
]);
const otherName = subdomainOf(subdomainLengthMax);

/** The name of an object of a kind. */
export function faultOfName(group: string, kind: string, name: string): Fault {
  return (nameRules.get(`${group}/${kind}`) ?? otherName)(name);
}

export function faultOfLabelValue(value: string): Fault {
  if (value === "") return undefined;
  return faultOfForm(
    value,
    qualifiedName,
    labelLengthMax,
    "letters, digits, '-', '_' and '.', a letter or digit at both ends",
  );
}

/** The key of a label or an annotation: a name, before it `domain/` if need be. */
export function faultOfLabelKey(key: string): Fault {
  const slash = key.indexOf("/");
  const name = key.slice(slash + 1);
  const form = "letters, digits, '-', '_' and '.', a letter or digit at both ends";
  const fault = faultOfForm(name, qualifiedName, labelLengthMax, form);
  if (fault !== undefined || slash < 0) return fault;
  const prefixFault = otherName(key.slice(0, slash));
  return prefixFault && `has a prefix that ${prefixFault}`;
}

export function faultOfAnnotationKey(key: string): Fault {
  const slash = key.indexOf("/");
  return faultOfLabelKey(slash < 0 ? key : key.slice(0, slash).toLowerCase() + key.slice(slash));
}

export function faultOfKind(kind: string): Fault {
  return faultOfForm(kind, kindName, labelLengthMax, "letters and digits, a letter first");
}

/** `version` or `group/version`. */
export function faultOfApiVersion(apiVersion: string): Fault {
  const slash = apiVersion.indexOf("/");
  const version = apiVersion.slice(slash + 1);
  const isVersion = dnsLabelOfOld.test(version) && version.length <= labelLengthMax;
  if (!isVersion || (slash >= 0 && otherName(apiVersion.slice(0, slash)) !== undefined)) {
    return "is neither 'version' nor 'group/version'";
  }
  return undefined;
}

/** A key of a ConfigMap's or Secret's data. */
export function faultOfDataKey(key: string): Fault {
  if (key === "." || key.startsWith("..")) return "is no file name";
  return faultOfForm(key, dataKey, subdomainLengthMax, "letters, digits, '-', '_' and '.'");
}

/** What the API server decodes as base64; it skips line breaks. */
export function faultOfBase64(text: string): Fault {
  return base64.test(/[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text) ? undefined : "is not base64";
}

function faultOfForm(text: string, form: RegExp, lengthMax: number, described: string): Fault {
  if (text === "") return "is empty";
  if (text.length > lengthMax) return `is longer than ${lengthMax} characters`;
  return form.test(text) ? undefined : `must be ${described}`;
}
