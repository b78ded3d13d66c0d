/** What a hub applies, in the whole service: made beside the manifests, and never taken from a cluster by settings alone. */
import { beforeEach, expect, it } from "vitest";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { deliveries } from "../delivery/deliveries.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  hubFiles,
  simpleConfig,
  triggerDocument,
  turns,
  until,
} from "./service-bench.ts";

const { flux } = deliveries;

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const hub = () => [...hubFiles(remote).keys()].sort();
const manifests = () => [...remote.files("main", "rendered").keys()].filter((path) => path.endsWith(".yaml"));
const objects = () => manifests().filter((path) => /\/triggers\/(?:_[0-9a-f]{2}\/)?(?:[^/]+\/){3}[^/]+$/.test(path));

async function start(delivery: HubDelivery | undefined) {
  const instance = createInstance({ remote, streams: [stream], ...(delivery === undefined ? {} : { delivery }) });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return {
    instance,
    login: async (subject: string) => {
      stream.publish("user", cloudEvent({ subject, data: { value: "v" } }));
      await until(() => objects().some((path) => path.includes(subject)), [instance.clock]);
    },
    look: async () => {
      for (let look = 0; look < 4; look++) {
        instance.clock.advance(10_000);
        await turns(60);
      }
    },
    stop: async () => {
      instance.stop();
      await ended;
    },
  };
}

/** A profile of one object on the cluster `one`. */
function addProfile() {
  const profile = `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: base}
spec:
  clusterRefs: [{namespace: mgmt, name: one, kind: SveltosCluster, apiVersion: lib.projectsveltos.io/v1beta1}]
  policyRefs: [{kind: ConfigMap, namespace: default, name: plain}]
`;
  const plain = contentDocument("plain", configMap("plain", "v"));
  remote.commitAsPerson("main", { "config/profile.yaml": profile, "config/plain.yaml": plain });
}

it("is made with the catalog, and no event changes it", async () => {
  const service = await start(flux);
  await until(() => hub().length > 0, [service.instance.clock]);
  const before = new Map(hubFiles(remote));

  await service.login("alice");

  expect(hub()).toContain("delivery/hub/sluice-delivery.yaml");
  expect(hub().filter((path) => path.endsWith("/triggers.yaml")).length).toBeGreaterThan(0);
  expect(manifests().some((path) => path.endsWith("/triggers/sluice-unit.yaml"))).toBe(true);
  expect(new Map(hubFiles(remote))).toEqual(before);
  await service.stop();
});

it("comes beside what is there already, and people's files in its folder stay", async () => {
  const first = await start(undefined);
  await first.login("alice");
  await first.stop();
  expect(hub()).toEqual([]);
  remote.commitAsPerson("main", {
    "delivery/kustomization.yaml": "resources: []\n",
    "delivery/hub/README.md": "hub\n",
  });
  const before = objects();

  const second = await start(flux);
  await until(() => hub().length > 2, [second.instance.clock]);

  expect(objects()).toEqual(before);
  expect(hub()).toContain("delivery/kustomization.yaml");
  expect(hub()).toContain("delivery/hub/README.md");
  await second.stop();
});

const argocd: HubDelivery = {
  kind: "argocd",
  path: "delivery",
  split: "cluster",
  buckets: 1,
  namespace: "argocd",
  project: "default",
  repoURL: "u",
  revision: "main",
};

const moves: readonly [string, HubDelivery | undefined][] = [
  ["another kind", argocd],
  ["another source", { ...flux, source: { name: "other", namespace: "flux-system" } }],
  ["other buckets", { ...flux, buckets: 4 }],
  ["a unit for each owner", { ...flux, split: "owner" }],
  ["another path", { ...flux, path: "hub" }],
  ["none", undefined],
];

async function restart(wanted: HubDelivery | undefined, outputPath = "rendered", review: { isReviewed?: true } = {}) {
  const layout = { shards: 0, buckets: wanted?.buckets ?? 1 };
  const again = createInstance({
    remote,
    streams: [stream],
    layout,
    outputPath,
    ...review,
    ...(wanted === undefined ? {} : { delivery: wanted }),
  });
  const ended = again.start();
  await until(() => again.ready.isReady, [again.clock]);
  await turns(60);
  return {
    again,
    stop: async () => {
      again.stop();
      await ended;
    },
    /** Approves whatever can be. */
    say: async () => {
      const shown = again.service!.snapshot();
      const [handOver] = shown.handOvers;
      const id = handOver?.id ?? /sluice approve ([0-9a-f]{12})/.exec(shown.absent.delivery?.hint ?? "")?.[1];
      const told = again.service!.execute({ command: "approve", ids: [id!] });
      told.catch(() => undefined);
      await turns(60);
      return told;
    },
  };
}

it.each(moves)("%s is held, and what is in force stays, also for what comes then", async (_, wanted) => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();
  const [files, folder] = [new Map(hubFiles(remote)), objects()];

  const { again, stop } = await restart(wanted);
  expect(new Map(hubFiles(remote))).toEqual(files);
  expect(objects()).toEqual(folder);
  expect(again.log.problems.map(({ code }) => code)).toContain("CHANGE_HELD");

  stream.publish("user", cloudEvent({ subject: "bob", data: { value: "v" } }));
  await until(() => objects().some((path) => path.includes("bob")), [again.clock]);
  expect(objects().map((path) => path.replace("bob", "alice"))).toEqual([folder[0], folder[0]]);
  await stop();
});

it.each(moves)("%s, once a person has begun it, is done in steps that a person says were seen", async (_, wanted) => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();
  const before = objects();
  const { again, stop, say } = await restart(wanted);
  const units = () =>
    [...hubFiles(remote), ...hubFiles(remote, "main", "hub")].filter(([, text]) => /^kind: (?:Kust|Appl)/m.test(text));

  expect(await say()).toContain("has begun");
  expect(objects()).toEqual(before);
  expect(units().some(([, text]) => text.includes("prune: false") && text.includes("deletionPolicy: Orphan"))).toBe(
    true,
  );
  // What is deleted meanwhile stays, and what comes comes.
  stream.publish("user", cloudEvent({ subject: "alice", type: "logout" }));
  stream.publish("user", cloudEvent({ subject: "bob", data: { value: "v" } }));
  await until(() => objects().some((path) => path.includes("bob")), [again.clock]);
  expect(objects()).toHaveLength(2);

  for (let step = 0; step < 6 && again.service!.snapshot().handOvers.length > 0; step++) {
    expect(objects().length).toBe(2);
    await say();
  }

  expect(again.service!.snapshot().handOvers).toEqual([]);
  expect(again.service!.snapshot().absent.delivery).toBeUndefined();
  expect(objects()).toHaveLength(1);
  expect(units().some(([, text]) => /prune: false|suspend: true|hand-over/.test(text))).toBe(false);
  expect(units().length > 0).toBe(wanted !== undefined);
  const folder = wanted?.path === "hub" ? "hub" : "delivery";
  expect(
    [...hubFiles(remote, "main", folder === "hub" ? "delivery" : "hub")].filter(([path]) => path.endsWith(".yaml")),
  ).toEqual([]);
  // As a repository that has been so all along.
  await stop();
  const settled = new Map([
    ...hubFiles(remote),
    ...hubFiles(remote, "main", "hub"),
    ...remote.files("main", "rendered"),
  ]);
  const third = await restart(wanted);
  expect(
    new Map([...hubFiles(remote), ...hubFiles(remote, "main", "hub"), ...remote.files("main", "rendered")]),
  ).toEqual(settled);
  await third.stop();
});

it("another output path waits, and takes units and objects along in steps", async () => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();
  const { again, stop, say } = await restart(flux, "manifests");
  expect([...remote.files("main", "manifests")]).toEqual([]);

  for (let step = 0; step < 6; step++) {
    await say();
    if (again.service!.snapshot().handOvers.length === 0) break;
  }

  const paths = [...remote.files("main", "manifests").keys()];
  expect(paths.some((path) => path.includes("alice"))).toBe(true);
  const text = [...hubFiles(remote)].find(([path]) => path.endsWith("/triggers.yaml"))?.[1];
  expect(text).toMatch(/path: manifests\/mgmt\/one\/triggers\n {2}prune: true/);
  stream.publish("user", cloudEvent({ subject: "bob", data: { value: "v" } }));
  await until(() => [...remote.files("main", "manifests").keys()].some((path) => path.includes("bob")), [again.clock]);
  await stop();
});

it("documents wait while units are handed over, and are in force behind it", async () => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();
  const { again, stop, say } = await restart({ ...flux, split: "owner" });
  await say();
  remote.commitAsPerson("main", { "config/second.yaml": clusterDocument("second") });
  const look = async () => {
    for (let count = 0; count < 4; count++) {
      again.clock.advance(10_000);
      await turns(60);
    }
  };
  await look();
  expect(hub().some((path) => path.includes("/second/"))).toBe(false);

  while (again.service!.snapshot().handOvers.length > 0) await say();
  await look();

  expect(hub()).toContain("delivery/hub/mgmt/second/eventtrigger.login.yaml");
  await stop();
});

it("a cluster that is given up is let go of first, then its folder goes, and what had it stays as it was told", async () => {
  remote.commitAsPerson("main", {
    "config/second.yaml": clusterDocument("second"),
    "config/login.yaml": triggerDocument("login", "content", "  stopMatchingBehavior: LeavePolicies\n"),
  });
  const service = await start(flux);
  await until(() => hub().some((path) => path.includes("/second/")), [service.instance.clock]);
  await service.login("alice");
  remote.commitAsPerson("main", { "config/second.yaml": undefined });
  await service.look();
  const ofSecond = () => [...hubFiles(remote)].filter(([path]) => path.includes("/second/"));
  expect(ofSecond()).toHaveLength(2);

  const retired = service.instance.service!.execute({ command: "retire", cluster: "mgmt/second" });
  await turns(60);
  expect(await retired).toContain("lets go first");
  expect(ofSecond().every(([, text]) => text.includes("deletionPolicy: Orphan"))).toBe(true);

  const id = service.instance.service!.snapshot().handOvers[0]?.id ?? "";
  const said = service.instance.service!.execute({ command: "approve", ids: [id] });
  await turns(60);
  expect(await said).toContain("done");
  expect(ofSecond()).toEqual([]);
  expect(manifests().some((path) => path.includes("/second/"))).toBe(false);
  await service.stop();
});

it("an interval is no move: it is in force at once", async () => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();

  const second = await start({ ...flux, interval: "5m" });
  const text = () => [...hubFiles(remote)].find(([path]) => path.endsWith("/triggers.yaml"))?.[1];
  await until(() => text()?.includes("interval: 5m") === true, [second.instance.clock]);
  await second.stop();
});

it("a cluster that goes keeps its units until it has no objects left, and loses them with its folder", async () => {
  remote.commitAsPerson("main", { "config/second.yaml": clusterDocument("second") });
  const service = await start(flux);
  await until(() => hub().some((path) => path.includes("/second/")), [service.instance.clock]);
  await service.login("alice");

  remote.commitAsPerson("main", { "config/second.yaml": undefined });
  await service.look();

  expect(manifests().some((path) => path.includes("/second/"))).toBe(false);
  expect(hub().some((path) => path.includes("/second/"))).toBe(false);
  expect(objects().some((path) => path.includes("alice"))).toBe(true);
  await service.stop();
});

it("what a cluster that goes is left with stays, also where it is called like a unit's file", async () => {
  remote.commitAsPerson("main", {
    "config/second.yaml": clusterDocument("second"),
    "config/login.yaml": triggerDocument("login", "content", "  stopMatchingBehavior: LeavePolicies\n"),
  });
  const service = await start(flux);
  const left = () => objects().filter((path) => path.endsWith("/sluice-unit.yaml") && path.includes("/second/"));
  await until(() => hub().some((path) => path.includes("/second/")), [service.instance.clock]);
  await service.login("sluice-unit");
  expect(left()).toHaveLength(1);

  remote.commitAsPerson("main", { "config/second.yaml": undefined });
  await service.look();

  expect(left()).toHaveLength(1);
  expect(hub().some((path) => path.includes("/second/"))).toBe(true);
  await service.stop();
});

it("a profile's unit comes with it, and goes when nothing is left of what it had there", async () => {
  addProfile();
  const service = await start(flux);
  const ofProfile = () => [...hub(), ...manifests()].filter((path) => path.includes("clusterprofile"));
  await until(() => ofProfile().length === 3, [service.instance.clock]);

  remote.commitAsPerson("main", { "config/profile.yaml": undefined });
  await service.look();

  expect(ofProfile()).toEqual([]);
  await service.stop();
});

it("a state with a file for each unit is taken over in one commit, and its units are the same", async () => {
  // The file of the one is called as the folder of the other was.
  remote.commitAsPerson("main", { "config/second.yaml": clusterDocument("one.yaml") });
  const first = await start({ ...flux, split: "owner" });
  await first.login("alice");
  await first.stop();
  const units = hubFiles(remote);
  for (const branch of ["sluice/state", "main"]) {
    const files = [...remote.files(branch, "delivery").keys()].map((path) => [path, undefined] as const);
    remote.commitAsPerson(branch, Object.fromEntries(files));
    remote.commitAsPerson(branch, Object.fromEntries(units));
  }
  const checkpoint = () => remote.file("sluice/state", "checkpoint.json") ?? "";
  remote.commitAsPerson("sluice/state", { "checkpoint.json": checkpoint().replace('"version": 3', '"version": 2') });
  const before = remote.history("main").length;

  const second = await start({ ...flux, split: "owner" });
  await second.look();

  expect(checkpoint()).toContain('"version": 3');
  expect(hubFiles(remote)).toEqual(units);
  expect([...remote.files("main", "delivery").keys()].sort()).toEqual([
    "delivery/hub/mgmt/one.yaml",
    "delivery/hub/mgmt/one.yaml.yaml",
    "delivery/hub/sluice-delivery.yaml",
  ]);
  expect(remote.history("main").length - before).toBe(1);
  await second.stop();
});

it("under review a unit goes when the target has nothing left of what it had", async () => {
  addProfile();
  const pushing = await start(flux);
  await until(() => hub().some((path) => path.includes("clusterprofile")), [pushing.instance.clock]);
  await pushing.stop();

  const { again, stop } = await restart(flux, "rendered", { isReviewed: true });
  const look = async () => {
    again.clock.advance(10_000);
    await turns(100);
  };
  const [object = ""] = manifests().filter((path) => path.endsWith("/plain.yaml"));
  const units = () => [...hubFiles(remote, "sluice/state").keys()].filter((path) => path.includes("clusterprofile"));
  remote.commitAsPerson("main", { "config/profile.yaml": undefined });
  await look();
  expect(remote.file("sluice/state", object.replace("rendered/", "desired/"))).toBeUndefined();
  expect(units()).toHaveLength(1);

  // As people merge it.
  remote.commitAsPerson("main", { [object]: undefined });
  await look();
  await look();
  expect(units()).toEqual([]);
  await stop();
});

it("is not handed over under review: what is in force stays, and approve says why", async () => {
  const first = await start(flux);
  await first.login("alice");
  await first.stop();
  const files = new Map(hubFiles(remote, "sluice/state"));

  const { stop, say } = await restart({ ...flux, buckets: 4 }, "rendered", { isReviewed: true });
  await expect(say()).rejects.toMatchObject({
    problem: { code: "CHANGE_HELD", message: expect.stringContaining("review.mode: pull-request") },
  });

  expect(new Map(hubFiles(remote, "sluice/state"))).toEqual(files);
  await stop();
});
