/** API servers on their worst days: what they answer is trouble that is told and waited out, and never the end of the process. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKubeCluster } from "../../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";
import { ClusterRefusal } from "../../../src/model/cluster-refusal.ts";
import { type Problem, SluiceError } from "../../../src/model/problem.ts";
import type { Cluster, ObjectRef } from "../../../src/ports/cluster.ts";
import { type KubeAnswer as Answer, KubeSite, type Protocol, protocols } from "./kube-site.ts";

let site: KubeSite;
let cluster: Cluster;
let answer: Answer;
let asked: string[];

function open(more: { readonly silenceMsMax?: number; readonly retryMsMax?: number } = {}): Cluster {
  return site.connect({ retryMsMax: 200, silenceMsMax: 300, ...more });
}

async function openSite(protocol: Protocol = "http"): Promise<void> {
  asked = [];
  const tell: Answer = (response, request) => {
    asked.push(`${request.method} ${request.url}`);
    answer(response, request);
  };
  site = await KubeSite.open(tell, protocol);
  cluster = open();
}

afterEach(() => site.close());

const kind = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true };
const ref: ObjectRef = { kind, namespace: "default", name: "a" };
const lease = { namespace: "default", name: "l" };
const send =
  (body: unknown, status = 200): Answer =>
  (response) => {
    response.statusCode = status;
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** Everything that a pass asks of a server. */
const requests: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["discovery", () => cluster.findKind("", "ConfigMap")],
  ["one object's metadata", () => cluster.readMetadata(ref)],
  ["one object", () => cluster.readObject(ref)],
  ["a list", () => cluster.listIfFew(kind, {}, 10)],
  ["pages", () => cluster.listMetadata(kind, {})[Symbol.asyncIterator]().next()],
  ["an apply", () => cluster.apply(ref, new Map(), "sluice")],
  ["a deletion", () => cluster.remove(ref, "u", "background")],
  ["a patch", () => cluster.patch(ref, "u", new Map())],
  ["a lease", () => cluster.takeLease(lease, { holder: "me", durationSeconds: 15, now: 0 }, undefined)],
];

const bodies: readonly (readonly [string, Answer])[] = [
  ["a login page", send("<html>Please log in</html>")],
  ["nothing", send("")],
  ["half an object", send('{"metadata": {"name": "a"')],
  ["a list where there should be an object", send("[]")],
  ["null", send("null")],
  ["a redirect", (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
  ["a silence in the midst of the answer", (response) => void response.writeHead(200).write('{"metadata"')],
  ["a cut in the midst of the answer", (response) => void response.writeHead(200).write("{", () => response.destroy())],
];

describe.each(protocols)("over %s", (protocol) => {
  beforeEach(() => openSite(protocol));

  describe.each(bodies)("answers with %s", (_name, body) => {
    it.each(requests)("%s fails as one that may come right", async (_what, ask) => {
      answer = body;
      await expect(ask()).rejects.toMatchObject({ problem: { code: "CLUSTER_UNAVAILABLE" } });
    });
  });

  it("an object without a uid is no object", async () => {
    answer = send({ metadata: {} });
    await expect(cluster.readMetadata(ref)).rejects.toMatchObject({ problem: { code: "CLUSTER_UNAVAILABLE" } });
    answer = send({ items: { not: "a list" } });
    await expect(cluster.listIfFew(kind, {}, 10)).rejects.toMatchObject({ problem: { code: "CLUSTER_UNAVAILABLE" } });
  });

  it("a watch that tells nonsense is told once for each try, and goes on", async () => {
    const stop = new AbortController();
    const told: Problem[] = [];
    answer = (response, { url = "" }) => {
      if (url.includes("watch=1")) return void response.writeHead(200).end("what?\n");
      send({ metadata: { resourceVersion: "1" }, items: [] })(response, undefined as never);
    };
    const events: string[] = [];
    const tell = (problem: Problem) => {
      told.push(problem);
      if (told.length === 2) stop.abort();
    };
    for await (const { type } of cluster.watchMetadata(kind, {}, stop.signal, tell)) events.push(type);
    expect(told.map(({ code }) => code)).toEqual(["CLUSTER_UNAVAILABLE", "CLUSTER_UNAVAILABLE"]);
    expect(events).toEqual(["listing", "listed"]);
  });

  it("a group whose server is away is not taken for one that has no such kind", async () => {
    const versions = [{ version: "v1beta1", freshness: "Stale", resources: [] }];
    answer = (response, { url = "" }) => {
      const items = url.startsWith("/apis") ? [{ metadata: { name: "metrics.k8s.io" }, versions }] : [];
      send({ kind: "APIGroupDiscoveryList", items })(response, undefined as never);
    };
    await expect(cluster.findKind("metrics.k8s.io", "NodeMetrics")).rejects.toMatchObject({ reason: "unserved" });
    expect(await cluster.findKind("example.com", "Widget")).toBeUndefined();
  });

  describe("a lease", () => {
    const claim = { holder: "me", durationSeconds: 15, now: 0 };
    const written = (holderIdentity: string, resourceVersion: string) => ({
      metadata: { resourceVersion },
      spec: { holderIdentity, leaseDurationSeconds: 15 },
    });
    const mine = { holder: "me", durationSeconds: 15, version: "7" };

    it("whose renewal is refused with a conflict by itself is not kept by that", async () => {
      answer = (response, { method }) =>
        method === "PUT"
          ? send({ reason: "Conflict" }, 409)(response, undefined as never)
          : send(written("me", "7"))(response, undefined as never);
      const renewing = cluster.takeLease(lease, claim, mine);
      await expect(renewing).rejects.toMatchObject({ reason: "conflict" });
      await expect(renewing).rejects.toBeInstanceOf(ClusterRefusal);
    });

    it("whose renewal came through, and whose answer was lost, is kept", async () => {
      let puts = 0;
      answer = (response, { method }) => {
        if (method !== "PUT") return send(written("me", "8"))(response, undefined as never);
        if (puts++ === 0) return void response.destroy();
        send({ reason: "Conflict" }, 409)(response, undefined as never);
      };
      const patient = open({ retryMsMax: 5_000 });
      expect(await patient.takeLease(lease, claim, mine)).toEqual({ ...mine, version: "8" });
      patient.close();
      expect(puts).toBe(2);
    });

    it("that somebody else took is his", async () => {
      answer = (response, { method }) =>
        method === "PUT"
          ? send({}, 409)(response, undefined as never)
          : send(written("other", "8"))(response, undefined as never);
      expect((await cluster.takeLease(lease, claim, mine)).holder).toBe("other");
    });
  });

  it("what waits in line when the connection is closed is not sent any more", async () => {
    cluster = open({ silenceMsMax: 60_000 });
    answer = () => undefined;
    const reads = Array.from({ length: 30 }, () => cluster.readMetadata(ref));
    const settled = Promise.allSettled(reads);
    while (asked.length < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    cluster.close();
    const results = await settled;
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    expect(asked).toHaveLength(8);
  });

  it("what waits in line behind a server that is away fails with it, and whoever comes then waits for nothing", async () => {
    answer = send({}, 503);
    const reads = Array.from({ length: 200 }, () => cluster.readMetadata(ref));
    const results = await Promise.allSettled(reads);
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    expect(asked.length, "eight of them, each tried a few times").toBeLessThan(60);
    answer = send({ metadata: { name: "a", uid: "u", resourceVersion: "1" } });
    expect(await cluster.readMetadata(ref)).toMatchObject({ uid: "u" });
  });

  it("where a kubeconfig comes to name another server nothing more is sent by whoever writes", async () => {
    answer = send({ reason: "Unauthorized" }, 401);
    const writer = cluster.guardedBy(() => undefined);
    await expect(writer.apply(ref, new Map(), "sluice")).rejects.toMatchObject({ problem: { code: "CLUSTER_AUTH" } });
    site.writeKubeconfig("localhost");
    answer = send({ metadata: { name: "a", uid: "u", resourceVersion: "1" } });
    // The one that is refused looks at the kubeconfig again: it leads elsewhere now.
    const before = asked.length;
    await cluster.readMetadata(ref).catch(() => undefined);
    answer = send({ reason: "Unauthorized" }, 401);
    await cluster.readMetadata(ref).catch(() => undefined);
    answer = send({ metadata: { name: "a", uid: "u", resourceVersion: "1" } });
    const writing = writer.apply(ref, new Map(), "sluice");
    await expect(writing).rejects.toThrow(/leads to another API server now/);
    await expect(writing).rejects.toBeInstanceOf(SluiceError);
    expect(asked.slice(before).filter((one) => one.startsWith("PATCH"))).toEqual([]);
    const again = open();
    expect((await again.readMetadata(ref))?.uid).toBe("u");
    again.close();
  });

  it("a connection that breaks while the kubeconfig can't be looked at is tried again with what is known", async () => {
    cluster = open({ retryMsMax: 5_000, silenceMsMax: 5_000 });
    const file = site.writeKubeconfig();
    answer = send({ metadata: { name: "a", uid: "u", resourceVersion: "1" } });
    expect((await cluster.readMetadata(ref))?.uid).toBe("u");
    rmSync(file);
    let broken = 0;
    answer = (response, request) => {
      if (broken++ === 0) response.destroy();
      else send({ metadata: { name: "a", uid: "u", resourceVersion: "2" } })(response, request);
    };
    site.cut();
    expect((await cluster.readMetadata(ref))?.uid).toBe("u");
    answer = send({ reason: "Unauthorized" }, 401);
    const refused = cluster.readMetadata(ref);
    await expect(refused).rejects.toMatchObject({ problem: { code: "KUBECONFIG_INVALID" } });
    answer = send({ metadata: { name: "a", uid: "u", resourceVersion: "3" } });
    expect((await cluster.readMetadata(ref))?.uid, "the server takes it again").toBe("u");
  });
});

it("a credential of a plugin that lasts less than a minute is not asked for at each request", async () => {
  await openSite();
  const script = join(site.folder, "plugin.mjs");
  const log = join(site.folder, "runs");
  const printed = `JSON.stringify({apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
    status: {token: "t", expirationTimestamp: new Date(Date.now() + 20_000).toISOString()}})`;
  writeFileSync(
    script,
    `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(log)}, "x"); console.log(${printed});`,
  );
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: [script] };
  const config = {
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
    clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${site.port}` } }],
    users: [{ name: "it", user: { exec } }],
  };
  const file = join(site.folder, "kubeconfig");
  writeFileSync(file, JSON.stringify(config));
  const runs: (string | undefined)[] = [];
  answer = (response, { headers }) => {
    runs.push(headers.authorization);
    send({ metadata: { name: "a", uid: "u", resourceVersion: "1" } })(response, undefined as never);
  };
  const plugged = openKubeCluster({ kubeconfig: fileKubeconfig(file), redactor: createRedactor(), env: {} });
  for (let times = 0; times < 5; times++) await plugged.readMetadata(ref);
  plugged.close();
  expect(runs).toEqual(Array(5).fill("Bearer t"));
  expect(readFileSync(log, "utf8")).toBe("x");
});
