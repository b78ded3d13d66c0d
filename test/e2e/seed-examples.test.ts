/** The seed's examples as printed, over core NATS and over JetStream, with a real nats-server and a real repository. */
import { afterEach, describe, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const clusters = [
  clusterDocument("eu-1", { env: "production" }),
  clusterDocument("us-1", { env: "production" }),
  clusterDocument("lab", { env: "fv" }),
].join("---\n");
const login = await readExample("3-end-to-end/login.json");
const logout = await readExample("3-end-to-end/logout.json");
const users = { USERS: ["user-operation"] };

function namespacePaths(trigger: string, ...names: readonly string[]): readonly string[] {
  return names.map((name) => `rendered/fleet/${name}/triggers/${trigger}/_cluster/namespace/mgianluc.yaml`);
}

/** What the profile of example 3 brings to production clusters, whoever is logged in. */
const secretPaths = ["eu-1", "us-1"].flatMap((name) => [
  `rendered/fleet/${name}/base/namespaces/projectsveltos.yaml`,
  `rendered/fleet/${name}/clusterprofiles/deploy-deploy-sveltos-nats-secret/projectsveltos/secret/sveltos-nats.yaml`,
]);

async function untilRendered(open: Workbench, paths: readonly string[]): Promise<void> {
  const wanted = [...paths].sort().join("\n");
  await until(async () => (await open.rendered()).join("\n") === wanted, `${wanted || "no manifests"}`);
}

for (const transport of ["core NATS", "JetStream"] as const) {
  const connectionFile = transport === "JetStream" ? "sveltos-jetstream.json" : "sveltos-nats.json";

  describe(`over ${transport}`, () => {
    it("example 3: a login commits one Namespace a production cluster, a logout removes it, a login brings it back", async () => {
      bench = await Workbench.open({
        config: { "clusters.yaml": clusters, "config.yaml": await readExample("3-end-to-end/config.yaml") },
        connection: await readExample(`3-end-to-end/${connectionFile}`),
        streams: transport === "JetStream" ? users : {},
      });
      const service = await bench.start();
      const expected = namespacePaths("manage-namespace", "eu-1", "us-1");

      await untilRendered(bench, secretPaths);
      await bench.publish("user-operation", login);
      await untilRendered(bench, [...secretPaths, ...expected]);
      const manifest = await bench.git("show", `main:${expected[0]}`);
      expect(manifest).toContain("kind: Namespace");
      expect(manifest).toContain("name: mgianluc");
      const commits = await bench.git("rev-list", "--count", "main");

      await bench.publish("user-operation", logout);
      await untilRendered(bench, secretPaths);
      await bench.publish("user-operation", login);
      await untilRendered(bench, [...secretPaths, ...expected]);
      expect(Number(await bench.git("rev-list", "--count", "main"))).toBe(Number(commits) + 2);

      expect(await service.stop()).toBe(0);
      await bench.git("fsck", "--strict");
    });

    it("example 2: single quotes, no selector and no oneForEvent work, and validate warns at the line", async () => {
      bench = await Workbench.open({
        config: { "clusters.yaml": clusters, "config.yaml": await readExample("2-manage-namespace/config.yaml") },
        connection: await readExample(`3-end-to-end/${connectionFile}`),
        streams: transport === "JetStream" ? users : {},
      });
      const validation = await bench.sluice("validate", "checkout/config");
      expect(validation.code).toBe(0);
      expect(validation.stderr).toMatch(/config\.yaml:16:\d+: warning: .*\[TEMPLATE_SINGLE_QUOTES\]/);
      expect(validation.stderr).toMatch(/config\.yaml:\d+:\d+: warning: .*\[SELECTOR_MISSING\]/);

      await bench.start();
      await bench.publish("user-operation", login);
      await untilRendered(bench, namespacePaths("manage-namespace", "eu-1", "lab", "us-1"));
      await bench.publish("user-operation", logout);
      await untilRendered(bench, []);
    });
  });
}

it("example 1: validate warns of the subject that nobody subscribes to; with it, a login is rendered", async () => {
  const connection = await readExample("1-create-namespace/sveltos-nats.json");
  bench = await Workbench.open({
    config: { "clusters.yaml": clusters, "config.yaml": await readExample("1-create-namespace/config.yaml") },
    connection,
  });
  const validation = await bench.sluice("validate", "checkout/config");
  expect(validation.code).toBe(0);
  expect(validation.stderr).toMatch(/config\.yaml:7:\d+: warning: .*\[SUBJECT_NOT_SUBSCRIBED\]/);

  await bench.write("connection.json", connection.replace('"test"', '"user-login", "test"'));
  await bench.start();
  const event = { ...JSON.parse(login), source: "auth.example.com/user-login", data: { organization: "acme" } };
  await bench.publish("user-login", JSON.stringify(event));
  const [path] = namespacePaths("create-namespace", "lab");
  await untilRendered(bench, [path!]);
  expect(await bench.git("show", `main:${path}`)).toContain("organization: acme");
});

it("the misprinted JetStream footnote is diagnosed", async () => {
  bench = await Workbench.open({
    config: { "clusters.yaml": clusters, "config.yaml": await readExample("3-end-to-end/config.yaml") },
    connection: await readExample("3-end-to-end/sveltos-jetstream-as-printed.json"),
  });
  const validation = await bench.sluice("validate", "checkout/config");
  expect(validation.code).toBe(1);
  expect(validation.stderr).toMatch(/connection\.json:5:\d+: error: .*\[CONNECTION_INVALID\]/);
  expect(validation.stderr).toContain("jetstream");
});

it("render prints, without any network, the bytes that the service committed", async () => {
  bench = await Workbench.open({
    config: { "clusters.yaml": clusters, "config.yaml": await readExample("3-end-to-end/config.yaml") },
    connection: await readExample("3-end-to-end/sveltos-nats.json"),
  });
  await bench.start();
  await bench.publish("user-operation", login);
  await untilRendered(bench, [...secretPaths, ...namespacePaths("manage-namespace", "eu-1", "us-1")]);
  await bench.write("login.json", login);
  await bench.server.halt();

  const rendered = await bench.sluice("render", "--event", "login.json", "--config", "checkout/config");
  expect(rendered.code).toBe(0);
  const charts = (await bench.git("ls-tree", "-r", "--name-only", "sluice/state", "charts/")).trim().split("\n");
  expect(charts).toHaveLength(2);
  let expected = "";
  for (const path of charts) expected += `---\n# ${path}\n${await bench.git("show", `sluice/state:${path}`)}`;
  for (const path of await bench.rendered()) expected += `---\n# ${path}\n${await bench.git("show", `main:${path}`)}`;
  expect(rendered.stdout).toBe(expected);
});
