/** Releases of charts among other objects: whose they are, what they wait for, what becomes of one that fails. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Adoption } from "../../../src/apply/decide.ts";
import { ReleaseCluster } from "../../../src/apply/releases/release-cluster.ts";
import { ReleaseJobs } from "../../../src/apply/releases/release-jobs.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { Turns } from "../../../src/model/turns.ts";
import { json } from "../../contract/cluster-contract.ts";
import { createFakeClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";
import { FakeHelm } from "../../fakes/fake-helm.ts";
import { ApplyWorld, objectFile } from "../apply-world.ts";

let cluster: FakeCluster;
let helm: FakeHelm;
let clock: FakeClock;
let world: ApplyWorld;

const secrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true };
const repository = "repositoryURL: https://charts.example.com, chartName: tenant";
const path = "triggers/login/tenants/helmchart.sluice.dev/a.yaml";

function chart(spec = "", more: { readonly annotations?: string; readonly name?: string } = {}): string {
  const { annotations = "{}", name = "a" } = more;
  return `apiVersion: sluice.dev/v1alpha1
kind: HelmChart
metadata: {name: ${name}, namespace: tenants, labels: {sluice.dev/owner: EventTrigger.login}, annotations: ${annotations}}
spec: {${repository}${spec}}
`;
}

function open(patienceMs = Number.POSITIVE_INFINITY): void {
  const signal = new AbortController().signal;
  const jobs = new ReleaseJobs({ clock, patienceMs, turns: new Turns(2), signal });
  world = new ApplyWorld(new ReleaseCluster({ cluster, helm, clock, manager: "sluice", jobs }), clock);
}

async function labels(): Promise<ReadonlyMap<string, string> | undefined> {
  let newest: ReadonlyMap<string, string> | undefined;
  for await (const { labels } of cluster.listMetadata(secrets, { namespace: "tenants", labelSelector: "owner=helm" })) {
    if (Number(labels.get("version")) > Number(newest?.get("version") ?? 0)) newest = labels;
  }
  return newest;
}

/** What takes longer than a pass waits for; meanwhile time goes by. */
async function passBy<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  ended.catch(() => undefined);
  for (let turn = 0; turn < 100 && !isOver; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  return ended;
}

beforeEach(async () => {
  cluster = new FakeCluster();
  helm = new FakeHelm(cluster);
  clock = createFakeClock();
  // Whether helm may go on is looked at every second: that must not make time go by.
  clock.holdSleepers();
  await cluster.applyAs("kubectl", "v1", "Namespace", json({ metadata: { name: "tenants" } }) as JsonObject);
  open();
});

it("is installed, upgraded where its file changes, and uninstalled; what does not change runs no helm", async () => {
  world.commit({ [path]: chart(", values: {plan: small}") });
  expect(await world.actions()).toEqual(["created HelmChart/a"]);
  expect(helm.last?.values).toBe('{"plan":"small"}');
  expect(await world.step()).toBeUndefined();
  world.restart();
  expect((await world.step())?.unchanged, "a full pass").toBe(1);
  world.commit({ [path]: chart(", values: {plan: large}") });
  expect(await world.actions()).toEqual(["configured HelmChart/a"]);
  world.commit({ [path]: undefined });
  expect(await world.actions()).toEqual(["deleted HelmChart/a"]);
  expect(helm.runs).toEqual(["upgrade a", "upgrade a", "uninstall a"]);
});

it("goes though nobody saw its file go", async () => {
  world.commit({ [path]: chart() });
  await world.step();
  world.restart();
  world.commit({ [path]: undefined });
  expect(await world.actions()).toEqual(["deleted HelmChart/a"]);
  expect(await labels()).toBeUndefined();
});

it("of an owner that wants it once, is installed once", async () => {
  world.commit({ [path]: chart(", syncMode: OneTime") });
  await world.step();
  world.commit({ [path]: chart(", syncMode: OneTime, values: {plan: large}") });
  expect(await world.actions()).toEqual(["configured HelmChart/a"]);
  world.restart();
  expect((await world.step())?.unchanged).toBe(1);
  world.commit({ [path]: undefined });
  await world.step();
  expect(helm.runs).toEqual(["upgrade a", "uninstall a"]);
});

it("is applied again by a full pass that applies all", async () => {
  world.commit({ [path]: chart() });
  await world.step();
  expect(await world.actions({ full: "apply-all" })).toContain("configured HelmChart/a");
  expect(helm.runs).toEqual(["upgrade a", "upgrade a"]);
});

describe("a release of that name that is somebody else's", () => {
  beforeEach(async () => {
    await helm.store("tenants", "a", 3, "deployed");
    world.commit({ [path]: chart() });
  });

  it("is a conflict, and is not uninstalled with the file", async () => {
    expect(await world.actions()).toEqual(["conflict HelmChart/a"]);
    world.commit({ [path]: undefined });
    await world.step();
    world.restart();
    await world.step();
    expect(helm.runs).toEqual([]);
    expect((await labels())?.get("status")).toBe("deployed");
  });

  it.each<Adoption>([{ kind: "all" }, { kind: "manager", name: "helm" }])(
    "is taken over on demand: $kind",
    async (adoption) => {
      expect(await world.actions({ adoption })).toEqual(["configured HelmChart/a"]);
      world.restart();
      world.commit({ [path]: undefined });
      expect(await world.actions()).toEqual(["deleted HelmChart/a"]);
    },
  );

  it("is handed over by its annotation", async () => {
    await helm.store("tenants", "a", 4, "deployed", new Map([["sluice.dev/adopt", "true"]]));
    expect(await world.actions()).toEqual(["configured HelmChart/a"]);
  });
});

it("fails alone, and is tried again with growing pauses", async () => {
  helm.refuse = (run) => (run === "upgrade a" ? 'admission webhook "no" denied the request' : undefined);
  world.commit({ [path]: chart(), ...Object.fromEntries([objectFile("ConfigMap/default/map")]) });
  expect((await world.actions()).sort()).toEqual(["created ConfigMap/map", "failed HelmChart/a"]);
  expect(await world.failures()).toEqual([
    expect.objectContaining(
      new Map([
        ["code", "HELM_FAILED"],
        ["message", 'helm upgrade failed: admission webhook "no" denied the request'],
      ]),
    ),
  ]);
  expect(await world.actions(), "not at once").toEqual([]);
  clock.advance(1_500);
  expect(await world.actions()).toEqual(["failed HelmChart/a"]);
  helm.refuse = () => undefined;
  clock.advance(1_500);
  expect(await world.actions(), "the pause has grown").toEqual([]);
  clock.advance(1_500);
  expect(await world.actions()).toEqual(["configured HelmChart/a"]);
});

it("of values that are a Secret's nothing is quoted", async () => {
  helm.refuse = () => "cannot parse s3cret";
  world.commit({ [path]: chart(", secretValues: {password: s3cret}") });
  const report = await world.step();
  expect(report?.outcomes.at(-1)).toMatchObject({ action: "failed", code: "HELM_FAILED" });
  expect(JSON.stringify(report)).not.toContain("s3cret");
  expect(helm.last?.values).toBe('{"password":"s3cret"}');
});

it("without helm it fails alone, and says so", async () => {
  helm.isMissing = true;
  world.commit({ [path]: chart(), ...Object.fromEntries([objectFile("ConfigMap/default/map")]) });
  const report = await world.step();
  const of = (kind: string) => report?.outcomes.filter(({ identity }) => identity.kind === kind).at(-1);
  expect(of("HelmChart")).toMatchObject({ action: "failed", code: "PROGRAM_MISSING" });
  expect(of("ConfigMap")).toMatchObject({ action: "created" });
});

it("a chart of a source of Flux' is none for helm", async () => {
  world.commit({ [path]: chart().replace("https://charts.example.com", "gitrepository://flux-system/charts/a") });
  const report = await world.step();
  expect(report?.outcomes.at(-1)).toMatchObject({ action: "failed", code: "DELIVERY_IMPOSSIBLE" });
  expect(helm.runs).toEqual([]);
});

it("what is left stays when its file goes, without a run of helm", async () => {
  world.commit({ [path]: chart() });
  await world.step();
  const annotations = '{sluice.dev/left: "true", kustomize.toolkit.fluxcd.io/prune: disabled}';
  world.commit({ [path]: chart("", { annotations }) });
  expect(await world.actions()).toEqual(["configured HelmChart/a"]);
  world.restart();
  expect((await world.step())?.unchanged).toBe(1);
  world.commit({ [path]: undefined });
  expect(await world.actions()).toEqual(["skipped HelmChart/a"]);
  expect(helm.runs).toEqual(["upgrade a"]);
  expect([...((await labels())?.keys() ?? [])].filter((key) => key.startsWith("sluice.dev/"))).toEqual([]);
});

it("what was left and is claimed again goes with its file", async () => {
  const annotations = '{sluice.dev/left: "true", kustomize.toolkit.fluxcd.io/prune: disabled}';
  world.commit({ [path]: chart() });
  await world.step();
  world.commit({ [path]: chart("", { annotations }) });
  await world.step();
  world.commit({ [path]: chart() });
  expect(await world.actions()).toEqual(["configured HelmChart/a"]);
  world.commit({ [path]: undefined });
  expect(await world.actions()).toEqual(["deleted HelmChart/a"]);
});

describe("helm was ended in the middle of it", () => {
  beforeEach(async () => {
    world.commit({ [path]: chart() });
    await world.step();
    helm.runs.length = 0;
  });

  const leave = async (revision: number, status: string, ageMs: number) =>
    helm.store("tenants", "a", revision, status, await labels(), Math.round((clock.now() - ageMs) / 1000));

  it.each([
    ["pending-upgrade", ["rollback a", "upgrade a"]],
    ["pending-install", ["uninstall a", "upgrade a"]],
    ["uninstalling", ["uninstall a", "upgrade a"]],
    ["failed", ["upgrade a"]],
  ])("%s: what is half done is undone, and done again", async (status, runs) => {
    await leave(2, status, 60_000);
    world.restart();
    expect(await world.actions()).toContainEqual(expect.stringMatching(/^(?:created|configured) HelmChart\/a$/));
    expect(helm.runs).toEqual(runs);
    expect((await labels())?.get("status")).toBe("deployed");
  });

  it("whoever is at work on it just now is left to it", async () => {
    await leave(2, "pending-upgrade", 5_000);
    world.restart();
    expect(await world.actions()).toEqual(["waiting HelmChart/a"]);
    expect(helm.runs).toEqual([]);
  });
});

describe("where helm takes long", () => {
  let release: () => void;
  beforeEach(() => {
    helm.delay = (signal) =>
      new Promise((resolve) => {
        release = resolve;
        signal.addEventListener("abort", () => resolve());
      });
    open(1_000);
    world.commit({ [path]: chart() });
  });

  it("the pass goes on, and says so; the result comes with a later one", async () => {
    expect(await passBy(world.actions())).toEqual(["waiting HelmChart/a"]);
    world.commit(Object.fromEntries([objectFile("ConfigMap/default/map")]));
    expect(await passBy(world.actions())).toContain("created ConfigMap/map");
    release();
    clock.advance(5_000);
    expect(await world.actions()).toEqual(["created HelmChart/a"]);
    expect(helm.runs).toEqual(["upgrade a"]);
  });

  it("what changes meanwhile ends it, and is done in its place", async () => {
    await passBy(world.step());
    world.commit({ [path]: chart(", chartVersion: 2.0.0") });
    helm.delay = async () => undefined;
    expect(await world.actions()).toEqual(["created HelmChart/a"]);
    expect(helm.runs).toEqual(["upgrade a", "upgrade a"]);
    expect(helm.last?.args).toContain("--version=2.0.0");
  });

  it("it ends with the right to write", async () => {
    let mayWrite = true;
    const jobs = new ReleaseJobs({
      clock,
      patienceMs: 1_000,
      turns: new Turns(1),
      signal: new AbortController().signal,
    });
    const assert = () => {
      if (!mayWrite) throw new Error("the lease is lost");
    };
    let wasEnded = false;
    const work = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          wasEnded = true;
          resolve();
        });
      });
    await expect(passBy(jobs.take("a", "install", assert, work))).rejects.toMatchObject({ reason: "under-way" });
    mayWrite = false;
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(wasEnded).toBe(true);
  });
});

it("what an owner depends on counts with its releases", async () => {
  const base = path.replace("triggers/login", "clusterprofiles/base");
  helm.refuse = () => "not yet";
  world.commitTrigger("login", "{dependsOn: [base]}");
  world.commit({ [base]: chart(), ...Object.fromEntries([objectFile("ConfigMap/default/map")]) });
  expect((await world.actions()).sort()).toEqual(["failed HelmChart/a", "waiting ConfigMap/map"]);
  helm.refuse = () => undefined;
  clock.advance(5_000);
  const actions = await world.actions();
  clock.advance(5_000);
  expect([...actions, ...(await world.actions())]).toEqual(
    expect.arrayContaining(["configured HelmChart/a", "created ConfigMap/map"]),
  );
});
