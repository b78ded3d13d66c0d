/** Charts in the service: in the state and nowhere else, claimed, counted by the guard, laid out like objects. */
import { beforeEach, expect, it } from "vitest";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
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

const chart = (release: string, version: string) =>
  `  helmCharts: [{repositoryURL: "https://charts.example.com", chartName: tenant, chartVersion: "${version}", releaseName: '${release}', releaseNamespace: tenants, values: 'a: 1'}]\n`;
const profile = (name: string, spec: string) =>
  `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: ${name}}\nspec:\n  clusterSelector: {matchLabels: {env: production}}\n${spec}`;
const trigger = (spec: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: login}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: user
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
${spec}`;
const base = {
  "config/one.yaml": clusterDocument("one"),
  "config/two.yaml": clusterDocument("two"),
  "config/profile.yaml": profile("base", chart("shared", "1.0.0")),
};

const charts = () => [...remote.files(stateBranch, "charts").keys()];
const textOf = (path: string) => remote.files(stateBranch, "charts").get(path) ?? "";
const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);
const isCalm = () => {
  const pending = storedCheckpoint(remote.files(stateBranch))?.pending;
  return pending !== undefined && pending.passes.length + pending.reviews.length === 0;
};
const onOne = "charts/mgmt/one/clusterprofiles/base/tenants/helmchart.sluice.dev/shared.yaml";

async function withService(options: Partial<InstanceOptions>, work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

it("a chart is in the state alone, and makes no Namespace; it follows its document and goes with it", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    await until(() => charts().length === 2 && isCalm(), [clock]);
    expect(charts()).toEqual([onOne, onOne.replace("/one/", "/two/")]);
    expect([...remote.files("main", "rendered").keys()]).toEqual([
      "rendered/mgmt/one/base/sluice-cluster.yaml",
      "rendered/mgmt/two/base/sluice-cluster.yaml",
    ]);
    change({ "config/profile.yaml": profile("base", chart("shared", "1.1.0")) });
    await until(() => textOf(onOne).includes('chartVersion: "1.1.0"'), [clock]);
    change({ "config/profile.yaml": undefined });
    await until(() => charts().length === 0 && isCalm(), [clock]);
  });
});

it("two that want one release are a conflict, by tier and rank; who waits has it when the first goes", async () => {
  change({
    ...base,
    "config/two.yaml": undefined,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": trigger(`  tier: 50\n${chart("{{ .CloudEvent.subject }}", "2.0.0")}`),
  });
  const record = () => {
    const [path, text] = [...remote.files(stateBranch, "records/clusterprofile/base")][0]!;
    return parseRecord(text, path).clusters.get("mgmt/one");
  };
  await withService({}, async ({ clock }) => {
    await until(() => charts().length === 1 && isCalm(), [clock]);
    stream.publish("user", cloudEvent({ subject: "shared", type: "login" }));
    await until(() => textOf(onOne).includes('chartVersion: "2.0.0"') && isCalm(), [clock]);
    expect(charts()).toEqual([onOne]);
    expect(record()?.failure?.code).toBe("OBJECT_CONFLICT");
    stream.publish("user", cloudEvent({ subject: "other", type: "login" }));
    await until(() => charts().length === 2, [clock]);
    expect(charts()[1]).toBe("charts/mgmt/one/triggers/login/tenants/helmchart.sluice.dev/other.yaml");
    stream.publish("user", cloudEvent({ subject: "shared", type: "logout" }));
    await until(() => textOf(onOne).includes('chartVersion: "1.0.0"') && isCalm(), [clock]);
    expect(record()?.failure).toBeUndefined();
  });
});

it("what configuration takes of them is counted, and held beyond the limits", async () => {
  change(base);
  await withService({ guard: { ...defaultGuard, removals: 1 } }, async ({ clock, service }) => {
    await until(() => charts().length === 2 && isCalm(), [clock]);
    change({ "config/profile.yaml": undefined });
    await until(() => service!.snapshot().held.length === 1, [clock]);
    expect(service!.snapshot().held[0]).toMatchObject({ documents: ["ClusterProfile//base"], removals: 2 });
    expect(charts()).toHaveLength(2);
  });
});

it("an event's chart fails alone, and deletes nothing", async () => {
  change({
    ...base,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": trigger(chart("{{ .CloudEvent.data.name }}", "2.0.0")),
  });
  await withService({}, async ({ clock }) => {
    await until(() => charts().length === 2 && isCalm(), [clock]);
    const login = (name: string) => stream.publish("user", cloudEvent({ subject: "a", type: "login", data: { name } }));
    login("good");
    await until(() => charts().length === 4, [clock]);
    login("x".repeat(54));
    stream.publish("user", cloudEvent({ subject: "b", type: "login", data: { name: "behind" } }));
    await until(() => charts().length === 6, [clock]);
    expect(charts().filter((path) => path.endsWith("/good.yaml"))).toHaveLength(2);
  });
});

it("they are laid out anew with the objects", async () => {
  change(base);
  await withService({}, ({ clock }) => until(() => charts().length === 2 && isCalm(), [clock]));
  const before = textOf(onOne);
  await withService({ layout: { shards: 1, buckets: 1 } }, ({ clock }) =>
    until(() => charts().every((path) => /\/base\/[0-9a-f]{2}\/tenants\//.test(path)), [clock]),
  );
  expect(charts()).toHaveLength(2);
  expect(textOf(charts()[0]!)).toBe(before);
});

it("a cluster that is gone keeps its folder until its charts are", async () => {
  change({
    ...base,
    "config/profile.yaml": profile("base", `  stopMatchingBehavior: LeavePolicies\n${chart("shared", "1.0.0")}`),
  });
  await withService({}, async ({ clock }) => {
    await until(() => charts().length === 2 && isCalm(), [clock]);
    change({ "config/two.yaml": undefined });
    await until(() => textOf(onOne.replace("/one/", "/two/")).includes('sluice.dev/left: "true"') && isCalm(), [clock]);
    expect(remote.files("main", "rendered").has("rendered/mgmt/two/base/sluice-cluster.yaml")).toBe(true);
  });
});
