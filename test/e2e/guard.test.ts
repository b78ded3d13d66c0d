/** A mass change, as people meet it: told beforehand by `diff`, held, approved, and brought back byte for byte. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
});

it("diff names the change as the service then holds it; approved it goes, taken back all stands as before", async () => {
  workbench = await Workbench.open({ config: usersConfig, connection: usersConnection });
  const bench = workbench;
  const service = await bench.start();
  for (let n = 0; n < 30; n++) {
    const event = { specversion: "1.0", id: `${n}`, type: "login", source: "auth", subject: `user-${n}` };
    await bench.publish("user-operation", JSON.stringify(event));
  }
  await until(async () => (await bench.rendered()).length === 30, "30 namespaces");
  const tree = () => bench.git("rev-parse", "main:rendered");
  const before = await tree();

  const trash = join(bench.folder, "checkout", "config", "trigger.yaml");
  await rm(trash);
  const told = await bench.sluice("diff", "--held", "--config", "checkout/config", "-o", "json");
  expect(told.code).toBe(1);
  const [change] = JSON.parse(told.stdout) as { id: string; removals: number }[];
  expect(change).toMatchObject({ removals: 30 });
  expect((await bench.sluice("diff", "--config", "checkout/config")).stdout).toContain(`sluice approve ${change?.id}`);

  await bench.write("checkout/config/trigger.yaml", usersTrigger);
  await bench.commitConfig({ "trigger.yaml": undefined });
  const held = async () =>
    (JSON.parse((await bench.sluice("status", "-o", "json")).stdout).leading.held as { id: string }[]).map(
      ({ id }) => id,
    );
  await until(async () => (await held()).length === 1, "the held change in the status");
  expect(await held()).toEqual([change?.id]);
  expect(await tree()).toBe(before);
  expect((await bench.sluice("status")).stdout).toContain(`change ${change?.id} is held`);
  expect((await bench.sluice("approve", "0123456789ab")).code).toBe(3);

  expect((await bench.sluice("approve", change?.id ?? "")).code).toBe(0);
  await until(async () => (await bench.rendered()).length === 0, "nothing rendered any more");
  await bench.commitConfig({ "trigger.yaml": usersTrigger });
  await until(async () => (await bench.rendered()).length === 30, "30 namespaces again");
  expect(await tree()).toBe(before);
  expect(await service.stop()).toBe(0);
});
