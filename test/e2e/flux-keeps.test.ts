/**
 * What must stay on a cluster beside Flux's kustomize-controller: what LeavePolicies leaves while the hub is stopped, a
 * Namespace that several want when the first of them goes, and everything when one trigger begins to depend on another.
 *
 * Needs kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FluxHub, hasHubTools } from "./flux-hub.ts";
import { usersConfig } from "./users-config.ts";

const hasTools = await hasHubTools();
const waitMs = 600_000;

const leaves = "  stopMatchingBehavior: LeavePolicies\n";

/** A trigger that renders what a ConfigMap of its own name says; `gone`: the type of event that takes an entity away from it. */
function triggerOf(name: string, gone: string, further = ""): string {
  return `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${name}}]
  cloudEventAction: '{{ if eq .CloudEvent.type "${gone}" }}Delete{{ else }}Create{{ end }}'
${further}`;
}

function templatesOf(name: string, ...templates: readonly string[]): string {
  const data = templates.map((text, index) => `  object-${index}.yaml: |\n${text.replace(/^/gm, "    ")}\n`).join("");
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
${data}`;
}

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: "{{ .CloudEvent.subject }}"}';

/** A profile with a Namespace, and with these objects besides. */
function ground(more = ""): string {
  return `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: ground}
spec:
  clusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: ground}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ground, namespace: default}
data:
  ground.yaml: |
    apiVersion: v1
    kind: Namespace
    metadata: {name: ground}
${more}`;
}

const widget = `    ---
    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: one, namespace: ground}
`;

const widgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

describe.skipIf(!hasTools)("what stays beside Flux (npm run tools, then npm run test:all)", () => {
  let hub: FluxHub;
  const meant = /before-|team$|^ground$/;
  const uidOf = async (name: string) => (await hub.namespaces(/./)).get(name);

  beforeAll(async () => {
    const config = {
      "others.yaml": usersConfig["others.yaml"],
      "first.yaml": triggerOf("first", "leave-first", leaves),
      "second.yaml": triggerOf("second", "leave-second", leaves),
      "ground.yaml": ground(),
      "templates.yaml": [
        templatesOf("first", namespace, namespace.replace("{{", "first-{{")),
        templatesOf("second", namespace, namespace.replace("{{", "second-{{")),
      ].join("---\n"),
    };
    hub = await FluxHub.open({ config, delivery: "split: owner, " });
  }, 120_000);
  afterAll(() => hub?.close());

  it(
    "a Namespace that two triggers want stays when the first of them has it no more",
    async () => {
      await hub.send("default", "team");
      await hub.until(async () => (await uidOf("team")) !== undefined, "the Namespace");
      const uid = await uidOf("team");

      await hub.send("leave-first", "team");
      await hub.until(async () => (await uidOf("first-team")) === undefined, "the first's own object goes");
      await hub.until(() => hub.isApplied(), "all is applied");

      expect(await uidOf("team")).toBe(uid);
    },
    waitMs,
  );

  it(
    "a trigger that begins to depend on another waits for it, and changes no object",
    async () => {
      await hub.send("default", "before-1", "before-2");
      await hub.until(async () => (await hub.namespaces(/before-/)).size === 6, "the Namespaces");
      const before = await hub.namespaces(meant);

      const later = triggerOf("second", "leave-second", `${leaves}  dependsOn: [ground]\n`);
      await hub.bench.commitConfig({ "second.yaml": later });
      const unitOf = async (owner: string) =>
        [...(await hub.kustomizations()).values()].find(({ metadata: { name } }) => name.includes(owner))!;
      await hub.until(async () => (await unitOf("second")).spec.dependsOn !== undefined, "the edge");
      const prerequisite = await unitOf("ground");
      expect((await unitOf("second")).spec.dependsOn).toEqual([{ name: prerequisite.metadata.name }]);
      expect(prerequisite.spec.wait).toBe(true);
      await hub.until(() => hub.isApplied(), "all is applied");

      // The cluster has no such kind: until it has, what depends on the profile waits, and nothing else does.
      await hub.bench.commitConfig({ "ground.yaml": ground(widget) });
      await hub.until(async () => (await hub.flux.log()).includes("Widget"), "the profile can't be applied");
      await hub.send("default", "waiting");
      await hub.until(async () => (await uidOf("first-waiting")) !== undefined, "the other trigger's object");
      expect(await uidOf("second-waiting")).toBeUndefined();
      await hub.server.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgets);
      await hub.until(async () => (await uidOf("second-waiting")) !== undefined, "the second follows");
      await hub.until(() => hub.isApplied(), "all is applied");
      expect(await hub.namespaces(meant)).toEqual(before);
    },
    waitMs,
  );

  it(
    "what LeavePolicies leaves while the hub is stopped is there when it is started, and when it is forgotten",
    async () => {
      await hub.send("default", "carol");
      await hub.until(async () => (await uidOf("carol")) !== undefined, "carol's Namespace");
      await hub.until(() => hub.isApplied(), "all is applied");
      const before = await hub.namespaces(/before-|carol$|team$/);

      await hub.flux.halt();
      // What the second wants too would stay for it alone.
      await hub.bench.commitConfig({ "second.yaml": undefined, "first.yaml": undefined });
      await hub.until(async () => {
        for (const { id } of (await hub.leading()).held) await hub.bench.sluice("approve", id);
        const marked = await hub.bench.git("grep", "-l", "sluice.dev/left", "main", "--", "rendered").catch(() => "");
        return marked.trim().split("\n").length >= before.size;
      }, "the mark");
      await hub.flux.resume();
      await hub.until(() => hub.isApplied(), "all is applied");
      expect([...(await hub.namespaces(/before-|carol$|team$/))]).toEqual([...before]);

      expect((await hub.bench.sluice("forget", "--left")).code).toBe(0);
      await hub.until(
        async () => (await hub.bench.rendered()).every((path) => path.includes("/clusterprofiles/")),
        "forgotten",
      );
      await hub.until(() => hub.isApplied(), "all is applied");
      expect([...(await hub.namespaces(/before-|carol$|team$/))]).toEqual([...before]);
    },
    waitMs,
  );
});
