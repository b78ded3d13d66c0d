import { request } from "node:http";
import { afterEach, expect, it } from "vitest";
import { createPromMetrics } from "../../../../src/adapters/system/prom-metrics.ts";
import { createRedactor } from "../../../../src/adapters/system/redactor.ts";
import type { PageSource } from "../../../../src/app/http/page/page-routes.ts";
import { openStatusServer, type StatusServer } from "../../../../src/app/http/status-server.ts";
import { ownerKey } from "../../../../src/model/owner.ts";
import { aliceRecord, fullSnapshot, hostile, pageSource } from "./page-fixture.ts";

let server: StatusServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const health = () => ({ state: "leading", isReady: true, isLeader: true });

async function open(page: PageSource, redactor = createRedactor()) {
  const metrics = createPromMetrics("1.2.3");
  server = await openStatusServer({ host: "127.0.0.1", port: 0, source: { ...page, health }, redactor, metrics });
  return (path: string, host = "localhost", method = "GET") => get(server!.port, path, host, method);
}

/** With a Host header of one's own, which fetch does not send. */
async function get(port: number, path: string, host: string, method: string) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers: { host } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

it("is not there unless it is asked for, and takes nothing", async () => {
  const get = await open({ ...pageSource(), page: () => undefined });
  for (const path of ["/", "/page.css", "/live", "/search?q=a"]) expect((await get(path)).status, path).toBe(404);
  expect((await get("/healthz")).status).toBe(200);
});

it("shows what goes on, what is wrong and what to do about it, with nothing that an event could run", async () => {
  const get = await open(pageSource());
  const { status, text, headers } = await get("/");
  expect(status).toBe(200);
  for (const part of ["leading", "bus/EVENTS", "edge (core NATS, journal)", "sluice approve 3f0c9a1b77de"])
    expect(text).toContain(part);
  for (const part of ["SECRET_UNREADABLE", "dead letter", "no effect", "NAME_INVALID", "0123456", "trigger-1"])
    expect(text).toContain(part);
  expect(text).not.toContain(hostile);
  expect(text).not.toContain("<img");
  expect(text).toContain("&lt;img src&#x3D;x onerror");
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  // What the policy would refuse is not there.
  expect(text).not.toMatch(/<script(?![^>]*src=)|\son[a-z]+=|\sstyle=/);
  expect((await get("/", "localhost", "POST")).status).toBe(404);
});

it("says of a push that does not get through, and of a stream that is not read, before anything else", async () => {
  const { leading } = fullSnapshot;
  const refused = { code: "GIT_AUTH", severity: "error", message: "the token is refused", hint: "Renew it." } as const;
  const stuck = { ...leading!, waiting: 0, streams: [{ stream: "bus/EVENTS", state: "subscribed", read: 1 } as const] };
  const get = await open(
    pageSource([], () => ({ ...fullSnapshot, leading: { ...stuck, push: { milliseconds: 9_000, problem: refused } } })),
  );
  const { text } = await get("/");
  expect(text).toContain("the token is refused");
  expect(text).toContain("events wait for the push");
  expect(text).not.toContain("every event has had its effect");
  await server!.close();

  const degraded = (await (await open(pageSource()))("/")).text;
  const notices = degraded.slice(degraded.indexOf('id="notices"'), degraded.indexOf('id="figures"'));
  expect(notices).toContain("edge (core NATS, journal) is not read");
  expect(notices).toContain("Compare.");
});

it("names only so many of what there are many of, and says how many there are", async () => {
  const get = await open(pageSource());
  const { text } = await get("/");
  expect(text).toContain("500 in force");
  expect(text).toContain("and 400 more");
  expect(text.length).toBeLessThan(100_000);
});

it.each([
  ["localhost:8080", 200],
  ["127.0.0.1", 200],
  ["[::1]:8080", 200],
  ["sluice.example.com", 200],
  ["SLUICE.example.com.", 200],
  ["evil.example", 421],
  ["127.0.0.1.evil.example", 421],
  ["localhost.evil.example", 421],
  ["localhost@evil.example", 421],
])("answers %s with %i, and its probes anybody", async (host, status) => {
  const get = await open(pageSource(["sluice.example.com"]));
  for (const path of ["/", "/search", "/entity", "/page.js"]) {
    const answer = await get(path, host);
    expect(answer.status === 421, path).toBe(status === 421);
    if (status === 421) expect(answer.text).not.toContain("alice");
  }
  expect((await get("/healthz", host)).status).toBe(200);
  expect((await get("/metrics", host)).status).toBe(200);
});

it("shows no secret", async () => {
  const redactor = createRedactor();
  redactor.remember("fleet.git-s3cret");
  const secret = { ...fullSnapshot, repository: "https://x:hunter22@git.example.com/fleet.git-s3cret" };
  const get = await open(
    pageSource([], () => secret),
    redactor,
  );
  const { text } = await get("/");
  expect(text).not.toContain("s3cret");
  expect(text).not.toContain("hunter22");
});

it("finds entities and shows what is on record of one", async () => {
  const get = await open(pageSource());
  const found = (await get("/search?q=ali")).text;
  expect(found).toContain("1 found, 1 record looked at");
  const [, href = ""] = /href="(entity\?[^"]+)"/.exec(found) ?? [];
  const entity = await get(`/${href.replaceAll("&amp;", "&").replaceAll("&#x3D;", "=")}`);
  expect(entity.status).toBe(200);
  for (const part of ["Namespace alice", "fleet/eu-1", "bus/EVENTS 12", "NAME_INVALID", "sluice explain"])
    expect(entity.text).toContain(part);
  for (const path of ["/entity", "/entity?owner=x&id=y", "/entity?owner=EventTrigger/a&id=../../x"])
    expect((await get(path)).status, path).toBe(404);
});

it("names a profile, which has no entity, and an event without subject, so that there is something to click", async () => {
  const owner = { kind: "ClusterProfile", namespace: "", name: "base" } as const;
  const records = [
    { ...aliceRecord, owner, entity: { connection: "", source: "", subject: "" }, events: [] },
    { ...aliceRecord, entity: { ...aliceRecord.entity, subject: "" } },
  ];
  const titles = ["ClusterProfile/base", "auth.example.com/login"];
  for (const [index, record] of records.entries()) {
    const page = pageSource();
    const found = { found: [{ owner: record.owner, id: "0".repeat(40), record }], searched: 1, isWhole: true };
    const look = { ...page.look()!, search: async () => found, entity: async () => record };
    const get = await open({ ...page, look: () => look });
    expect((await get("/search?q=a")).text).toContain(`>${titles[index]}</a>`);
    const path = `/entity?owner=${encodeURIComponent(ownerKey(record.owner))}&id=${"0".repeat(40)}`;
    const { text } = await get(path);
    expect(text).toContain(`<h1 id="entity-title">${titles[index]}</h1>`);
    // An id names entities of triggers alone.
    expect(text.includes("sluice explain")).toBe(record.owner.kind === "EventTrigger");
    await server!.close();
  }
});

it("says where this instance does not lead", async () => {
  const get = await open({
    page: () => ({ hosts: [] }),
    snapshot: () => ({ version: "1", state: "standing by" }),
    look: () => undefined,
  });
  const { text } = await get("/");
  expect(text).toContain("standing by");
  expect(text.match(/None is in force\./g)).toHaveLength(2);
  expect((await get("/search?q=a")).status).toBe(503);
});

it("sends open pages what changes, and nothing else", async () => {
  let state: "leading" | "stopping" = "leading";
  await open(pageSource([], () => ({ ...fullSnapshot, state })));
  const sent: Record<string, string>[] = [];
  const asked = request({ host: "127.0.0.1", port: server!.port, path: "/live", headers: { host: "localhost" } });
  await new Promise<void>((resolve, reject) => {
    asked.on("error", reject).on("response", (answer) => {
      expect(answer.headers["content-type"]).toContain("text/event-stream");
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        for (const [, data = ""] of text.matchAll(/^data: (.*)\n\n/gm)) sent.push(JSON.parse(data));
        text = text.slice(text.lastIndexOf("\n\n") + 2);
        state = "stopping";
        if (sent.length === 2) resolve();
      });
    });
    asked.end();
  });
  asked.destroy();
  expect(Object.keys(sent[0] ?? {})).toContain("outcomes");
  expect(Object.keys(sent[1] ?? {})).toEqual(["status"]);
  expect(sent[1]?.status).toContain("stopping");
});
