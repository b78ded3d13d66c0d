/** What consumers of the repository (kustomize, Flux, Argo CD) would take for more than text is refused or disarmed. */
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { type ManifestOptions, readManifests } from "../../src/render/read-manifests.ts";
import { interpolate, type Printable, sourceOf } from "./interpolate.ts";

const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
};

function read(template: string, values: Readonly<Record<string, Printable>> = {}, more: Partial<ManifestOptions> = {}) {
  return readManifests(interpolate(template, values), sourceOf(template), { ...options, ...more });
}

function codesOf(template: string, values: Readonly<Record<string, Printable>> = {}): string[] {
  return read(template, values).problems.map(({ code }) => code);
}

const widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: x\n";
const configMap = (data: string, metadata = ""): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: a\n${metadata}data:\n  k: ${data}\n`;

describe("an object with a list of items at its root", () => {
  const list = (kind: string, more = ""): string =>
    `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: {name: x}\n${more}items: [{a: b}]\n`;
  const cases: readonly (readonly [string, string, Readonly<Record<string, Printable>>])[] = [
    ["of a kind that ends in List and has a name", list("AllowList"), {}],
    ["of any other kind", list("Widget"), {}],
    ["whose kind an event printed", list("{{ kind }}"), { kind: "List" }],
    ["empty", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\nitems: []\n", {}],
    ["merged", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\n<<: {items: [{a: b}]}\n", {}],
    ["in JSON", '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x"},"items":[{}]}', {}],
    [
      "in a List",
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: example.com/v1, kind: W, metadata: {name: x}, items: [{}]}\n",
      {},
    ],
  ];
  it.each(cases)("%s is refused", (_, template, values) =>
    expect(codesOf(template, values)).toEqual(["MANIFEST_INVALID"]),
  );

  it("elsewhere is nothing special", () => {
    expect(codesOf(`${widget}spec: {items: [{a: b}]}\n`)).toEqual([]);
    expect(codesOf("apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: x}\nspec: {}\n")).toEqual([]);
    expect(codesOf("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\nitems: {a: b}\n")).toEqual([]);
  });
});

describe("labels and annotations that switch something", () => {
  const annotated = (line: string): string => `${widget}  annotations:\n    ${line}\n`;
  const switches = [
    "kustomize.toolkit.fluxcd.io/prune",
    "kustomize.toolkit.fluxcd.io/substitute",
    "kustomize.toolkit.fluxcd.io/ssa",
    "reconcile.fluxcd.io/requestedAt",
    "argocd.argoproj.io/sync-options",
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/tracking-id",
    "helm.sh/hook",
    "helm.sh/resource-policy",
    "meta.helm.sh/release-name",
    "config.kubernetes.io/local-config",
    "internal.config.kubernetes.io/path",
    "kustomize.config.k8s.io/needs-hash",
    "config.k8s.io/id",
    "applyset.kubernetes.io/part-of",
    "kubectl.kubernetes.io/last-applied-configuration",
  ];
  it.each(switches)("%s: not by an event, neither key nor value, but by the author", (key) => {
    expect(codesOf(annotated("{{ k }}: x"), { k: key })).toEqual(["GUARD_VIOLATION"]);
    expect(codesOf(annotated(`${key}: {{ v }}`), { v: "enabled" })).toEqual(["GUARD_VIOLATION"]);
    const [domain, name] = key.split("/");
    expect(codesOf(annotated(`${domain}/{{ n }}: x`), { n: name! })).toEqual(["GUARD_VIOLATION"]);
    expect(codesOf(`${widget}  labels:\n    {{ k }}: x\n`, { k: key })).toEqual(["GUARD_VIOLATION"]);
    expect(codesOf(annotated(`${key}: enabled`))).toEqual([]);
  });

  it("may be a number of the event's where the author wrote the key", () => {
    expect(codesOf(annotated("argocd.argoproj.io/sync-wave: {{ v }}"), { v: "-3" })).toEqual([]);
    expect(codesOf(annotated("argocd.argoproj.io/sync-wave: {{ v }}"), { v: "x" })).toEqual(["GUARD_VIOLATION"]);
  });

  it("leaves other people's keys alone", () => {
    expect(codesOf(annotated("{{ k }}: x"), { k: "example.com/prune" })).toEqual([]);
    expect(codesOf(annotated("{{ k }}: x"), { k: "nothelm.sh/hook" })).toEqual([]);
  });

  it("of Sluice's own are refused, whoever wrote them", () => {
    for (const key of ["sluice.dev/entity", "sluice.dev/owner", "x.sluice.dev/y"]) {
      expect(codesOf(annotated(`${key}: x`))).toEqual(["LABEL_INVALID"]);
      expect(codesOf(`${widget}  labels: {${key}: x}\n`)).toEqual(["LABEL_INVALID"]);
    }
  });
});

describe("text that is magic", () => {
  const marker = "+argocd:skip-file-rendering";
  const texts = [marker, `a ${marker} b`, `x\n${marker}\ny\n`, `${marker}${marker}`, `"${marker}"`, `\u2028${marker}`];
  it.each(texts)("%j does not stand in the file, but in the value", (text) => {
    for (const template of [configMap("{{ v }}"), `${widget}spec:\n  a: [{{ v }}]\n`]) {
      const [manifest] = read(template, { v: { text: JSON.stringify(text), serialized: text } }).value;
      expect(manifest!.text).not.toContain(marker);
      expect(JSON.stringify(parseDocument(manifest!.text).toJS())).toContain(JSON.stringify(text).slice(1, -1));
    }
  });

  const annotationOf = (text: string): unknown =>
    parseDocument(text).toJS().metadata.annotations["kustomize.toolkit.fluxcd.io/substitute"];
  it.each([`$\{x}`, `$$\{x}`, "a$$b", `$\{x:=y}`, `x\n$\{y}\n`])("%j is kept from Flux's substitution", (text) => {
    const [manifest] = read(configMap("{{ v }}"), { v: { text: JSON.stringify(text), serialized: text } }).value;
    expect(annotationOf(manifest!.text)).toBe("disabled");
    const own = configMap("{{ v }}", "  annotations: {kustomize.toolkit.fluxcd.io/substitute: enabled}\n");
    const [chosen] = read(own, { v: { text: JSON.stringify(text), serialized: text } }).value;
    expect(annotationOf(chosen!.text)).toBe("enabled");
  });

  it("a lone dollar sign is none", () => {
    const [manifest] = read(configMap("{{ v }}"), { v: "$x $(y) $" }).value;
    expect(annotationOf(manifest!.text)).toBe(undefined);
  });
});

describe("text that kustomize breaks", () => {
  const texts = [
    "\tx\ny",
    "\tx\n",
    "a\u007fb",
    "\u0085",
    "\u0080\n",
    "\u009f",
    "\ufffe",
    "a\n\uffff",
    "a\n\u2028",
    "\n\u2029",
  ];
  const printed = (text: string): Readonly<Record<string, Printable>> => ({
    v: {
      serialized: text,
      text: JSON.stringify(text).replace(
        /[\x7f-\x9f\u2028\u2029\ufffe\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
    },
  });
  it.each(texts)("%j stays text where no kustomize reads it", (text) => {
    const { value, problems } = readManifests(
      interpolate(configMap("{{ v }}\n  l: y"), printed(text)),
      sourceOf(configMap("{{ v }}\n  l: y")),
      { ...options, isReadAsWritten: true },
    );

    expect(problems).toEqual([]);
    expect(parseDocument(value[0]!.text).toJS().data).toEqual({ k: text, l: "y" });
  });

  it.each(texts)("%j is carried as bytes in a ConfigMap's data and a Secret's", (text) => {
    const [manifest] = read(configMap("{{ v }}\n  l: y"), printed(text)).value;
    const { data, binaryData } = parseDocument(manifest!.text).toJS();
    expect(data).toEqual({ l: "y" });
    expect(Buffer.from(binaryData.k, "base64").toString()).toBe(text);

    const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: a}\nstringData:\n  k: {{ v }}\n";
    const carried = parseDocument(read(secret, printed(text)).value[0]!.text).toJS();
    expect(carried.stringData).toBe(undefined);
    expect(Buffer.from(carried.data.k, "base64").toString()).toBe(text);
  });

  it.each(texts)("%j is refused elsewhere", (text) => {
    expect(codesOf(`${widget}spec:\n  a: [{b: {{ v }}}]\n`, printed(text))).toEqual(["MANIFEST_INVALID"]);
    expect(codesOf(`${widget}  annotations:\n    a: {{ v }}\n`, printed(text))).toEqual(["MANIFEST_INVALID"]);
  });

  it("as a key is refused: `<<`, and one that is very long", () => {
    expect(codesOf(`${widget}spec:\n  "<<": {a: b}\n`)).toEqual(["MANIFEST_INVALID"]);
    expect(codesOf(`${widget}spec:\n  ? ${"k".repeat(1001)}\n  : x\n`)).toEqual(["MANIFEST_INVALID"]);
  });

  it("is only what is broken", () => {
    for (const text of [
      "\tx",
      " \tx\ny",
      "x\n\ty",
      "\u00a0",
      "a\u2028b\nc",
      "a\u2028",
      "\u2029\n",
      "é",
      "😀",
      "\u0000",
      "\u001b[0m",
      "\r\n",
    ]) {
      expect(codesOf(`${widget}spec:\n  a: {{ v }}\n`, printed(text))).toEqual([]);
    }
  });
});

describe("what can't be one object of a cluster", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["the Namespace default", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n", /cluster's own/],
    ["the Namespace kube-system", "apiVersion: v1\nkind: namespace\nmetadata: {name: kube-system}\n", /cluster's own/],
    ["generateName", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-, namespace: a}\n", /generateName/],
    [
      "a kustomization",
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x}\n",
      /kustomize itself/,
    ],
    [
      "a key in data and binaryData",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a}\ndata: {k: v}\nbinaryData: {k: dg==}\n",
      /in data and in binaryData/,
    ],
    ["more than 1 MiB", configMap(`"${"x".repeat(1024 * 1024)}"`), /1 MiB/],
    ["annotations of more bytes than are taken", `${widget}  annotations: {a: "${"é".repeat(132_000)}"}\n`, /bytes/],
  ];
  it.each(cases)("%s is refused", (_, template, message) => {
    const { problems } = read(template);
    expect(problems.map(({ severity }) => severity)).toEqual(["error"]);
    expect(problems[0]!.message).toMatch(message);
  });
});

describe("nothing is quoted", () => {
  const value = "hunter2 is the password";
  const secrets: readonly (readonly [string, string])[] = [
    ["its name", "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ v }}, namespace: a}\n"],
    ["its namespace", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: {{ v }}}\n"],
    ["a label", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a, labels: {a: {{ v }}}}\n"],
    ["a key", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\nstringData:\n  {{ v }}: x\n"],
    ["a value", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\ndata:\n  a: {{ v }}\n"],
    ["a tag", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\nx: !!int {{ v }}\n"],
    ["a misspelt kind", "apiVersion: v1\nkind: secret\nmetadata: {name: a, namespace: {{ v }}}\n"],
    [
      "what the guard refuses",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\nstringData:\n  a: {{ v }}: x\n",
    ],
  ];
  it.each(secrets)("of a Secret: %s", (_, template) => {
    const { problems } = read(template, { v: value });
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  it("not even the template's line", () => {
    const template =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\nstringData: {a: hunter2, b: {{ v }}}\n";
    for (const v of ["x: y", "\n", "{"])
      expect(JSON.stringify(read(template, { v }).problems)).not.toContain("hunter2");
    const wrong = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: a}\ndata: {a: hunter2!}\n";
    expect(read(wrong).problems).toHaveLength(1);
    expect(JSON.stringify(read(wrong).problems)).not.toContain("hunter2");
  });

  it.each(secrets)("of an event that is confidential: %s", (_, template) => {
    const { problems } = read(template.replace(/[Ss]ecret/, "Widget"), { v: value }, { isConfidential: true });
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });
});
