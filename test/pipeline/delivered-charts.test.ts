/** What a hub is told of charts follows them, commit by commit, and follows how their clusters are reached. */
import { beforeEach, expect, it } from "vitest";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  createInstance,
  eventSourceDocument,
  type Instance,
  type InstanceOptions,
  stateBranch,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;
beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
});

const cluster = (name: string, kubeconfig = name) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: mgmt, labels: {env: production}}\nspec: {kubeconfigName: ${kubeconfig}, kubeconfigKeyName: k}\n`;
const chart = (release: string, repository = "https://charts.example.com") =>
  `  helmCharts: [{repositoryURL: "${repository}", chartName: tenant, chartVersion: "1.0.0", releaseName: '${release}', releaseNamespace: tenants}]\n`;
const profile = (spec: string) =>
  `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: base}\nspec:\n  clusterSelector: {matchLabels: {env: production}}\n${spec}`;
const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: login}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: user
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
${chart("{{ .CloudEvent.subject }}")}`;
const base = { "config/one.yaml": cluster("one"), "config/profile.yaml": profile(chart("shared")) };

const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);
/** Paths below the cluster's charts, sources' hashes left out. */
const delivered = (name = "one") =>
  [...remote.files("main", `delivery/charts/mgmt/${name}`).keys()].map((path) =>
    path.slice(`delivery/charts/mgmt/${name}/`.length).replace(/[0-9a-f]{12}/, "SOURCE"),
  );
const textOf = (end: string) =>
  [...remote.files("main", "delivery/charts")].find(([path]) => path.endsWith(end))?.[1] ?? "";
const isCalm = () => {
  const pending = storedCheckpoint(remote.files(stateBranch))?.pending;
  return pending !== undefined && pending.passes.length + pending.reviews.length === 0;
};

async function withService(options: Partial<InstanceOptions>, work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], delivery: deliveries.flux, ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

it("a release comes with its source, is moved with it, and the last one of a source takes it along", async () => {
  change({ ...base, "config/source.yaml": eventSourceDocument, "config/trigger.yaml": trigger });
  await withService({}, async ({ clock }) => {
    const ofProfile = [
      "clusterprofiles/base/SOURCE/sluice-source.yaml",
      "clusterprofiles/base/SOURCE/tenants/shared.yaml",
      "clusterprofiles/base/sluice-unit.yaml",
    ];
    await until(() => delivered().length === 4 && isCalm(), [clock]);
    expect(delivered()).toEqual([...ofProfile, "triggers/sluice-unit.yaml"]);
    for (const subject of ["a", "b"]) stream.publish("user", cloudEvent({ subject, type: "login" }));
    const ofTrigger = (...names: readonly string[]) => [
      ...(names.length === 0 ? [] : ["triggers/login/SOURCE/sluice-source.yaml"]),
      ...names.map((name) => `triggers/login/SOURCE/tenants/${name}.yaml`),
      "triggers/sluice-unit.yaml",
    ];
    await until(() => delivered().length === 7, [clock]);
    expect(delivered()).toEqual([...ofProfile, ...ofTrigger("a", "b")]);
    stream.publish("user", cloudEvent({ subject: "a", type: "logout" }));
    await until(() => delivered().length === 6, [clock]);
    expect(delivered()).toEqual([...ofProfile, ...ofTrigger("b")]);
    stream.publish("user", cloudEvent({ subject: "b", type: "logout" }));
    await until(() => delivered().length === 4, [clock]);
    expect(delivered()).toEqual([...ofProfile, ...ofTrigger()]);

    const before = [...remote.files("main", "delivery/charts").keys()];
    change({ "config/profile.yaml": profile(chart("shared", "https://other.example.com")) });
    await until(() => textOf("sluice-source.yaml").includes("other.example.com"), [clock]);
    expect(delivered()).toEqual([...ofProfile, ...ofTrigger()]);
    expect([...remote.files("main", "delivery/charts").keys()]).not.toEqual(before);
  });
});

it("in one batch: who comes and who goes of one source leave it as it should be", async () => {
  change({
    ...base,
    "config/profile.yaml": undefined,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": trigger,
  });
  await withService({}, async ({ clock }) => {
    await until(() => delivered().length === 1 && isCalm(), [clock]);
    for (const [subject, type] of [
      ["a", "login"],
      ["b", "login"],
      ["a", "logout"],
      ["c", "login"],
      ["b", "logout"],
      ["c", "logout"],
      ["d", "login"],
    ] as const)
      stream.publish("user", cloudEvent({ subject, type }));
    await until(() => delivered().some((path) => path.endsWith("/d.yaml")), [clock]);
    expect(delivered()).toEqual([
      "triggers/login/SOURCE/sluice-source.yaml",
      "triggers/login/SOURCE/tenants/d.yaml",
      "triggers/sluice-unit.yaml",
    ]);
  });
});

it("charts that are on record are delivered when a delivery comes, and anew when their cluster is reached otherwise", async () => {
  change(base);
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => remote.files(stateBranch, "charts").size === 1 && isCalm(), [instance.clock]);
  expect(remote.files("main", "delivery").size).toBe(0);
  instance.stop();
  await ended;
  await withService({}, async ({ clock }) => {
    await until(() => delivered().length === 3, [clock]);
    expect(textOf("/shared.yaml")).toContain("name: one\n");
    change({ "config/one.yaml": cluster("one", "another") });
    await until(() => textOf("/shared.yaml").includes("name: another\n"), [clock]);
    // Nobody can reach it now: what the hub has stays.
    change({ "config/one.yaml": cluster("one").replace("spec: {", "spec: {pullMode: true, ") });
    await until(() => isCalm(), [clock]);
    change({ "config/profile.yaml": profile(chart("other")) });
    await until(
      () => [...remote.files(stateBranch, "charts").keys()].every((path) => path.endsWith("/other.yaml")),
      [clock],
    );
    expect(delivered().some((path) => path.endsWith("/other.yaml"))).toBe(false);
  });
});

it("a profile that is gone takes its charts' wrapper along", async () => {
  change({ ...base, "config/two.yaml": cluster("two") });
  await withService({}, async ({ clock }) => {
    const wrappers = () => [...remote.files("main", "delivery/hub").keys()].filter((path) => path.includes(".charts"));
    await until(() => delivered().length === 3 && isCalm(), [clock]);
    expect(wrappers()).toHaveLength(2);
    change({ "config/profile.yaml": undefined });
    await until(() => wrappers().length === 0, [clock]);
    expect([...remote.files("main", "delivery/charts").keys()]).toEqual([]);
    expect([...remote.files(stateBranch, "delivery/charts").keys()]).toEqual([]);
  });
});
