/** What LeavePolicies leaves and clusters that are given up, as people meet them: on the built program, by its commands. */
import { afterEach, expect, it } from "vitest";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { clusterDocument, until, Workbench } from "./workbench.ts";

let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
});

const leaving = `${usersTrigger.trimEnd()}\n  stopMatchingBehavior: LeavePolicies\n`;

/** A service with a namespace for each of three users. */
async function open(): Promise<Workbench> {
  const bench = await Workbench.open({
    config: { ...usersConfig, "trigger.yaml": leaving },
    connection: usersConnection,
  });
  workbench = bench;
  await bench.start();
  for (const subject of ["alice", "bob", "carol"]) {
    const event = { specversion: "1.0", id: subject, type: "login", source: "auth", subject };
    await bench.publish("user-operation", JSON.stringify(event));
  }
  await until(async () => (await bench.rendered()).length === 3, "three namespaces");
  return bench;
}

const leftRows = async (bench: Workbench) =>
  JSON.parse((await bench.sluice("show", "addons", "--left", "-o", "json")).stdout) as Record<string, string>[];

/** Whether all three are marked on the target. */
async function areLeft(bench: Workbench): Promise<boolean> {
  const found = await bench.git("grep", "-l", "sluice.dev/left", "main", "--", "rendered").catch(() => "");
  return found.trim().split("\n").length === 3;
}

it("is marked, listed, kept through a Delete, and goes by forget --left alone", async () => {
  const bench = await open();
  expect(await leftRows(bench)).toEqual([]);
  expect((await bench.sluice("forget")).code).toBe(2);
  expect((await bench.sluice("forget", "--left")).code).toBe(3);
  await bench.commitConfig({ "trigger.yaml": undefined });
  await until(() => areLeft(bench), "three objects that are left");
  expect(await leftRows(bench)).toHaveLength(3);
  const [path = ""] = await bench.rendered();
  const text = await bench.git("show", `main:${path}`);
  expect(text).toContain("kustomize.toolkit.fluxcd.io/prune: disabled");
  expect(text).toContain("argocd.argoproj.io/sync-options: Prune=false,Delete=false");
  expect(text).toContain('sluice.dev/left: "true"');
  expect(text).not.toContain("sluice.dev/owner");
  expect((await bench.sluice("show", "addons", "-o", "json")).stdout.trim()).toBe("[]");
  expect((await leftRows(bench))[0]).toMatchObject({ resourceType: ":Namespace", name: "alice" });
  expect((await bench.sluice("explain", path)).stdout).toContain("left");

  const logout = { specversion: "1.0", id: "out", type: "logout", source: "auth", subject: "alice" };
  await bench.publish("user-operation", JSON.stringify(logout));
  const pushed = async () => JSON.parse((await bench.sluice("status", "-o", "json")).stdout).leading.streams[0].pushed;
  await until(async () => (await pushed()) === 4, "the logout");
  expect(await bench.rendered()).toHaveLength(3);

  const forgotten = await bench.sluice("forget", "--left");
  expect(forgotten).toMatchObject({ code: 0, stdout: "took away 3 objects that were left\n" });
  expect(await bench.rendered()).toEqual([]);
  expect((await bench.sluice("show", "addons", "--left", "--trigger", "users", "-o", "name")).stdout).toBe("");
});

it("a cluster in no document is given up by retire, and comes back whole", async () => {
  const bench = await open();
  const before = await bench.git("rev-parse", "main:rendered");
  const [cluster = ""] = (await bench.rendered()).map((path) => path.split("/").slice(1, 3).join("/"));
  const file = "others.yaml";
  expect(await bench.sluice("retire", cluster)).toMatchObject({ code: 2, stderr: expect.stringContaining(file) });
  expect((await bench.sluice("retire", "no/where")).code).toBe(3);
  expect((await bench.sluice("retire", "nowhere")).code).toBe(2);
  // Another stays, so that there are clusters.
  const [others = ""] = usersConfig[file].split("---\napiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster");
  await bench.commitConfig({ [file]: `${others}---\n${clusterDocument("other", { env: "none" })}` });
  await until(() => areLeft(bench), "three objects that are left");
  expect(await bench.sluice("retire", cluster)).toMatchObject({ code: 0 });
  expect(await bench.rendered()).toEqual([]);
  expect(await bench.git("ls-tree", "-r", "--name-only", "main", `rendered/${cluster}/`)).toBe("");
  await bench.commitConfig({ [file]: usersConfig[file] });
  await until(async () => (await bench.git("rev-parse", "main:rendered")) === before, "the tree as before");
});
