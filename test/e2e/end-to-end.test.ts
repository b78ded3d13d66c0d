/**
 * The seed's End to End flow as printed: a profile brings the Secret sveltos-nats to production clusters, Sluice connects to
 * what that Secret describes, and a user's login and logout go over this connection and no other.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const profile = "ClusterProfile/deploy-deploy-sveltos-nats-secret";

/** The rows of `show addons`, time apart. */
async function addons(open: Workbench, ...flags: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { code, stdout } = await open.sluice("show", "addons", ...flags);
  expect(code).toBe(0);
  const rows = stdout.split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.map((row) => row.filter((_, index) => cells[0]![index] !== "TIME"));
}

it("from the profile to the user's Namespace, and back", { timeout: 240_000 }, async () => {
  const open = await Workbench.open({
    config: { "config.yaml": await readExample("3-end-to-end/config.yaml") },
    connection: "{}",
    settings: "output: {}",
  });
  bench = open;
  // The settings of the seed's user: nothing but where the clusters' NATS is reached from here.
  const settings = (await readFile(join(open.folder, "sluice.yaml"), "utf8")).replace(
    /connections:\n(?: {2}.*\n)+/,
    `connections:
  - name: agents
    fromSecrets: true
    connectTo: {"nats.nats.svc.cluster.local:4222": '{{ index .Cluster.metadata.annotations "example.com/nats" }}'}
`,
  );
  await open.write("sluice.yaml", settings);
  const annotations = `  annotations: {example.com/nats: "127.0.0.1:${open.server.port}"}\n`;
  const workload = clusterDocument("clusterapi-workload", { env: "production" }).replace(
    /(metadata:\n)/,
    `$1${annotations}`,
  );
  await open.commitConfig({ "clusters.yaml": `${workload}---\n${clusterDocument("lab", { env: "fv" })}` });

  const validation = await open.sluice("validate", "checkout/config");
  expect(validation.stderr).toMatch(/config\.yaml:\d+:\d+: warning: .*\[SECRET_IN_CLEAR\]/);
  expect(validation.stderr).not.toContain("SUBJECT_NOT_SUBSCRIBED");
  expect(validation.stderr).not.toContain("my-password");

  const service = await open.start();
  const header = ["CLUSTER", "RESOURCE TYPE", "NAMESPACE", "NAME", "VERSION", "PROFILES"];
  const secret = ["fleet/clusterapi-workload", ":Secret", "projectsveltos", "sveltos-nats", "N/A", profile];
  const chart = ["fleet/clusterapi-workload", "helm chart", "nats", "nats", "1.2.9", "ClusterProfile/nats"];
  const user = ["fleet/clusterapi-workload", ":Namespace", "", "mgianluc", "N/A", "EventTrigger/manage-namespace"];
  const isSubscribed = async () => {
    const { stdout } = await open.sluice("status", "-o", "json");
    const streams = (JSON.parse(stdout).leading?.streams ?? []) as { stream: string; state: string }[];
    return streams.some(
      ({ stream, state }) => stream.startsWith("agents/fleet/clusterapi-workload/") && state === "subscribed",
    );
  };
  await until(isSubscribed, "the connection that the Secret describes");
  expect(await addons(open)).toEqual([header, chart, secret]);

  await open.publish("user-operation", await readExample("3-end-to-end/login.json"));
  await until(async () => (await open.rendered()).some((path) => path.endsWith("/mgianluc.yaml")), "the login");
  expect(await addons(open)).toEqual([header, chart, secret, user]);
  expect(await addons(open, "--profile", "ClusterProfile/nats")).toEqual([header, chart]);
  expect(await addons(open, "--profile", profile)).toEqual([header, secret]);
  const wide = await addons(open, "-o", "wide", "--object-namespace", "projectsveltos");
  expect(wide).toEqual([
    [...header.slice(0, -1), "DEPLOYMENT TYPE", "PROFILES"],
    [...secret.slice(0, -1), "Managed cluster", profile],
  ]);

  await open.publish("user-operation", await readExample("3-end-to-end/logout.json"));
  await until(async () => (await open.rendered()).every((path) => !path.endsWith("/mgianluc.yaml")), "the logout");
  expect(await addons(open)).toEqual([header, chart, secret]);

  // Without its Secret the connection closes; what events did over it stays.
  await open.publish("user-operation", await readExample("3-end-to-end/login.json"));
  await until(async () => (await open.rendered()).some((path) => path.endsWith("/mgianluc.yaml")), "another login");
  const without = (await readExample("3-end-to-end/config.yaml")).replace(
    "  - name: deploy-sveltos-nats-secret\n    namespace: default\n    kind: Secret\n",
    "  - name: nothing\n    namespace: default\n    kind: ConfigMap\n    optional: true\n",
  );
  await open.commitConfig({ "config.yaml": without });
  await until(async () => !(await isSubscribed()), "the connection's end");
  expect(await addons(open)).toEqual([header, chart, user]);
  expect(await service.stop()).toBe(0);
});
