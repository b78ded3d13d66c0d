import { get as httpGet } from "node:http";
import { afterEach, expect, it } from "vitest";
import { createPromMetrics } from "../../../src/adapters/system/prom-metrics.ts";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";
import {
  openStatusServer,
  type ServiceHealth,
  type StatusServer,
  type StatusSource,
} from "../../../src/app/http/status-server.ts";

const redactor = createRedactor();
const sourceOf = (health: ServiceHealth): StatusSource => ({
  health: () => health,
  page: () => undefined,
  snapshot: () => ({ version: "1", state: "starting" }),
  look: () => undefined,
});
let server: StatusServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(health: ServiceHealth, metrics = createPromMetrics("1.2.3")) {
  server = await openStatusServer({ host: "127.0.0.1", port: 0, source: sourceOf(health), redactor, metrics });
  return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server?.port}${path}`, init);
}

const states: readonly { readonly health: ServiceHealth; readonly codes: readonly [number, number, number] }[] = [
  { health: { state: "starting", isReady: false, isLeader: false }, codes: [200, 503, 503] },
  { health: { state: "leading", isReady: true, isLeader: true }, codes: [200, 200, 200] },
  { health: { state: "standing by", isReady: true, isLeader: false }, codes: [200, 200, 503] },
];

it.each(states)("answers probes while $health.state", async ({ health, codes }) => {
  const get = await open(health);
  for (const [index, path] of ["/healthz", "/readyz", "/leaderz"].entries()) {
    const answer = await get(path);
    expect(answer.status, path).toBe(codes[index]);
    expect(await answer.text()).toBe(`${health.state}\n`);
  }
});

it.each(["/%zz", "/%", "/metrics%ff"])("refuses %s in plain words", async (path) => {
  await open({ state: "leading", isReady: true, isLeader: true });
  // fetch would mend the address.
  const { status, type, text } = await new Promise<{ status?: number; type?: string; text: string }>(
    (resolve, reject) => {
      const request = httpGet({ host: "127.0.0.1", port: server!.port, path }, (answer) => {
        let body = "";
        answer.on("data", (chunk) => {
          body += chunk;
        });
        const type = answer.headers["content-type"] ?? "";
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, type, text: body }));
      });
      request.on("error", reject);
    },
  );
  expect([status, type, text]).toEqual([400, "text/plain; charset=utf-8", "bad request\n"]);
});

it("serves metrics as Prometheus reads them, with bounded labels", async () => {
  const metrics = createPromMetrics("1.2.3");
  const get = await open({ state: "leading", isReady: true, isLeader: true }, metrics);
  for (let index = 0; index < 250; index++) metrics.count("sluice_near_misses_total", { event_source: `s${index}` });
  metrics.count("sluice_pushes_total", { result: "pushed" }, 3);
  metrics.set("sluice_inbox_deliveries", {}, 7);
  const answer = await get("/metrics");
  const text = await answer.text();
  expect(answer.headers.get("content-type")).toContain("version=0.0.4");
  expect(text).toContain('sluice_pushes_total{result="pushed"} 3');
  expect(text).toContain("sluice_inbox_deliveries 7");
  expect(text).toContain('sluice_near_misses_total{event_source="other"} 50');
  expect(text).toContain('sluice_build_info{version="1.2.3"} 1');
});

it("serves nothing else, and takes nothing", async () => {
  const get = await open({ state: "leading", isReady: true, isLeader: true });
  expect((await get("/etc/passwd")).status).toBe(404);
  expect((await get("/metrics", { method: "POST", body: "x" })).status).toBe(404);
});

it("says where it can't listen", async () => {
  await open({ state: "leading", isReady: true, isLeader: true });
  const again = openStatusServer({
    host: "127.0.0.1",
    port: server?.port ?? 0,
    source: sourceOf({ state: "starting", isReady: false, isLeader: false }),
    redactor,
    metrics: createPromMetrics("1"),
  });
  await expect(again).rejects.toMatchObject({ problem: { code: "SETTINGS_INVALID" } });
});
