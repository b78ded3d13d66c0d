/** Objects against the schemas of their kinds: what is refused always, what only where an event printed it, what warns. */
import { describe, expect, it } from "vitest";
import { kubernetesVersion } from "../../../src/render/manifests/schema/kubernetes-openapi.ts";
import { customKindsOfText } from "../../../src/render/manifests/schema/read-crd.ts";
import { type ManifestOptions, readManifests } from "../../../src/render/read-manifests.ts";
import { interpolate, type Printable, sourceOf } from "../interpolate.ts";
import { object, podOf, refusedObjects, service, takenObjects } from "./cases.ts";

const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
};

function read(template: string, values: Readonly<Record<string, Printable>> = {}, more: Partial<ManifestOptions> = {}) {
  return readManifests(interpolate(template, values), sourceOf(template), { ...options, ...more });
}

/** `error` or `warning` and the message of each problem. */
function told(template: string, values: Readonly<Record<string, Printable>> = {}, more: Partial<ManifestOptions> = {}) {
  return read(template, values, more).problems.map(({ severity, message }) => `${severity}: ${message}`);
}

it("a Secret's type is what an event says, whatever objects have by that name", () => {
  const template = object("v1", "Secret", "type: {{ a }}");
  expect(told(template, { a: "constructor" })).toEqual(told(template, { a: "example.com/any" }));
});

describe("what no version of Kubernetes takes", () => {
  it.each(refusedObjects)("%s is refused", (_, text, message) => {
    const problems = told(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error: /);
    expect(problems[0]).toMatch(message);
  });

  it.each(refusedObjects)(
    "%s only warns with `checks: {kubernetes: warn}`, and is passed over with `off`",
    (_, text) => {
      expect(told(text, {}, { checks: "warn" })[0]).toMatch(/^warning: /);
      expect(read(text, {}, { checks: "warn" }).value).toHaveLength(1);
      expect(told(text, {}, { checks: "off" })).toEqual([]);
    },
  );
});

describe("what another version may take", () => {
  const cases: readonly (readonly [string, (v: string) => string, string, RegExp])[] = [
    ["an enum", (v) => service(`{type: ${v}, ports: [{port: 80}]}`), "Internal", /must be one of ClusterIP, /],
    [
      "a kind of a built-in group",
      (v) => object("apps/v1", v, "spec: {}"),
      "Daemon",
      /has no kind "Daemon" in "apps\/v1"/,
    ],
    [
      "a range that begins within itself",
      (v) =>
        object(
          "networking.k8s.io/v1",
          "NetworkPolicy",
          `spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: ${v}}}]}]}`,
        ),
      "10.0.0.1/8",
      /must be the first address of its range/,
    ],
    [
      "a resource of containers",
      (v) => podOf(`{name: c, image: i, resources: {limits: {${v}: 1}}}`),
      "gpus",
      /is no resource of a container/,
    ],
    [
      "a version",
      (v) => object(v, "Deployment", "spec: {}"),
      "apps/v1beta9",
      /has no kind "Deployment" in "apps\/v1beta9"/,
    ],
    [
      "a group of former times",
      (v) => object(v, "Ingress", "spec: {}"),
      "extensions/v1beta1",
      /has no kind "Ingress" in "extensions\/v1beta1"/,
    ],
    ["a kind misspelt", (v) => object("v1", v, "data: {}"), "Configmap", /it is written ConfigMap/],
    [
      "a member that is not known",
      (v) => podOf(`{name: c, image: i, ${v}: 1}`),
      "enviroment",
      /enviroment of this Pod is not known here/,
    ],
    ["an image", (v) => podOf(`{name: c, image: "${v}"}`), "a/UPPER", /no reference to an image/],
  ];
  it.each(cases)("%s: a warning where the author wrote it", (_, text, value, message) => {
    const problems = told(text(value));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^warning: /);
    expect(problems[0]).toMatch(message);
  });
  it.each(cases)("%s: refused where an event printed it", (_, text, value, message) => {
    const problems = told(text("{{ v }}"), { v: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error: /);
    expect(problems[0]).toMatch(message);
  });

  it("twenty warnings leave room for an error", () => {
    const unknown = Array.from({ length: 40 }, (_, index) => `q${index}: 1`).join(", ");
    const { value, problems } = read(podOf(`{name: c, image: "a b", ${unknown}}`));
    expect(value).toEqual([]);
    expect(problems.filter(({ severity }) => severity === "error")).toHaveLength(1);
  });
});

describe("what is taken", () => {
  it.each(takenObjects)("%s", (_, text) => expect(told(text)).toEqual([]));

  it("the version is one of Kubernetes'", () => expect(kubernetesVersion).toMatch(/^v1\.\d+\.\d+$/));
});

describe("custom kinds", () => {
  const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, maximum: 9}
              color: {type: string, enum: [red, green]}
              code: {type: string, pattern: "^[a-z]{2}$"}
              port: {x-kubernetes-int-or-string: true}
              note: {type: string, nullable: true, maxLength: 3}
              mode: {type: string, default: a}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, properties: {name: {type: string}}}
              limits: {type: object, additionalProperties: {type: number}}
  - {name: v0, served: false, storage: false}
`;
  const customKinds = new Map(customKindsOfText(crd).map((kind) => [`${kind.group}/${kind.kind.toLowerCase()}`, kind]));
  const widget = (spec: string, version = "v1"): string =>
    `apiVersion: example.com/${version}\nkind: Widget\nmetadata: {name: x}\nspec: ${spec}\n`;
  const cases: readonly (readonly [string, string, string[]])[] = [
    [
      "good",
      widget(
        "{size: 3, color: red, code: ab, port: http, note: null, mode: null, free: {a: 1}, tags: [a, b], parts: [{name: a}, {name: b}], limits: {a: 1.5}}",
      ),
      [],
    ],
    [
      "no spec",
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\n",
      ["error: this Widget lacks spec, which is required"],
    ],
    [
      "a type",
      widget("{size: big}"),
      ['error: spec.size of this Widget must be a whole number, without quotes, not "big"'],
    ],
    ["what is required", widget("{}"), ["error: spec of this Widget lacks size, which is required"]],
    ["null", widget("{size: 1, color: null}"), ["error: spec.color of this Widget must not be null"]],
    [
      "an enum",
      widget("{size: 1, color: blue}"),
      ['warning: spec.color of this Widget must be one of red, green, not "blue"'],
    ],
    [
      "a pattern",
      widget("{size: 1, code: abc}"),
      ['warning: spec.code of this Widget must match ^[a-z]{2}$, not "abc"'],
    ],
    ["a maximum", widget("{size: 10}"), ['warning: spec.size of this Widget must be at most 9, not "10"']],
    ["a length", widget("{size: 1, note: long}"), ["warning: spec.note of this Widget must have at most 3 characters"]],
    [
      "what is not known",
      widget("{size: 1, colour: red}"),
      ["warning: spec.colour of this Widget is not known here: did you mean color?"],
    ],
    ["a duplicate", widget("{size: 1, tags: [a, a]}"), ['error: spec.tags[1] of this Widget is there twice, not "a"']],
    [
      "a duplicate key",
      widget("{size: 1, parts: [{name: a}, {name: a}]}"),
      ["error: spec.parts[1] of this Widget has the same name as one before it"],
    ],
    [
      "a version that is not served",
      widget("{}", "v0"),
      ['warning: Widget has no version "v0"; its CustomResourceDefinition serves v1'],
    ],
  ];
  it.each(cases)("%s", (_, text, problems) => expect(told(text, {}, { customKinds })).toEqual(problems));

  it("what an event printed is refused", () => {
    expect(told(widget("{size: 1, code: {{ v }}}"), { v: "abc" }, { customKinds })[0]).toMatch(/^error: spec.code/);
  });

  it("say where their objects live", () => {
    expect(read(widget("{size: 1}"), {}, { customKinds }).value[0]!.text).toContain("namespace: default\n");
  });
});
