/**
 * Which triggers may put which objects where: the settings' rules, then the built-in ones; what none matches is allowed. It is
 * about events alone: what profiles render is the config folder's own.
 */
import type { LabelSelector } from "./cluster.ts";
import type { ObjectIdentity } from "./manifest.ts";
import { selectorMatches } from "./select-clusters.ts";

/** What is given must match; of a list any suffices. In texts `*` stands for any number of characters. */
export interface PolicyRule {
  readonly effect: "allow" | "deny";
  readonly triggers?: readonly string[];
  readonly clusters?: LabelSelector;
  /** `<group>/<Kind>`; a kind alone is one of the core group, `*` is all of them. */
  readonly kinds?: readonly string[];
  /** Of the object; an object that lives in none matches only `*`. */
  readonly namespaces?: readonly string[];
  readonly names?: readonly string[];
}

interface BuiltInRule extends PolicyRule {
  readonly name: string;
  readonly why: string;
  /** It is about objects on the hub alone. */
  readonly isLocal?: true;
}

const builtInRules: readonly BuiltInRule[] = [
  { name: "hub", why: "deploymentType: Local puts it on the hub", effect: "deny", isLocal: true },
  {
    name: "cluster-rights",
    why: "it gives rights in the whole cluster",
    effect: "deny",
    kinds: ["rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding"],
  },
  {
    name: "cluster-behaviour",
    why: "it changes what the API server does",
    effect: "deny",
    kinds: [
      "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
      "admissionregistration.k8s.io/MutatingWebhookConfiguration",
      "apiextensions.k8s.io/CustomResourceDefinition",
      "apiregistration.k8s.io/APIService",
      "certificates.k8s.io/CertificateSigningRequest",
    ],
  },
  { name: "system-namespaces", why: "the namespace is Kubernetes' own", effect: "deny", namespaces: ["kube-*"] },
  ...delivererRules(["flux-system", "argocd"]),
];

/** Of the namespaces where those live who bring the repository to clusters: who writes there can make them do anything. */
function delivererRules(namespaces: readonly string[]): readonly BuiltInRule[] {
  const name = "deliverer-namespaces";
  const whose = "belongs to who brings the repository to clusters";
  return [
    { name, why: `the namespace ${whose}`, effect: "deny", namespaces },
    { name, why: `it ${whose}`, effect: "deny", kinds: ["Namespace"], names: namespaces },
  ];
}

/** An object that a trigger renders for a cluster. */
export interface PolicySubject {
  readonly trigger: string;
  /** Of the cluster that it is put on. */
  readonly labels: ReadonlyMap<string, string>;
  readonly identity: ObjectIdentity;
  /** Where the settings say that those are who bring the repository to clusters, besides where they usually are. */
  readonly delivererNamespace?: string;
}

/** What forbids an object. */
export interface PolicyVerdict {
  /** `policy[2]`, or the name of a built-in rule. */
  readonly rule: string;
  readonly why: string;
}

/** Undefined: it is allowed. */
export function findViolation(policy: readonly PolicyRule[], subject: PolicySubject): PolicyVerdict | undefined {
  const kind = kindOf(subject.identity);
  const index = policy.findIndex((rule) => ruleMatches(rule, subject, kind));
  if (index >= 0) return policy[index]!.effect === "allow" ? undefined : { rule: `policy[${index}]`, why: settingsWhy };
  const rules = subject.delivererNamespace === undefined ? builtInRules : rulesWith(subject.delivererNamespace);
  const builtIn = rules.find((rule) => ruleMatches(rule, subject, kind));
  return builtIn === undefined ? undefined : { rule: `built-in: ${builtIn.name}`, why: builtIn.why };
}

function rulesWith(delivererNamespace: string): readonly BuiltInRule[] {
  return [...builtInRules, ...delivererRules([delivererNamespace])];
}

const settingsWhy = "the settings say so";

/** As the patterns of kinds are folded. */
function kindOf({ group, kind }: Pick<ObjectIdentity, "group" | "kind">): string {
  return `${group}/${kind}`.toLowerCase();
}

function ruleMatches(
  rule: PolicyRule | BuiltInRule,
  { trigger, labels, identity }: PolicySubject,
  kind: string,
): boolean {
  const { namespace, name, isLocal } = identity;
  return (
    (!("isLocal" in rule) || isLocal === true) &&
    anyMatches(rule.triggers, trigger) &&
    (rule.clusters === undefined || selectorMatches(rule.clusters, labels)) &&
    kindMatches(rule.kinds, kind) &&
    (namespace === "" ? (rule.namespaces?.includes("*") ?? true) : anyMatches(rule.namespaces, namespace)) &&
    anyMatches(rule.names, name)
  );
}

/** Why no object of the kind can pass under a trigger, whatever its name and the cluster; undefined: one may. */
export function findHopeless(
  policy: readonly PolicyRule[],
  trigger: string,
  type: Pick<ObjectIdentity, "group" | "kind" | "isLocal">,
): PolicyVerdict | undefined {
  const kind = kindOf(type);
  const named = policy.map((rule, index) => ({ ...rule, rule: `policy[${index}]`, why: settingsWhy }));
  const builtIn = builtInRules.map((rule) => ({ ...rule, rule: `built-in: ${rule.name}` }));
  for (const { rule, why, ...one } of [...named, ...builtIn]) {
    if (!anyMatches(one.triggers, trigger) || !kindMatches(one.kinds, kind)) continue;
    if ("isLocal" in one && type.isLocal !== true) continue;
    if (one.effect === "allow") return undefined;
    const isOfSome = one.clusters !== undefined || one.namespaces !== undefined || one.names !== undefined;
    if (!isOfSome) return { rule, why };
  }
  return undefined;
}

function kindMatches(patterns: readonly string[] | undefined, kind: string): boolean {
  if (patterns === undefined) return true;
  let folded = foldedKinds.get(patterns);
  if (folded === undefined) {
    folded = patterns.map((pattern) =>
      (pattern === "*" || pattern.includes("/") ? pattern : `/${pattern}`).toLowerCase(),
    );
    foldedKinds.set(patterns, folded);
  }
  return folded.some((pattern) => globMatches(pattern, kind));
}

/** Rules are asked about every object. */
const foldedKinds = new WeakMap<readonly string[], readonly string[]>();

function anyMatches(patterns: readonly string[] | undefined, text: string): boolean {
  return patterns === undefined || patterns.some((pattern) => globMatches(pattern, text));
}

/** In time proportional to both lengths, whatever the pattern. */
export function globMatches(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
