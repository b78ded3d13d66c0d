/** Patches of what policyRefs render: RFC 6902 with kustomize's targets, guarded in their own language. */
import { describe, expect, it } from "vitest";
import { type Json, parseJson, writeJson } from "../../src/model/json.ts";
import { parseSelector } from "../../src/model/parse-selector.ts";
import { applyOperations, type Operation, PatchError } from "../../src/render/patches/apply-operations.ts";
import { renderOne, withoutProvenance } from "./render-one.ts";

describe("operations", () => {
  const cases: [name: string, object: string, operations: string, expected: string | undefined][] = [
    ["add a member", '{"a":1}', '[{"op":"add","path":"/b","value":2}]', '{"a":1,"b":2}'],
    ["add over a member", '{"a":1}', '[{"op":"add","path":"/a","value":2}]', '{"a":2}'],
    ["add an item", '{"a":[1,3]}', '[{"op":"add","path":"/a/1","value":2}]', '{"a":[1,2,3]}'],
    ["add at the end", '{"a":[1]}', '[{"op":"add","path":"/a/-","value":2}]', '{"a":[1,2]}'],
    ["add at the end by its index", '{"a":[1]}', '[{"op":"add","path":"/a/1","value":2}]', '{"a":[1,2]}'],
    ["add beyond the end", '{"a":[1]}', '[{"op":"add","path":"/a/2","value":2}]', undefined],
    ["add where nothing is", '{"a":1}', '[{"op":"add","path":"/b/c","value":2}]', undefined],
    ["add into a scalar", '{"a":1}', '[{"op":"add","path":"/a/c","value":2}]', undefined],
    ["a leading zero is no index", '{"a":[1,2]}', '[{"op":"remove","path":"/a/01"}]', undefined],
    ["a negative index counts from the end", '{"a":[1,2]}', '[{"op":"remove","path":"/a/-1"}]', '{"a":[1]}'],
    [
      "escapes of a pointer",
      '{"a/b":1,"c~d":1}',
      '[{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/c~0d","value":2}]',
      '{"c~d":2}',
    ],
    ["an empty step is a key", '{"":1}', '[{"op":"replace","path":"/","value":2}]', '{"":2}'],
    ["replace a member that is not there", '{"a":1}', '[{"op":"replace","path":"/b","value":2}]', '{"a":1,"b":2}'],
    ["replace an item that is not there", '{"a":[1]}', '[{"op":"replace","path":"/a/1","value":2}]', undefined],
    ["replace where nothing is", '{"a":1}', '[{"op":"replace","path":"/b/c","value":2}]', undefined],
    ["remove what is not there", '{"a":1}', '[{"op":"remove","path":"/b"}]', undefined],
    ["remove the whole", '{"a":1}', '[{"op":"remove","path":""}]', undefined],
    ["replace the whole", '{"a":1}', '[{"op":"replace","path":"","value":{"b":1}}]', '{"b":1}'],
    ["move", '{"a":{"b":1},"c":{}}', '[{"op":"move","from":"/a/b","path":"/c/d"}]', '{"a":{},"c":{"d":1}}'],
    ["move within a list", '{"a":[1,2,3]}', '[{"op":"move","from":"/a/0","path":"/a/2"}]', '{"a":[2,3,1]}'],
    ["move into itself", '{"a":{"b":1}}', '[{"op":"move","from":"/a","path":"/a/b"}]', undefined],
    ["copy", '{"a":{"b":1}}', '[{"op":"copy","from":"/a","path":"/c"}]', '{"a":{"b":1},"c":{"b":1}}'],
    [
      "a test that holds",
      '{"a":{"b":1,"c":[2]}}',
      '[{"op":"test","path":"/a","value":{"c":[2],"b":1.0}}]',
      '{"a":{"b":1,"c":[2]}}',
    ],
    ["a test that does not", '{"a":1}', '[{"op":"test","path":"/a","value":2}]', undefined],
    ["a test of what is not there", '{"a":1}', '[{"op":"test","path":"/b","value":null}]', undefined],
    [
      "in their order",
      "{}",
      '[{"op":"add","path":"/a","value":{}},{"op":"add","path":"/a/b","value":1}]',
      '{"a":{"b":1}}',
    ],
  ];
  it.each(cases)("%s", (_, object, operations, expected) => {
    const list = JSON.parse(operations) as { op: string; path: string; value?: unknown }[];
    const read = list.map((one) => ({
      ...one,
      ...("value" in one ? { value: parseJson(JSON.stringify(one.value)) } : {}),
    }));
    const apply = () => applyOperations(parseJson(object) as ReadonlyMap<string, Json>, read as Operation[]);
    if (expected === undefined) expect(apply).toThrow(PatchError);
    else expect(writeJson(apply())).toBe(writeJson(parseJson(expected)));
  });
});

const selectors: [text: string, requirements: string | undefined][] = [
  ["a=b", "a In b"],
  ["a==b,c!=d", "a In b; c NotIn d"],
  ["a in (b, c),d notin (e)", "a In b,c; d NotIn e"],
  ["a,!b", "a Exists ; b DoesNotExist "],
  ["app.kubernetes.io/name=x", "app.kubernetes.io/name In x"],
  ["a=", "a In "],
  ["a b", undefined],
  ["=b", undefined],
  ["a in b", undefined],
];
it.each(selectors)("the selector %j", (text, expected) => {
  const read = parseSelector(text)?.requirements.map(
    ({ key, operator, values }) => `${key} ${operator} ${values.join()}`,
  );
  expect(read?.join("; ")).toBe(expected);
});

const documents = `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/template: "ok"}}
data:
  a.yaml: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: team, labels: {app: web, tier: front}, annotations: {note: x}}
    spec:
      replicas: 1
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: nginx}]}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: team}
    data: {a: "1"}
---
`;
const refs = "policyRefs: [{kind: ConfigMap, namespace: default, name: content}]\n";
const patch = (operations: string, target: string) =>
  `${refs}patches:\n- target: {${target}}\n  patch: |\n${operations.replace(/^(?=.)/gm, "    ")}\n`;
const scale = "- {op: replace, path: /spec/replicas, value: {{ .CloudEvent.data.replicas }}}\n";

describe("targets", () => {
  const targets: [target: string, isMeant: boolean][] = [
    ["kind: Deployment", true],
    ["kind: Deploy.*", true],
    ["kind: Deploy", false],
    ["kind: deployment", false],
    ["group: apps, version: v1", true],
    ["group: apps, version: v1beta1", false],
    ["kind: Deployment, name: web|api, namespace: team", true],
    ["kind: Deployment, namespace: tea", false],
    ['kind: Deployment, labelSelector: "app=web,tier in (front,back)"', true],
    ['kind: Deployment, labelSelector: "!app"', false],
    ["kind: Deployment, annotationSelector: note=x", true],
    ["kind: Deployment, annotationSelector: note=y", false],
  ];
  it.each(targets)("%s: %s", (target, isMeant) => {
    const { manifests, told } = renderOne(patch(scale, target), documents, { replicas: 3 });
    expect(told).toEqual([]);
    expect(manifests![0]).toContain(`replicas: ${isMeant ? 3 : 1}`);
    expect(manifests![1]).toContain('a: "1"');
  });

  it("labels that the owner adds are there", () => {
    const spec = `${patch(scale, 'labelSelector: "team=red,app=web"')}extraLabels: {team: red}\n`;
    expect(renderOne(spec, documents, { replicas: 3 }).manifests![0]).toContain("replicas: 3");
  });
});

describe("what a patch may do", () => {
  const config = "kind: ConfigMap";
  const cases: [name: string, spec: string, data: unknown, expected: string][] = [
    [
      "a value stays a string where strings are meant",
      patch("- {op: add, path: /data/b, value: {{ .CloudEvent.data.v }}}", config),
      { v: "010" },
      '  b: "010"\n',
    ],
    [
      "a whole value",
      patch("- op: add\n  path: /data\n  value: {{ toJson .CloudEvent.data.v }}", config),
      { v: { k: "w" } },
      "GUARD_VIOLATION",
    ],
    [
      "a path from an event",
      patch("- {op: remove, path: '/data/{{ .CloudEvent.data.v }}'}", config),
      { v: "a" },
      "GUARD_VIOLATION",
    ],
    [
      "an operation from an event",
      patch("- {op: '{{ .CloudEvent.data.v }}', path: /data/a}", config),
      { v: "remove" },
      "GUARD_VIOLATION",
    ],
    [
      "structure from an event",
      patch("- {op: add, path: /data/b, value: {{ .CloudEvent.data.v }}}", config),
      { v: "x}\n- {op: remove, path: /data" },
      "GUARD_VIOLATION",
    ],
    [
      "a switch from an event",
      patch(
        '- {op: add, path: /metadata/annotations, value: {argocd.argoproj.io/hook: "{{ .CloudEvent.data.v }}"}}',
        config,
      ),
      { v: "Sync" },
      "GUARD_VIOLATION",
    ],
    [
      "a value that is not what its tag says",
      patch("- {op: replace, path: /spec/replicas, value: !!int {{ .CloudEvent.data.v }}}", "kind: Deployment"),
      { v: "abc" },
      "MANIFEST_INVALID",
    ],
    [
      "a switch copied from what an event says",
      patch(
        '- {op: add, path: /data/b, value: "{{ .CloudEvent.data.v }}"}\n- {op: add, path: /metadata/annotations, value: {}}\n- {op: copy, from: /data/b, path: /metadata/annotations/argocd.argoproj.io~1hook}',
        config,
      ),
      { v: "Sync" },
      "GUARD_VIOLATION",
    ],
    [
      "a copy within what people wrote",
      patch("- {op: copy, from: /data/a, path: /data/b}", "kind: ConfigMap, name: settings"),
      {},
      '  b: "1"\n',
    ],
    [
      "a switch of the author's",
      patch("- {op: add, path: /metadata/annotations, value: {argocd.argoproj.io/hook: Sync}}", config),
      {},
      "argocd.argoproj.io/hook: Sync",
    ],
    [
      "a label of Sluice's own",
      patch("- {op: add, path: /metadata/labels, value: {sluice.dev/owner: x}}", config),
      {},
      "LABEL_INVALID",
    ],
    ["a name that is none", patch('- {op: replace, path: /metadata/name, value: "a b"}', config), {}, "NAME_INVALID"],
    [
      "another name",
      patch('- {op: replace, path: /metadata/name, value: "{{ .CloudEvent.data.v }}"}', config),
      { v: "other" },
      "name: other",
    ],
    ["another kind", patch("- {op: replace, path: /kind, value: Secret}", config), {}, "MANIFEST_INVALID"],
    [
      "a value of the wrong type",
      patch("- {op: replace, path: /spec/replicas, value: many}", "kind: Deployment"),
      {},
      "MANIFEST_INVALID",
    ],
    ["what can't be applied", patch("- {op: remove, path: /data/nope}", config), {}, "MANIFEST_INVALID"],
    ["no operation", patch("- {op: merge, path: /data}", config), {}, "MANIFEST_INVALID"],
    ["a path without a slash", patch("- {op: remove, path: data}", config), {}, "MANIFEST_INVALID"],
    [
      "what another version may take, of an event",
      patch('- {op: add, path: /spec/strategy, value: {type: "{{ .CloudEvent.data.v }}"}}', "kind: Deployment"),
      { v: "Never" },
      "MANIFEST_INVALID",
    ],
  ];
  it.each(cases)("%s", (_, spec, data, expected) => {
    const { rendering, manifests } = renderOne(spec, documents, data);
    if (manifests === undefined) expect(rendering).toMatchObject({ problem: { code: expected } });
    else expect(manifests.join("---\n")).toContain(expected);
  });

  it("patches come one after the other, and a failure names the patch", () => {
    const spec = `${patch("- {op: add, path: /data/b, value: two}", config)}- target: {${config}}\n  patch: '[{"op": "replace", "path": "/data/b", "value": "three"}]'\n`;
    const { manifests } = renderOne(spec, documents);
    expect(withoutProvenance(manifests![1]!)).toContain('data:\n  a: "1"\n  b: three\n');
    const { rendering } = renderOne(patch("- {op: remove, path: /data/nope}", config), documents);
    expect(rendering).toMatchObject({ problem: { at: { part: "EventTrigger t spec.patches[0].patch" } } });
  });

  it("an event's value is never patched into what other programs act on", () => {
    const release = documents
      .replace("apiVersion: v1\n    kind: ConfigMap", "apiVersion: helm.toolkit.fluxcd.io/v2\n    kind: HelmRelease")
      .replace('data: {a: "1"}', "spec: {interval: 1m}");
    const operations = '- {op: add, path: /spec/values, value: {a: "{{ .CloudEvent.data.v }}"}}';
    expect(renderOne(patch(operations, "kind: HelmRelease"), release, { v: "x" }).rendering).toMatchObject({
      problem: { code: "POLICY_VIOLATION" },
    });
  });
});

describe("what a template printed of an event", () => {
  const printed = documents.replace('data: {a: "1"}', 'data: {a: "1", "{{ .CloudEvent.data.v }}": Sync}');
  it.each(["/metadata/annotations", "/metadata/labels", "/metadata", ""])("is not moved to %j", (path) => {
    const operations = `- {op: move, from: /data, path: "${path}"}`;
    const { rendering } = renderOne(patch(operations, "kind: ConfigMap"), printed, { v: "argocd.argoproj.io_hook" });
    expect(rendering).toMatchObject({ problem: { code: "GUARD_VIOLATION" } });
  });

  it("is moved where it tells nobody what to do", () => {
    const operations = "- {op: copy, from: /data/a, path: /data/c}";
    expect(renderOne(patch(operations, "kind: ConfigMap"), printed, { v: "b" }).manifests![1]).toContain('  c: "1"');
  });

  it("is not copied to where it is a reference", () => {
    const release = documents
      .replace("apiVersion: v1\n    kind: ConfigMap", "apiVersion: helm.toolkit.fluxcd.io/v2\n    kind: HelmRelease")
      .replace('data: {a: "1"}', 'spec: {releaseName: "{{ .CloudEvent.data.v }}", interval: 1m}');
    const operations = "- {op: copy, from: /spec/releaseName, path: /spec/targetNamespace}";
    expect(renderOne(patch(operations, "kind: HelmRelease"), release, { v: "other" }).rendering).toMatchObject({
      problem: { code: "POLICY_VIOLATION" },
    });
  });
});

describe("a Secret of the config folder that is committed as it stands there", () => {
  const holder = `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default}
data:
  a.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: s, namespace: team}
    stringData: {a: b}
---
`;
  const inGit = { secrets: "refuse", commitsConstants: true } as const;
  const printed = '- {op: add, path: /stringData/c, value: "{{ .CloudEvent.data.v }}"}';
  const cases: [name: string, operations: string, target: string, isTaken: boolean][] = [
    ["is so with what people patch", "- {op: add, path: /stringData/c, value: d}", "kind: Secret", true],
    ["is not with what is printed", printed, "kind: Secret", false],
    ["whatever the patch is meant for", printed, "name: s", false],
    ["but where it is for others", printed, "kind: ConfigMap", true],
  ];
  it.each(cases)("%s", (_, operations, target, isTaken) => {
    const { rendering } = renderOne(patch(operations, target), holder, { v: "hunter2" }, inGit);
    if (isTaken) expect(rendering.action).toBe("Create");
    else expect(rendering).toMatchObject({ problem: { code: "SECRET_REFUSED" } });
  });
});

describe("documents", () => {
  const cases: [name: string, patches: string, told: string][] = [
    ["a list without a target", "- {patch: '- {op: remove, path: /a}'}", "error DOCUMENT_INVALID"],
    [
      "a target that is no pattern",
      "- {patch: '- {op: remove, path: /a}', target: {name: '('}}",
      "error DOCUMENT_INVALID",
    ],
    [
      "a selector that is none",
      "- {patch: '- {op: remove, path: /a}', target: {labelSelector: 'a b'}}",
      "error DOCUMENT_INVALID",
    ],
  ];
  it.each(cases)("%s", (_, patches, told) => {
    const { told: found } = renderOne(`${refs}patches:\n${patches}\n`, documents);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(told);
  });
});
