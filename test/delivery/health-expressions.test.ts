/** validateHealths in Flux' words: which rules it has, what they become, and what is told of the others. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkDelivery } from "../../src/delivery/check-delivery.ts";
import { translate } from "../../src/delivery/flux/health-expressions.ts";
import { writeDelivery } from "../../src/delivery/write-delivery.ts";
import { compileCrd, readKeptCrd } from "../tools/delivery-crds.ts";
import { deliveries } from "./deliveries.ts";
import { catalogOf, http, output, profile, release, renderDelivered } from "./rendered-charts.ts";

describe("rules over resource become rules over its fields", () => {
  it.each([
    ['resource.status.phase == "Running"', 'status.phase == "Running"'],
    ["has(resource.status.ready) && resource.status.ready", "has(status.ready) && status.ready"],
    ["resource.spec.replicas == resource.status.readyReplicas", "spec.replicas == status.readyReplicas"],
    [
      "resource.metadata.labels[\"resource.kind\"] == 'resource.x'",
      "metadata.labels[\"resource.kind\"] == 'resource.x'",
    ],
    [
      "resource.status.conditions.exists(c, c.type == 'Ready' && c.resource.x)",
      "status.conditions.exists(c, c.type == 'Ready' && c.resource.x)",
    ],
    ["resources.x == 1", "resources.x == 1"],
    ['resource["status"].ready', undefined],
    ["has(resource.status)", undefined],
    ["resource == null", undefined],
    ["size(resource) > 1", undefined],
  ])("%s", (rule, expected) => {
    expect(translate(rule)).toBe(expected);
  });
});

const check = (more: string) =>
  `validateHealths:\n- {name: a, featureID: Resources, group: apps, version: v1, kind: Deployment, ${more}}\n`;
const ready = "evaluateCEL: [{name: r, rule: 'resource.status.ready'}]";

function unitOf(spec: string) {
  const files = writeDelivery(catalogOf(profile("p", spec)), deliveries.flux, output);
  const { spec: unit } = parse(files.get("delivery/hub/fleet/eu-1/clusterprofile.p.yaml") ?? "") as { spec: object };
  const validate = compileCrd(readKeptCrd("kustomize.toolkit.fluxcd.io/v1/Kustomization"));
  validate(unit);
  expect(validate.errors ?? []).toEqual([]);
  return unit;
}

describe("a profile's unit", () => {
  it("is well when its checks say so: any rule of a check, all checks of a kind, in the namespace that one names", () => {
    const spec = `${check("namespace: x, evaluateCEL: [{name: r, rule: 'resource.status.a'}, {name: s, rule: 'resource.status.b'}]")}- {name: b, featureID: Resources, group: apps, version: v1, kind: Deployment, ${ready}}\n- {name: c, featureID: Kustomize, group: "", version: v1, kind: Pod, ${ready}}\n`;
    expect(unitOf(spec)).toMatchObject({
      wait: true,
      healthCheckExprs: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          current: '(metadata.namespace != "x" || (status.a) || (status.b)) && ((status.ready))',
        },
        { apiVersion: "v1", kind: "Pod", current: "((status.ready))" },
      ],
    });
    expect(unitOf("")).not.toHaveProperty("wait");
  });

  it("a check of charts is the HelmRelease's, which then waits", () => {
    const spec = `${check(ready).replace("Resources", "Helm")}helmCharts: [{${http}, ${release}}]\n`;
    expect(unitOf(spec)).not.toHaveProperty("healthCheckExprs");
    const text = [...renderDelivered(spec, deliveries.flux).values()].find((one) => one.includes("kind: HelmRelease"))!;
    const made = (parse(text) as { spec: object }).spec;
    const validate = compileCrd(readKeptCrd("helm.toolkit.fluxcd.io/v2/HelmRelease"));
    validate(made);
    expect(validate.errors ?? []).toEqual([]);
    expect(made).toMatchObject({
      healthCheckExprs: [{ apiVersion: "apps/v1", kind: "Deployment", current: "((status.ready))" }],
      install: { disableWait: false },
      upgrade: { disableWait: false },
    });
  });
});

it.each([
  ["script", check("script: 'function evaluate() end'")],
  ["labelFilters", check(`labelFilters: [{key: a, operation: Equal, value: b}], ${ready}`)],
  ["anything but evaluateCEL", check("namespace: b")],
  ["a rule about the whole of resource", check("evaluateCEL: [{name: r, rule: 'has(resource.status)'}]")],
])("%s is a warning for Flux, and no expression", (what, spec) => {
  const told = checkDelivery(catalogOf(profile("p", spec)), deliveries.flux).map(({ message }) => message);
  expect(told).toContainEqual(`${what} of validateHealths can't be expressed by delivery.kind flux`);
  expect(unitOf(spec)).not.toHaveProperty("healthCheckExprs");
});

it("all of it is a warning for Argo CD, whose health checks are the whole server's", () => {
  const told = checkDelivery(catalogOf(profile("p", check(ready))), deliveries.argocd).map(({ message }) => message);
  expect(told).toContainEqual("validateHealths can't be expressed by delivery.kind argocd");
});
