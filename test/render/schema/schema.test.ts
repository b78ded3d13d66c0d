/** Objects against the schemas of their kinds: what is refused always, what only where an event printed it, what warns. */
import { describe, expect, it } from "vitest";
import { kubernetesVersion } from "../../../src/render/manifests/schema/kubernetes-openapi.ts";
import { customKindsOfText } from "../../../src/render/manifests/schema/read-crd.ts";
import { type ManifestOptions, readManifests } from "../../../src/render/read-manifests.ts";
import { interpolate, type Printable, sourceOf } from "../interpolate.ts";

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

const object = (apiVersion: string, kind: string, spec: string, name = "x"): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: a}\n${spec}\n`;
const pod = "{containers: [{name: c, image: i}]}";
const template = `{metadata: {labels: {a: b}}, spec: ${pod}}`;
const deployment = (spec: string): string =>
  object("apps/v1", "Deployment", `spec: {selector: {matchLabels: {a: b}}, template: ${template}, ${spec}}`);
const service = (spec: string): string => object("v1", "Service", `spec: ${spec}`);
const cronJob = (schedule: string): string =>
  object(
    "batch/v1",
    "CronJob",
    `spec: {schedule: "${schedule}", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}`,
  );
const ingress = (host: string): string =>
  object("networking.k8s.io/v1", "Ingress", `spec: {defaultBackend: {service: {name: s}}, rules: [{host: "${host}"}]}`);
const podOf = (container: string, more = ""): string =>
  object("v1", "Pod", `spec: {containers: [${container}]${more}}`);

describe("what no version of Kubernetes takes", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "a quantity",
      object("v1", "ResourceQuota", "spec: {hard: {pods: lots}}"),
      /spec\.hard\.pods of this ResourceQuota must be a quantity.*"lots"/,
    ],
    ["a negative quantity", object("v1", "ResourceQuota", "spec: {hard: {pods: -1}}"), /must not be negative/],
    ["negative replicas", deployment("replicas: -1"), /spec\.replicas of this Deployment must be at least 0/],
    ["replicas as text", deployment('replicas: "1"'), /whole number, without quotes/],
    ["too many replicas", deployment("replicas: 3000000000"), /too large/],
    ["a boolean as text", deployment('paused: "yes"'), /true or false/],
    ["a number as text", object("v1", "ConfigMap", "immutable: 1"), /true or false/],
    ["a list that is a mapping", podOf("{name: c, image: i, env: {a: b}}"), /must be a list/],
    ["a mapping that is a list", deployment("strategy: [a]"), /must be a mapping/],
    ["a string that is a number", podOf("{name: c, image: i, workingDir: 5}"), /must be a string/],
    ["a time", object("coordination.k8s.io/v1", "Lease", "spec: {renewTime: now}"), /must be a time/],
    [
      "no template",
      object("apps/v1", "Deployment", "spec: {selector: {matchLabels: {a: b}}}"),
      /spec of this Deployment lacks template/,
    ],
    ["no image", podOf("{name: c}"), /lacks image/],
    [
      "what is required at the root",
      object("rbac.authorization.k8s.io/v1", "RoleBinding", "subjects: []"),
      /lacks roleRef/,
    ],
    [
      "a Service's port twice",
      service("{ports: [{name: a, port: 80}, {name: b, port: 80}]}"),
      /spec\.ports\[1\].*same port and protocol/,
    ],
    ["a port's name twice", service("{ports: [{name: a, port: 80}, {name: a, port: 81}]}"), /twice/],
    ["several ports without names", service("{ports: [{name: a, port: 80}, {port: 81}]}"), /lacks name/],
    ["a container twice", podOf("{name: c, image: i}, {name: c, image: j}"), /same name as one before/],
    ["a variable twice", podOf("{name: c, image: i, env: [{name: A}, {name: A}]}"), /same name/],
    ["a port out of range", service("{ports: [{port: 99999}]}"), /from 1 to 65535/],
    ["a target port's name", service("{ports: [{port: 80, targetPort: No_Port}]}"), /lower-case/],
    ["a schedule", cronJob("daily"), /spec\.schedule of this CronJob/],
    ["a schedule with too much", cronJob("* * * * 8"), /day of the week/],
    ["a host", ingress("Acme Inc"), /spec\.rules\[0\]\.host/],
    ["a host that is an address", ingress("10.0.0.1"), /DNS name/],
    ["an image with a blank", podOf('{name: c, image: "nginx latest"}'), /no blanks/],
    [
      "a finalizer",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [a b]}\n",
      /metadata\.finalizers\[0\]/,
    ],
    ["a uid", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, uid: abc}\n", /metadata\.uid.*must not be there/],
    [
      "a resourceVersion",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, resourceVersion: '5'}\n",
      /cluster's to say/,
    ],
    [
      "managedFields",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, managedFields: [{manager: a}]}\n",
      /managedFields/,
    ],
    ["a share", deployment("strategy: {rollingUpdate: {maxSurge: some}}"), /with a %/],
    [
      "a selector that misses the template",
      object("apps/v1", "Deployment", `spec: {selector: {matchLabels: {a: c}}, template: ${template}}`),
      /label of template too/,
    ],
    [
      "a label of a selector",
      object("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {a: b c}}}"),
      /podSelector\.matchLabels\.a/,
    ],
    [
      "requests over limits",
      podOf("{name: c, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 1500m}}}"),
      /at most the limit/,
    ],
    ["a Job that restarts always", object("batch/v1", "Job", `spec: {template: {spec: ${pod}}}`), /OnFailure or Never/],
    [
      "a claim without storage",
      object("v1", "PersistentVolumeClaim", "spec: {accessModes: [ReadWriteOnce]}"),
      /lacks resources\.requests\.storage/,
    ],
    [
      "a range of addresses",
      object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/40}}]}]}",
      ),
      /range of addresses/,
    ],
    [
      "a TLS Secret without its key",
      object("v1", "Secret", "type: kubernetes.io/tls\nstringData: {tls.crt: a}"),
      /lacks tls\.key/,
    ],
    [
      "a ServiceAccount without namespace",
      object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "roleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: s}]",
      ),
      /lacks namespace/,
    ],
  ];
  it.each(cases)("%s is refused", (_, text, message) => {
    const problems = told(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error: /);
    expect(problems[0]).toMatch(message);
  });

  it.each(cases)("%s only warns with `checks: {kubernetes: warn}`, and is passed over with `off`", (_, text) => {
    expect(told(text, {}, { checks: "warn" })[0]).toMatch(/^warning: /);
    expect(read(text, {}, { checks: "warn" }).value).toHaveLength(1);
    expect(told(text, {}, { checks: "off" })).toEqual([]);
  });
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
      "a version",
      (v) => object(v, "Deployment", "spec: {}"),
      "apps/v1beta9",
      /has no kind "Deployment" in "apps\/v1beta9"/,
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
  const cases: readonly (readonly [string, string])[] = [
    ["a Deployment", deployment("replicas: 0, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}")],
    ["one port by two protocols", service("{ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}")],
    ["a port without name", service("{ports: [{port: 80, targetPort: http}]}")],
    ["a headless Service", service("{clusterIP: None, selector: {a: b}}")],
    ["an external name", service("{type: ExternalName, externalName: example.com.}")],
    [
      "quantities",
      object(
        "v1",
        "ResourceQuota",
        "spec: {hard: {pods: 10, requests.cpu: 500m, a/b: 1e3, memory: 1.5Gi, x.y/z: '.5'}}",
      ),
    ],
    [
      "nulls",
      object("v1", "Pod", "spec: {containers: [{name: c, image: i, args: null}], nodeSelector: null}\nstatus: null"),
    ],
    ["a status", deployment("replicas: 1").replace("\nspec:", "\nstatus: {anything: 1}\nspec:")],
    [
      "schedules",
      ["* * * * *", "*/5 0-6,12 1 jan-mar MON", "@daily", "@every 1h30m", "0 0 ? * 0"]
        .map((s) => cronJob(s))
        .join("---\n"),
    ],
    ["hosts", ["", "example.com", "*.example.com"].map((host) => ingress(host)).join("---\n")],
    [
      "images",
      ["nginx", "nginx:1.27", "r.example:5000/a/b__c:v1", `a/b@sha256:${"0".repeat(64)}`, "LOCALHOST/a"]
        .map((image) => podOf(`{name: c, image: "${image}"}`))
        .join("---\n"),
    ],
    [
      "creationTimestamp: null",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, creationTimestamp: null, uid: ''}\n",
    ],
    [
      "finalizers",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, finalizers: [example.com/x, foregroundDeletion]}\n",
    ],
    ["a Role without rules", object("rbac.authorization.k8s.io/v1", "Role", "rules: null")],
    ["a kind that nobody knows", object("example.com/v1", "Widget", "spec: {anything: [1, {}]}")],
  ];
  it.each(cases)("%s", (_, text) => expect(told(text)).toEqual([]));

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
