/** What a hub is told of charts follows them, commit by commit, and follows how their clusters are reached. */
import { beforeEach, expect, it } from "vitest";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { toDnsName } from "../../src/render/dns-name.ts";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  createInstance,
  eventSourceDocument,
  hubFiles,
  type Instance,
  type InstanceOptions,
  stateBranch,
  turns,
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
/** Paths of the state. */
const existing = (folder: string) => [...remote.files(stateBranch, folder).keys()];
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
  expect(hubFiles(remote).size).toBe(0);
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

it("a chart that came to be of another source while nobody could be told of it has one file", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    await until(() => delivered().length === 3 && isCalm(), [clock]);
    change({ "config/one.yaml": cluster("one").replace("spec: {", "spec: {pullMode: true, ") });
    await until(() => isCalm(), [clock]);
    change({ "config/profile.yaml": profile(chart("shared", "https://other.example.com")) });
    await until(
      () => [...remote.files(stateBranch, "charts").values()].some((text) => text.includes("other")),
      [clock],
    );
    change({ "config/one.yaml": cluster("one") });
    await until(() => delivered().filter((path) => path.endsWith("sluice-source.yaml")).length > 1, [clock]);
    expect(delivered().filter((path) => path.endsWith("/shared.yaml"))).toHaveLength(1);
  });
});

it("a cluster that is given up leaves no file of its charts", async () => {
  const left = profile(`  stopMatchingBehavior: LeavePolicies\n${chart("shared")}`);
  change({ ...base, "config/profile.yaml": left, "config/two.yaml": cluster("two") });
  await withService({}, async ({ clock, service }) => {
    await until(() => delivered("two").length === 3 && isCalm(), [clock]);
    change({ "config/two.yaml": undefined });
    await until(() => !existing("config").some((path) => path.includes("two")) && isCalm(), [clock]);
    const retired = service!.execute({ command: "retire", cluster: "mgmt/two" });
    await turns(80);
    await retired;
    const said = service!.execute({ command: "approve", ids: [service!.snapshot().handOvers[0]?.id ?? ""] });
    await turns(80);
    await said;
    expect(existing("charts/mgmt/two")).toEqual([]);
    expect(existing("delivery/charts/mgmt/two")).toEqual([]);
    expect(delivered("two")).toEqual([]);
  });
});

it("a profile that is gone takes its charts' wrapper along", async () => {
  change({ ...base, "config/two.yaml": cluster("two") });
  await withService({}, async ({ clock }) => {
    const wrappers = () => [...hubFiles(remote).keys()].filter((path) => path.includes("charts."));
    await until(() => delivered().length === 3 && isCalm(), [clock]);
    expect(wrappers()).toHaveLength(2);
    change({ "config/profile.yaml": undefined });
    await until(() => wrappers().length === 0, [clock]);
    expect([...remote.files("main", "delivery/charts").keys()]).toEqual([]);
    expect([...remote.files(stateBranch, "delivery/charts").keys()]).toEqual([]);
  });
});

it("what goes while units are handed over is kept, so that who deletes it has it still, and goes with the end", async () => {
  change({ ...base, "config/source.yaml": eventSourceDocument, "config/trigger.yaml": trigger });
  await withService({}, async ({ clock }) => {
    for (const subject of ["a", "b"]) stream.publish("user", cloudEvent({ subject, type: "login" }));
    await until(() => delivered().length === 7, [clock]);
  });
  const moved: HubDelivery = { ...deliveries.flux, source: { name: "other", namespace: "flux-system" } };
  await withService({ delivery: moved }, async ({ clock, service }) => {
    const releases = () => delivered().filter((path) => /triggers\/login\/.*\/tenants\//.test(path));
    const say = async () => {
      const { handOvers, absent } = service!.snapshot();
      const id = handOvers[0]?.id ?? /sluice approve ([0-9a-f]{12})/.exec(absent.delivery?.hint ?? "")?.[1];
      const told = service!.execute({ command: "approve", ids: [id!] });
      told.catch(() => undefined);
      await turns(80);
      await told;
    };
    await turns(60);
    await say();
    for (const subject of ["a", "b"]) stream.publish("user", cloudEvent({ subject, type: "logout" }));
    await until(() => remote.files(stateBranch, "charts/mgmt/one/triggers").size === 0, [clock]);
    expect(releases()).toHaveLength(2);
    // What comes again has one file, also where it comes from elsewhere.
    stream.publish("user", cloudEvent({ subject: "b", type: "login" }));
    await until(() => remote.files(stateBranch, "charts/mgmt/one/triggers").size === 1, [clock]);
    while (service!.snapshot().handOvers.length > 0) {
      expect(releases()).toHaveLength(2);
      await say();
    }
    expect(releases().map((path) => path.split("/").at(-1))).toEqual(["b.yaml"]);
    expect(delivered()).toHaveLength(6);
    stream.publish("user", cloudEvent({ subject: "b", type: "logout" }));
    await until(() => delivered().length === 4, [clock]);
  });
});

it("a release that is called what a kustomization is leaves it alone", async () => {
  const kustomization =
    "  kustomizationRefs: [{kind: GitRepository, name: g, namespace: n, path: p, targetNamespace: tenants}]\n";
  const name = toDnsName("gitrepository/n/g/p");
  change({
    "config/one.yaml": cluster("one"),
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": `${trigger.replace("https://charts.example.com", "gitrepository://n/g/p")}${kustomization}`,
  });
  await withService({}, async ({ clock }) => {
    stream.publish("user", cloudEvent({ subject: name, type: "login" }));
    await until(() => delivered().length > 1, [clock]);
    const kinds = [...remote.files("main", "delivery/charts").values()].flatMap(
      (text) => /^kind: .*$/m.exec(text) ?? [],
    );
    expect(kinds.sort()).toEqual(["kind: ConfigMap", "kind: HelmRelease", "kind: Kustomization"]);
  });
});

it("what brought charts goes where no document asks for any, and keeps no hand-over waiting", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    const wrappers = () => [...hubFiles(remote).keys()].filter((path) => path.includes("charts."));
    await until(() => delivered().length === 3 && isCalm(), [clock]);
    change({ "config/profile.yaml": profile("  policyRefs: []\n") });
    await until(() => wrappers().length === 0, [clock]);
    expect([...remote.files("main", "delivery/charts").keys()]).toEqual([]);
    expect([...hubFiles(remote).keys()].some((path) => path.includes("clusterprofile.base"))).toBe(true);
  });
});
