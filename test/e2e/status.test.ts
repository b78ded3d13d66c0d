/** What a running service tells about itself: to `sluice status`, to probes and to Prometheus. */
import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { usersConfig, usersConnection } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
});

it("tells its state in words, as JSON, to probes and to Prometheus", async () => {
  const port = await freePort();
  const settings = `output: {secrets: plain}\nserver: {address: "127.0.0.1:${port}"}`;
  workbench = await Workbench.open({ config: usersConfig, connection: usersConnection, settings });
  expect((await workbench.sluice("status")).code, "no service runs").toBe(3);

  const service = await workbench.start();
  const event = { specversion: "1.0", id: "1", type: "login", source: "auth", subject: "alice" };
  await workbench.publish("user-operation", JSON.stringify(event));
  await until(async () => (await workbench!.rendered()).some((path) => path.endsWith("/alice.yaml")), "the commit");

  const probe = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  expect([await probe("/healthz"), await probe("/readyz"), await probe("/leaderz")]).toEqual([200, 200, 200]);
  await until(async () => {
    const { stdout } = await workbench!.sluice("status", "-o", "json");
    return JSON.parse(stdout).leading?.lastPush?.created >= 1;
  }, "the push in the status");
  // What nobody knows is more likely misspelt than empty.
  for (const [flag, known, unknown] of [
    ["--cluster", "fleet/eu", "fleet/nope"],
    ["--trigger", "users", "nope"],
  ] as const) {
    expect((await workbench.sluice("show", "addons", flag, known)).stdout).toContain("alice");
    expect(await workbench.sluice("show", "addons", flag, unknown)).toMatchObject({ code: 3, stdout: "" });
    expect((await workbench.sluice("show", "entities", flag, unknown)).code).toBe(3);
  }
  expect((await workbench.sluice("show", "dead-letters", "--failed")).code).toBe(2);

  const { code, stdout } = await workbench.sluice("status");
  expect(code).toBe(0);
  for (const part of ["leading", "1 trigger, 0 profiles, 1 cluster", "bus/@journal: subscribed", "last push"])
    expect(stdout).toContain(part);
  const events = await workbench.sluice("show", "events", "-o", "json");
  expect(JSON.parse(events.stdout)).toMatchObject([
    { result: "Create", subject: "alice", trigger: "users", branch: "main" },
  ]);
  expect((await workbench.sluice("show", "events", "--trigger", "users", "-o", "name")).stdout).toBe("alice\n");
  expect((await workbench.sluice("show", "events", "--failed", "-o", "name")).stdout).toBe("");
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/^sluice_deliveries_total\{connection="bus"\} 1$/m);
  expect(metrics).toMatch(/^sluice_objects_total\{result="create"\} [1-9]/m);
  await service.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
