import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import type { CustomKind } from "../../src/model/custom-kind.ts";
import type { Json } from "../../src/model/json.ts";
import { type ManifestOptions, readManifests } from "../../src/render/read-manifests.ts";
import { writeCanonicalYaml } from "../../src/render/yaml/write-canonical-yaml.ts";
import { indented, interpolate, type Printable, sourceOf } from "./interpolate.ts";

const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
};

function read(template: string, values: Readonly<Record<string, Printable>> = {}, more: Partial<ManifestOptions> = {}) {
  return readManifests(interpolate(template, values), sourceOf(template), { ...options, ...more });
}

/** The objects of a template's output, which must be without problems. */
function objectsOf(template: string, values: Readonly<Record<string, Printable>> = {}): Record<string, never>[] {
  const { value, problems } = read(template, values);
  expect(problems).toEqual([]);
  return value.map(({ text }) => parseDocument(text, { version: "1.1" }).toJS());
}

it("reads the seed's Namespace", () => {
  const template = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ subject }} # .CloudEvent is the triggering CloudEvent
  labels:
    organization: {{ organization }}
`;
  const { value, problems } = read(template, { subject: "alice", organization: "true" });

  expect(problems).toEqual([]);
  expect(value).toEqual([
    {
      identity: { group: "", kind: "Namespace", namespace: "", name: "alice" },
      text: `apiVersion: v1
kind: Namespace
metadata:
  name: alice
  labels:
    app.kubernetes.io/managed-by: sluice
    organization: "true"
    sluice.dev/instance: sluice
    sluice.dev/owner: EventTrigger.login
  annotations:
    sluice.dev/entity: "0123abcd"
`,
      at: { file: "config.yaml", part: "ConfigMap default/x", line: 1, column: 1, excerpt: "kind: Namespace" },
    },
  ]);
});

const thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\n";

describe("documents", () => {
  const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;
  const cases: readonly { name: string; text: string; names: string[] }[] = [
    { name: "none", text: "", names: [] },
    { name: "only comments", text: "# a\n---\n# b\n", names: [] },
    {
      name: "several, empty ones between",
      text: `---\n---\n${namespace("a")}---\n# c\n---\n${namespace("b")}...\n`,
      names: ["a", "b"],
    },
    { name: "null", text: `${namespace("a")}---\nnull\n--- ~\n`, names: ["a"] },
    {
      name: "a List",
      text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n`,
      names: ["a", "b"],
    },
    { name: "an empty List", text: "apiVersion: v1\nkind: List\nitems: []\n", names: [] },
    {
      name: "a typed list",
      text: "apiVersion: v1\nkind: NamespaceList\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n",
      names: ["a"],
    },
    { name: "JSON", text: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}', names: ["a"] },
    {
      name: "anchors and merge keys",
      text: "apiVersion: v1\nkind: Namespace\nmetadata: &m\n  <<: {name: a, labels: {x: y}}\n  annotations: &a {k: v}\n",
      names: ["a"],
    },
  ];
  it.each(cases)("$name", ({ text, names }) => {
    expect(objectsOf(text).map(({ metadata }) => (metadata as unknown as { name: string }).name)).toEqual(names);
  });
});

describe("values are read as Kubernetes reads them", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["yes", true],
    ["off", false],
    ["010", 8],
    ["0o10", 8],
    ["0x1F", 31],
    ["0b11", 3],
    ["1_000", 1000],
    ["1:30", "1:30"],
    ["1e3", 1000],
    ["1.50", 1.5],
    [".5", 0.5],
    ["~", null],
    ["2020-01-01", "2020-01-01"],
    ["!!str 5", "5"],
    ["! 5", "5"],
    ["!!float 5", 5],
    ["'5'", "5"],
    ["9007199254740993", 9007199254740993n],
  ];
  it.each(cases)("%s", (text, wanted) => {
    const { value, problems } = read(`${thing}spec: {v: ${text}}\n`);
    expect(problems).toEqual([]);
    expect(value[0]!.text).toContain(`v: ${writeCanonicalYaml(wanted as never)}`);
  });
});

describe("strings stay what was written", () => {
  const texts = [
    "true",
    "010",
    "1e3",
    "~",
    "null",
    "2020-01-01",
    "yes",
    "0x1f",
    "1_0",
    "1:30",
    ".5",
    "n",
    "=",
    "12345678901234567890123",
  ];
  const pod = "spec:\n  containers:\n  - name: c\n    ";
  const positions: readonly (readonly [string, string, (object: never) => unknown])[] = [
    [
      "an annotation",
      `${thing}  annotations: {a: {{ v }}}\n`,
      (o: { metadata: { annotations: { a: unknown } } }) => o.metadata.annotations.a,
    ],
    [
      "a name far below",
      `${thing}spec: {a: [{ref: {name: {{ v }}}}]}\n`,
      (o: { spec: { a: { ref: { name: unknown } }[] } }) => o.spec.a[0]!.ref.name,
    ],
    [
      "a namespace far below",
      `${thing}spec: {ref: {namespace: {{ v }}}}\n`,
      (o: { spec: { ref: { namespace: unknown } } }) => o.spec.ref.namespace,
    ],
    [
      "labels far below",
      `${thing}spec: {a: {labels: {l: {{ v }}}}}\n`,
      (o: { spec: { a: { labels: { l: unknown } } } }) => o.spec.a.labels.l,
    ],
    [
      "matchLabels",
      `${thing}spec: {selector: {matchLabels: {l: {{ v }}}}}\n`,
      (o: { spec: { selector: { matchLabels: { l: unknown } } } }) => o.spec.selector.matchLabels.l,
    ],
    [
      "matchExpressions",
      `${thing}spec: {s: {matchExpressions: [{key: k, operator: In, values: [{{ v }}]}]}}\n`,
      (o: { spec: { s: { matchExpressions: { values: unknown[] }[] } } }) => o.spec.s.matchExpressions[0]!.values[0],
    ],
    [
      "nodeSelector",
      `${thing}spec: {nodeSelector: {l: {{ v }}}}\n`,
      (o: { spec: { nodeSelector: { l: unknown } } }) => o.spec.nodeSelector.l,
    ],
    [
      "env",
      `${thing}${pod}env:\n    - {name: A, value: {{ v }}}\n`,
      (o: { spec: { containers: { env: { value: unknown }[] }[] } }) => o.spec.containers[0]!.env[0]!.value,
    ],
    [
      "args",
      `${thing}${pod}args: [{{ v }}]\n`,
      (o: { spec: { containers: { args: unknown[] }[] } }) => o.spec.containers[0]!.args[0],
    ],
    [
      "command",
      `${thing}${pod}command:\n    - {{ v }}\n`,
      (o: { spec: { containers: { command: unknown[] }[] } }) => o.spec.containers[0]!.command[0],
    ],
    [
      "tolerations",
      `${thing}spec: {tolerations: [{key: {{ v }}, tolerationSeconds: 5}]}\n`,
      (o: { spec: { tolerations: { key: unknown }[] } }) => o.spec.tolerations[0]!.key,
    ],
    [
      "ConfigMap data",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: {{ v }}\n",
      (o: { data: { a: unknown } }) => o.data.a,
    ],
    [
      "Secret stringData",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {a: {{ v }}}\n",
      (o: { stringData: { a: unknown } }) => o.stringData.a,
    ],
    [
      "subjects",
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {kind: Role, name: a}\nsubjects: [{kind: User, name: {{ v }}}]\n",
      (o: { subjects: { name: unknown }[] }) => o.subjects[0]!.name,
    ],
    [
      "roleRef",
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {kind: Role, name: {{ v }}}\n",
      (o: { roleRef: { name: unknown } }) => o.roleRef.name,
    ],
    [
      "rules",
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x}\nrules: [{verbs: [get], resources: [a], resourceNames: [{{ v }}]}]\n",
      (o: { rules: { resourceNames: unknown[] }[] }) => o.rules[0]!.resourceNames[0],
    ],
    [
      "a Service's selector",
      "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 1}], selector: {app: a{{ v }}}}\n",
      (o: { spec: { selector: { app: string } } }) => o.spec.selector.app.slice(1),
    ],
  ];
  it.each(positions)("%s", (_, template, pick) => {
    for (const text of texts) {
      const { value, problems } = read(template, { v: text });
      // Some of them are no labels.
      if (problems.length > 0) expect(problems[0]!.code).toMatch(/^(?:LABEL|MANIFEST)_INVALID$/);
      else expect(pick(parseDocument(value[0]!.text, { version: "1.1" }).toJS() as never), text).toBe(text);
    }
  });

  it("names, labels and the Namespace true", () => {
    const [object] = objectsOf(
      "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ v }}\n  labels: {a: {{ v }}}\n",
      { v: "010" },
    );
    expect(object).toMatchObject({ metadata: { name: "010", labels: { a: "010" } } });
  });

  it("an absent class differs from an empty one", () => {
    const [object] = objectsOf(`${thing}spec: {storageClassName: , ingressClassName: "", priorityClassName: 5}\n`);
    expect(object).toMatchObject({ spec: { storageClassName: null, ingressClassName: "", priorityClassName: "5" } });
  });
});

describe("what is legitimate is not refused", () => {
  const map = (text: string, serialized: Json, lead = 0): Printable => ({ text, serialized, lead });
  const cases: readonly { name: string; template: string; values: Record<string, Printable>; spec: unknown }[] = [
    {
      name: "keys in a loop",
      template: "  {{ a }}: {{ b }}\n  {{ c }}: {{ d }}\n",
      values: { a: "app.kubernetes.io/name", b: "x", c: "team", d: "a b" },
      spec: { "app.kubernetes.io/name": "x", team: "a b" },
    },
    {
      name: "printf",
      template: "  a: {{ a }}\n",
      values: { a: "user-42.example.com:8080/path" },
      spec: { a: "user-42.example.com:8080/path" },
    },
    { name: "quote", template: "  a: {{ a }}\n", values: { a: '"x: \\"y\\" # \\n"' }, spec: { a: 'x: "y" # \n' } },
    { name: "squote", template: "  a: {{ a }}\n", values: { a: "'it is: x'" }, spec: { a: "it is: x" } },
    {
      name: "an empty value",
      template: "  a: {{ a }}\n  b: {{ b }}c\n",
      values: { a: "", b: "" },
      spec: { a: null, b: "c" },
    },
    { name: "a value in a comment", template: "  a: b # {{ a }}\n", values: { a: "x: 'y\" - #" }, spec: { a: "b" } },
    {
      name: "a sentence",
      template: "  a: {{ a }}\n",
      values: { a: "it's \"quoted\", isn't it? (50 %)" },
      spec: { a: "it's \"quoted\", isn't it? (50 %)" },
    },
    {
      name: "lines in a literal block",
      template: "  a: |\n    {{ a }}\n",
      values: { a: "x: y\n    - z\n\n    # w" },
      spec: { a: "x: y\n- z\n\n# w\n" },
    },
    {
      name: "indent in a literal block",
      template: "  a: |\n{{ a }}\n  b: c\n",
      values: { a: indented("x: y\n- z", 4) },
      spec: { a: "x: y\n- z\n", b: "c" },
    },
    {
      name: "nindent behind a block header",
      template: "  a: |-{{ a }}\n  b: c\n",
      values: { a: indented("x: y\n- z", 4, "\n") },
      spec: { a: "x: y\n- z", b: "c" },
    },
    { name: "indent of a plain value", template: "  a:\n{{ a }}\n", values: { a: indented("x", 4) }, spec: { a: "x" } },
    {
      name: "toYaml | nindent beside fixed keys",
      template: "  fixed: x{{ a }}\n  behind: z\n",
      values: {
        a: map(
          '\n  k: v\n  l:\n  - a: 1\n  m: "yes"',
          new Map([
            ["m", "yes"],
            ["k", "v"],
            ["l", [new Map([["a", 1n]])]],
          ] as [string, Json][]),
        ),
      },
      spec: { fixed: "x", k: "v", l: [{ a: 1 }], m: "yes", behind: "z" },
    },
    {
      name: "toYaml | indent of a list",
      template: "  l:\n  - fixed\n{{ a }}\n",
      values: { a: map("  - a: |\n      two\n      lines\n  - 3", [new Map([["a", "two\nlines\n"]]), 3]) },
      spec: { l: ["fixed", { a: "two\nlines\n" }, 3] },
    },
    { name: "toYaml of nothing", template: "  a: {{ a }}\n", values: { a: map("{}", new Map()) }, spec: { a: {} } },
    {
      name: "toJson",
      template: "  a: {{ a }}\n",
      values: { a: map('{"x: y":["z",null,1.5]}', new Map([["x: y", ["z", null, 1.5]]])) },
      spec: { a: { "x: y": ["z", null, 1.5] } },
    },
    {
      name: "toJson in a literal block",
      template: "  a: |\n    {{ a }}\n",
      values: { a: map('{"x":"y"}', new Map([["x", "y"]])) },
      spec: { a: '{"x":"y"}\n' },
    },
    {
      name: "toJson in single quotes",
      template: "  a: '{{ a }}'\n",
      values: { a: map('{"x":"y"}', new Map([["x", "y"]])) },
      spec: { a: '{"x":"y"}' },
    },
    {
      name: "toYaml in a literal block",
      template: "  a: |\n{{ a }}\n",
      values: {
        a: map(
          "    k: v\n    l: w",
          new Map([
            ["k", "v"],
            ["l", "w"],
          ]),
          4,
        ),
      },
      spec: { a: "k: v\nl: w\n" },
    },
    {
      name: "an item of toYaml",
      template: "  l:\n  - {{ a }}\n",
      values: {
        a: map(
          "k: v\n    l: w",
          new Map([
            ["k", "v"],
            ["l", "w"],
          ]),
        ),
      },
      spec: { l: [{ k: "v", l: "w" }] },
    },
  ];
  it.each(cases)("$name", ({ template, values, spec }) => {
    expect(objectsOf(`${thing}spec:\n${template}`, values)).toMatchObject([{ spec }]);
    expect(objectsOf(`${thing}spec:\n${template}`, values)[0]!.spec).toEqual(spec);
  });
});

describe("what an API server would refuse is refused, at its place", () => {
  const of = (kind: string, apiVersion: string, rest: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n${rest}`;
  const cases: readonly { text: string; v?: Printable; code: string; line: number; column?: number }[] = [
    {
      text: of("Namespace", "v1", "  name: {{ v }}\n"),
      v: "alice@example.com",
      code: "NAME_INVALID",
      line: 4,
      column: 9,
    },
    { text: of("Namespace", "v1", "  name: {{ v }}\n"), v: "a".repeat(64), code: "NAME_INVALID", line: 4, column: 9 },
    { text: of("Namespace", "v1", "  name: {{ v }}\n"), v: "", code: "NAME_INVALID", line: 4 },
    { text: of("Namespace", "v1", "  name: a.b\n"), code: "NAME_INVALID", line: 4, column: 9 },
    { text: of("Namespace", "v1", "  labels: {}\n"), code: "NAME_INVALID", line: 4 },
    { text: of("Namespace", "v1", "  generateName: a-\n"), code: "NAME_INVALID", line: 4 },
    { text: of("Service", "v1", "  name: 1a\n"), code: "NAME_INVALID", line: 4 },
    { text: of("CronJob", "batch/v1", `  name: ${"a".repeat(53)}\n`), code: "NAME_INVALID", line: 4 },
    { text: of("Role", "rbac.authorization.k8s.io/v1", "  name: a/b\n"), code: "NAME_INVALID", line: 4 },
    { text: of("ConfigMap", "v1", "  name: A\n"), code: "NAME_INVALID", line: 4 },
    {
      text: of("ConfigMap", "v1", "  name: a\n  namespace: {{ v }}\n"),
      v: "a.b",
      code: "NAME_INVALID",
      line: 5,
      column: 14,
    },
    {
      text: of("ConfigMap", "v1", "  name: a\n  labels:\n    ok: a\n    l: {{ v }}\n"),
      v: "a b",
      code: "LABEL_INVALID",
      line: 7,
      column: 8,
    },
    { text: of("ConfigMap", "v1", "  name: a\n  labels: {-a: b}\n"), code: "LABEL_INVALID", line: 5 },
    { text: of("ConfigMap", "v1", "  name: a\n  labels: {A_/b: c}\n"), code: "LABEL_INVALID", line: 5 },
    { text: of("ConfigMap", "v1", "  name: a\n  annotations: {a b: c}\n"), code: "LABEL_INVALID", line: 5 },
    { text: of("ConfigMap", "v1", "  name: a\n  labels: [a]\n"), code: "MANIFEST_INVALID", line: 5 },
    { text: of("ConfigMap", "v1", "  name: a\n  labels: {a: {b: c}}\n"), code: "MANIFEST_INVALID", line: 5 },
    { text: of("ConfigMap", "v1", "  name: a\ndata:\n  a b: c\n"), code: "MANIFEST_INVALID", line: 6 },
    { text: of("ConfigMap", "v1", "  name: a\ndata:\n  a: {b: c}\n"), code: "MANIFEST_INVALID", line: 6 },
    {
      text: of("Secret", "v1", "  name: a\ndata:\n  a: {{ v }}\n"),
      v: "no base64",
      code: "MANIFEST_INVALID",
      line: 6,
      column: 6,
    },
    {
      text: of(
        "Deployment",
        "apps/v1",
        "  name: a\nspec:\n  template:\n    metadata:\n      labels:\n        app: {{ v }}\n",
      ),
      v: "a@b",
      code: "LABEL_INVALID",
      line: 9,
      column: 14,
    },
    { text: of("a b", "v1", "  name: a\n"), code: "MANIFEST_INVALID", line: 2 },
    { text: of("Thing", "a/b/c", "  name: a\n"), code: "MANIFEST_INVALID", line: 1 },
    { text: of("Thing", "v_1", "  name: a\n"), code: "MANIFEST_INVALID", line: 1 },
    { text: "apiVersion: v1\nmetadata: {name: a}\n", code: "MANIFEST_INVALID", line: 1 },
    { text: "apiVersion: v1\nkind: Namespace\n", code: "MANIFEST_INVALID", line: 1 },
    { text: "- a\n- b\n", code: "MANIFEST_INVALID", line: 1 },
    { text: "text\n", code: "MANIFEST_INVALID", line: 1 },
    { text: `${thing}spec:\n  a: .nan\n`, code: "MANIFEST_INVALID", line: 6 },
    { text: `${thing}spec:\n  a: !!int x\n`, code: "MANIFEST_INVALID", line: 6 },
    { text: `${thing}spec:\n  a: b: c\n`, code: "MANIFEST_SYNTAX", line: 6 },
    { text: `${thing}spec:\n  a: b\n  a: c\n`, code: "MANIFEST_SYNTAX", line: 7 },
    { text: `${thing}spec:\n  a: !!binary aGk=\n`, code: "MANIFEST_SYNTAX", line: 6 },
    { text: `${thing}spec:\n  a: "b\n`, code: "MANIFEST_SYNTAX", line: 6 },
    { text: `${thing}spec:\n  a: *b\n`, code: "MANIFEST_SYNTAX", line: 6 },
    { text: `${thing}spec:\n\ta: b\n`, code: "MANIFEST_SYNTAX", line: 6 },
    { text: `${thing}spec: {{ v }}\n{{ v }}: x\n`, v: "ok", code: "GUARD_VIOLATION", line: 6, column: 1 },
    {
      text: of("Namespace", "v1", "  name: a\n  {{ v }}: x\n"),
      v: "labels",
      code: "GUARD_VIOLATION",
      line: 5,
      column: 3,
    },
    {
      text: of("Deployment", "apps/v1", "  name: a\nspec:\n  template:\n    metadata:\n      {{ v }}: {}\n"),
      v: "labels",
      code: "GUARD_VIOLATION",
      line: 8,
    },
    {
      text: "x: &x {{{ v }}: y}\n<<: *x\napiVersion: v1\nkind: Thing\nmetadata: {name: a}\n",
      v: "spec",
      code: "GUARD_VIOLATION",
      line: 1,
    },
    {
      text: "{{ v }}",
      v: {
        text: "apiVersion: v1\nkind: Thing",
        serialized: new Map([
          ["apiVersion", "v1"],
          ["kind", "Thing"],
        ]),
      },
      code: "GUARD_VIOLATION",
      line: 1,
    },
    { text: "apiVersion: v1\nkind: {{ v }}\nitems: []\n", v: "List", code: "MANIFEST_INVALID", line: 1 },
  ];
  it.each(cases)("$code $text", ({ text, v = "", code, line, column }) => {
    const { value, problems } = read(text, { v });
    expect(problems[0]).toMatchObject({
      code,
      severity: "error",
      at: { file: "config.yaml", line, ...(column === undefined ? {} : { column }) },
    });
    expect(value).toEqual([]);
  });

  it("aliases of aliases grow only so far", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `  a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]\n`,
    );
    expect(read(`${thing}spec:\n  a0: &a0 x\n${levels.join("")}`).problems).toMatchObject([
      { code: "MANIFEST_INVALID" },
    ]);
  });

  it("nesting is bounded", () => {
    expect(read(`${thing}spec: ${"[".repeat(100_000)}`).problems).toMatchObject([{ code: "MANIFEST_SYNTAX" }]);
  });

  it("the culprit is named among many values", () => {
    const template = `${thing}spec:\n${Array.from({ length: 50 }, (_, index) => `  k${index}: {{ v${index} }}\n`).join("")}`;
    const values = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        `v${index}`,
        index === 20 ? '"unclosed' : index > 30 ? 'it\'s: "x"'.slice(0, 4) : "a, b",
      ]),
    );
    const { problems } = read(template, values);
    expect(problems).toMatchObject([{ code: "GUARD_VIOLATION", at: { line: 26 } }]);
    expect(problems[0]!.message).toContain(JSON.stringify('"unclosed'));
  });
});

describe("where objects live", () => {
  const widgets = new Map<string, CustomKind>([
    ["example.com/widget", { group: "example.com", kind: "Widget", scope: "namespace", versions: new Map() }],
    ["example.com/fleet", { group: "example.com", kind: "Fleet", scope: "cluster", versions: new Map() }],
  ]);
  const cases: readonly (readonly [string, string, string, string])[] = [
    ["v1", "ConfigMap", "", "default"],
    ["v1", "ConfigMap", "shop", "shop"],
    ["v1", "Namespace", "shop", ""],
    ["rbac.authorization.k8s.io/v1", "ClusterRole", "shop", ""],
    ["rbac.authorization.k8s.io/v1", "Role", "", "default"],
    ["v1", "Configmap", "", "default"],
    ["example.com/v1", "Widget", "", "default"],
    ["example.com/v1", "Widget", "shop", "shop"],
    ["example.com/v1", "Fleet", "shop", ""],
    ["example.com/v1", "Thing", "shop", "shop"],
  ];
  it.each(cases)("%s %s in '%s'", (apiVersion, kind, given, namespace) => {
    const template = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a, namespace: "${given}"}\n`;
    const { value } = read(template, {}, { checks: "off", customKinds: widgets });
    expect(value[0]!.identity).toMatchObject({ kind, namespace, name: "a" });
    expect(value[0]!.text.includes("  namespace: ")).toBe(namespace !== "");
  });

  it("where nobody knows, is `default` too, so that it meets who says so; the file says nothing", () => {
    const { value, problems } = read(thing, {}, { isValidation: true });
    expect(value[0]!.identity).toMatchObject({ kind: "Thing", namespace: "default" });
    expect(value[0]!.text).not.toContain("namespace:");
    expect(problems).toMatchObject([{ code: "KIND_UNKNOWN", severity: "warning", at: { line: 2 } }]);
    expect(read(`${thing}  namespace: a\n`, {}, { isValidation: true }).problems).toEqual([]);
  });
});

describe("provenance", () => {
  it("extra labels and annotations stand over the template's, Sluice's over all", () => {
    const extraLabels = new Map([
      ["team", "b"],
      ["app.kubernetes.io/managed-by", "me"],
    ]);
    const extraAnnotations = new Map([["note", "x: y"]]);
    const { value } = read(`${thing}  labels: {team: a, keep: it}\n`, {}, { extraLabels, extraAnnotations });
    expect(parseDocument(value[0]!.text).toJS().metadata).toMatchObject({
      labels: {
        team: "b",
        keep: "it",
        "sluice.dev/owner": "EventTrigger.login",
        "app.kubernetes.io/managed-by": "sluice",
      },
      annotations: { note: "x: y", "sluice.dev/entity": "0123abcd" },
    });
  });

  it("extra labels and annotations can't say whose an object is", () => {
    const own = new Map([["sluice.dev/owner", "me"]]);
    for (const extra of [{ extraLabels: own }, { extraAnnotations: own }]) {
      expect(read(thing, {}, extra).problems).toMatchObject([{ code: "LABEL_INVALID" }]);
    }
  });

  it("extra labels must be labels", () => {
    const { problems } = read(thing, {}, { extraLabels: new Map([["team", "a b"]]) });
    expect(problems).toMatchObject([{ code: "LABEL_INVALID" }]);
  });

  it("owners of any length and kind make a label", () => {
    const owners = [
      `EventTrigger/${"a".repeat(80)}`,
      `EventTrigger/${"a".repeat(81)}`,
      "ClusterProfile/a",
      "ä/ö",
      "-/-",
    ];
    const labels = owners.map((owner) => {
      const { value, problems } = read(thing, {}, { provenance: { owner, entity: "e", instance: "sluice" } });
      expect(problems).toEqual([]);
      return parseDocument(value[0]!.text).toJS().metadata.labels["sluice.dev/owner"] as string;
    });
    expect(new Set(labels).size).toBe(owners.length);
    for (const label of labels) expect(label).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
  });

  it("Flux is told not to substitute where there is something to", () => {
    const dollar = "$";
    expect(read(`${thing}spec: {a: "${dollar}{HOME}"}\n`).value[0]!.text).toContain(
      "kustomize.toolkit.fluxcd.io/substitute: disabled",
    );
    expect(read(`${thing}spec: {a: "${dollar}HOME"}\n`).value[0]!.text).not.toContain("substitute");
  });
});
