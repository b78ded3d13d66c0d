/** Which triggers may put which objects where. */
import { describe, expect, it } from "vitest";
import { findHopeless, findViolation, globMatches, type PolicyRule } from "../../src/model/policy.ts";

const labels = new Map([["env", "dev"]]);
const dev = { requirements: [{ key: "env", operator: "In", values: ["dev"] }] } as const;
const binding = "rbac.authorization.k8s.io/ClusterRoleBinding";
const allow: PolicyRule = {
  effect: "allow",
  triggers: ["tenant-*"],
  clusters: dev,
  kinds: [binding],
  namespaces: ["*"],
  names: ["tenant-*"],
};

/** `group/Kind namespace/name` under a trigger: the rule that forbids it. */
function ruleFor(object: string, policy: readonly PolicyRule[] = [], trigger = "tenant-eu", on = labels) {
  const [, group = "", kind = "", namespace = "", name = ""] = /^(?:(.*)\/)?(\S+) (.*)\/(.*)$/.exec(object)!;
  return findViolation(policy, { trigger, labels: on, identity: { group, kind, namespace, name } })?.rule;
}

describe("built-in rules", () => {
  const cases: [object: string, rule: string | undefined][] = [
    ["Namespace /alice", undefined],
    ["ConfigMap alice/a", undefined],
    ["rbac.authorization.k8s.io/RoleBinding alice/a", undefined],
    ["rbac.authorization.k8s.io/ClusterRole /a", "built-in: cluster-rights"],
    [`${binding} /a`, "built-in: cluster-rights"],
    ["rbac.authorization.k8s.io/clusterrolebinding /a", "built-in: cluster-rights"],
    ["example.com/ClusterRole /a", undefined],
    ["admissionregistration.k8s.io/MutatingWebhookConfiguration /a", "built-in: cluster-behaviour"],
    ["apiextensions.k8s.io/CustomResourceDefinition /a", "built-in: cluster-behaviour"],
    ["apiregistration.k8s.io/APIService /a", "built-in: cluster-behaviour"],
    ["certificates.k8s.io/CertificateSigningRequest /a", "built-in: cluster-behaviour"],
    ["ConfigMap kube-system/a", "built-in: system-namespaces"],
    ["ConfigMap kubeflow/a", undefined],
    ["ConfigMap flux-system/a", "built-in: deliverer-namespaces"],
    ["Namespace /flux-system", "built-in: deliverer-namespaces"],
    ["example.com/Namespace /flux-system", undefined],
    ["ConfigMap /flux-system", undefined],
  ];
  it.each(cases)("%s: %s", (object, rule) => expect(ruleFor(object)).toBe(rule));
});

it("where the settings say that deliverers are, nobody else is", () => {
  const violation = (identity: { kind: string; namespace: string; name: string }) =>
    findViolation([], { trigger: "t", labels, identity: { group: "", ...identity }, delivererNamespace: "gitops" })
      ?.rule;
  expect(violation({ kind: "ConfigMap", namespace: "gitops", name: "a" })).toBe("built-in: deliverer-namespaces");
  expect(violation({ kind: "Namespace", namespace: "", name: "gitops" })).toBe("built-in: deliverer-namespaces");
  expect(violation({ kind: "ConfigMap", namespace: "argocd", name: "a" })).toBe("built-in: deliverer-namespaces");
  expect(violation({ kind: "ConfigMap", namespace: "alice", name: "a" })).toBeUndefined();
});

describe("rules of the settings", () => {
  const cases: [
    name: string,
    object: string,
    policy: readonly PolicyRule[],
    rule: string | undefined,
    trigger?: string,
  ][] = [
    ["come before the built-in ones", `${binding} /tenant-a`, [allow], undefined],
    ["hold for their triggers alone", `${binding} /tenant-a`, [allow], "built-in: cluster-rights", "other"],
    ["and names", `${binding} /admin`, [allow], "built-in: cluster-rights"],
    ["and kinds", "rbac.authorization.k8s.io/ClusterRole /tenant-a", [allow], "built-in: cluster-rights"],
    [
      "the first that matches decides",
      "ConfigMap a/b",
      [{ effect: "allow", kinds: ["ConfigMap"] }, { effect: "deny" }],
      undefined,
    ],
    [
      "and the next where it does not",
      "Secret a/b",
      [{ effect: "allow", kinds: ["ConfigMap"] }, { effect: "deny" }],
      "policy[1]",
    ],
    ["a kind alone is of the core group", "example.com/Secret a/b", [{ effect: "deny", kinds: ["Secret"] }], undefined],
    ["a group's kinds", "example.com/Secret a/b", [{ effect: "deny", kinds: ["example.com/*"] }], "policy[0]"],
    ["namespaces by a pattern", "ConfigMap team-a/b", [{ effect: "deny", namespaces: ["team-*"] }], "policy[0]"],
    [
      "which no object without one matches",
      "Namespace /team-a",
      [{ effect: "deny", namespaces: ["team-*"] }],
      undefined,
    ],
    ["but for *", "Namespace /team-a", [{ effect: "deny", namespaces: ["*"] }], "policy[0]"],
  ];
  it.each(cases)("%s", (_, object, policy, rule, trigger) => expect(ruleFor(object, policy, trigger)).toBe(rule));

  it("hold on their clusters alone", () => {
    expect(ruleFor(`${binding} /tenant-a`, [allow], "tenant-eu", new Map([["env", "prod"]]))).toBe(
      "built-in: cluster-rights",
    );
  });
});

describe("what can never pass", () => {
  const cases: [kind: string, policy: readonly PolicyRule[], rule: string | undefined][] = [
    ["ClusterRoleBinding", [], "built-in: cluster-rights"],
    ["ClusterRoleBinding", [allow], undefined],
    ["RoleBinding", [], undefined],
    ["RoleBinding", [{ effect: "deny", names: ["a"] }], undefined],
    ["RoleBinding", [{ effect: "deny", kinds: ["*"] }], "policy[0]"],
    ["RoleBinding", [{ effect: "deny", clusters: dev }], undefined],
  ];
  it.each(cases)("%s under %j: %s", (kind, policy, rule) => {
    expect(findHopeless(policy, "tenant-eu", { group: "rbac.authorization.k8s.io", kind })?.rule).toBe(rule);
  });
});

const globs: [pattern: string, text: string, matches: boolean][] = [
  ["a", "a", true],
  ["a", "ab", false],
  ["*", "", true],
  ["a*", "ab", true],
  ["*b", "ab", true],
  ["a*b*c", "a1b2c", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
  ["a*b*b", "ab", false],
  ["a.c", "abc", false],
];
it.each(globs)("%s on %s: %s", (pattern, text, matches) => expect(globMatches(pattern, text)).toBe(matches));

it("a pattern of many stars takes time in proportion", () => {
  expect(globMatches(`${"*a".repeat(5000)}b`, "a".repeat(100_000))).toBe(false);
});
