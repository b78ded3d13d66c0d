/** `deploymentType: Local` in the service: onto the hub's folder, with the cluster that it is for, and off it again. */
import { beforeEach, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { listAddons } from "../../src/pipeline/list-addons.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  eventSourceDocument,
  type Instance,
  profileDocument,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
});

const local = (document: string) => document.replace("kind: ConfigMap}", "kind: ConfigMap, deploymentType: Local}");
const base = {
  "config/one.yaml": clusterDocument("one"),
  "config/two.yaml": clusterDocument("two"),
  "config/source.yaml": eventSourceDocument,
  "config/login.yaml": local(triggerDocument("login", "content")),
  "config/content.yaml": contentDocument(
    "content",
    configMap("{{ .CloudEvent.subject }}-{{ .Cluster.metadata.name }}", "{{ .CloudEvent.data.value }}"),
  ),
  "config/shared.yaml": contentDocument("shared", configMap("shared", "same").replace("default", "team")),
  "config/base.yaml": local(profileDocument("base", "shared")),
};

const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);
const onHub = () =>
  [...remote.files("main", "rendered/mgmt/mgmt").keys()].map((path) => path.slice("rendered/mgmt/mgmt/".length)).sort();
/** What the hub has for its own folder, by the folders below it. */
const units = () => {
  const file = remote.files("main").get("delivery/hub/mgmt/mgmt.yaml");
  const all = file === undefined ? [] : parseAllDocuments(file).map((document) => document.toJS());
  return new Map(all.map(({ spec }) => [spec.path.replace("rendered/mgmt/mgmt/", ""), spec]));
};
const records = () => [...remote.files(stateBranch, "records")].map(([path, text]) => parseRecord(text, path));
const isCalm = () => {
  const pending = storedCheckpoint(remote.files(stateBranch))?.pending;
  return pending !== undefined && pending.passes.length + pending.reviews.length === 0;
};

async function serve(work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({
    remote,
    streams: [stream],
    delivery: deliveries.flux,
    catalogSettings: { policy: [{ effect: "allow", triggers: ["login"], namespaces: ["default"] }] },
  });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

const own = ["base/sluice-cluster.yaml", "clusterprofiles/base/sluice-unit.yaml", "triggers/sluice-unit.yaml"];
const shared = ["base/namespaces/team.yaml", "clusterprofiles/base/team/configmap/shared.yaml"];
const alice = ["one", "two"].map((cluster) => `triggers/login/default/configmap/alice-${cluster}.yaml`);

it("comes and goes with clusters, events and documents", async () => {
  change(base);
  await serve(async ({ clock }) => {
    stream.publish("user", cloudEvent({ subject: "alice", data: { value: "1" } }));
    await until(() => onHub().length === 7 && isCalm(), [clock]);
    expect(onHub()).toEqual([...own, ...shared, ...alice].sort());
    expect([...units().keys()]).toEqual(["base", "clusterprofiles/base", "triggers"]);
    expect(units().get("base")!.kubeConfig).toBeUndefined();
    expect([...remote.files("main", "rendered/mgmt/one").keys()].filter((path) => path.includes("configmap"))).toEqual(
      [],
    );
    const rows = (await listAddons(records(), { cluster: "mgmt/mgmt" })).map(({ cluster, identity, owners }) =>
      [cluster, identity.name, ...owners.keys()].join(" "),
    );
    expect(rows).toEqual([
      "mgmt/mgmt shared ClusterProfile/base",
      "mgmt/mgmt alice-one EventTrigger/login",
      "mgmt/mgmt alice-two EventTrigger/login",
    ]);

    // A cluster that is gone takes what was there for it alone.
    change({ "config/two.yaml": undefined });
    await until(() => !onHub().includes(alice[1]!) && isCalm(), [clock]);
    expect(onHub()).toEqual([...own, ...shared, alice[0]!].sort());

    stream.publish("user", cloudEvent({ subject: "alice", type: "logout", id: "2", data: { value: "1" } }));
    await until(() => !onHub().includes(alice[0]!), [clock]);

    // Where nobody puts anything there any more its folder and its units go.
    change({ "config/base.yaml": undefined, "config/login.yaml": triggerDocument("login", "content") });
    await until(() => onHub().length === 0 && units().size === 0 && isCalm(), [clock]);
  });
});

it("without a rule that allows it a trigger's record fails and says so; a profile needs none", async () => {
  change(base);
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  stream.publish("user", cloudEvent({ subject: "alice", data: { value: "1" } }));
  await until(() => records().length === 2 && isCalm(), [instance.clock]);
  const failures = records().flatMap(({ owner, clusters }) =>
    [...clusters.values()].map(
      ({ failure }) => `${owner.kind} ${failure?.code} ${/built-in: \w+/.exec(failure?.message ?? "")}`,
    ),
  );
  expect(failures.sort()).toEqual([
    "ClusterProfile undefined null",
    "ClusterProfile undefined null",
    "EventTrigger POLICY_VIOLATION built-in: hub",
    "EventTrigger POLICY_VIOLATION built-in: hub",
  ]);
  expect(onHub()).toEqual([own[0], ...shared].sort());
  instance.stop();
  await ended;
});
