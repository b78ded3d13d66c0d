/** `sluice diff` as it is used: the built program over a repository with entities on record. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { DryRunReport } from "../../src/pipeline/dry-run/report.ts";
import { casesOf } from "../tools/cases-of.ts";
import { loginOf, RecordedFleet, userConfig } from "./recorded-fleet.ts";

let fleet: RecordedFleet | undefined;
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

const namespace = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ .CloudEvent.subject }}
  annotations:
    acme.example/organization: {{ .CloudEvent.data.organization }}
    acme.example/tier: bronze
`;

async function open(events: readonly unknown[], content = namespace): Promise<RecordedFleet> {
  fleet = await RecordedFleet.open({ config: userConfig(content), events });
  return fleet;
}

function users(count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => loginOf(`user-${index}`));
}

async function reportOf(...args: readonly string[]): Promise<{ code: number; report: DryRunReport }> {
  const { code, stdout, stderr } = await fleet!.sluice("diff", "-o", "json", ...args);
  if (stdout === "") throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as DryRunReport };
}

async function change(content: string, clusters?: readonly string[]): Promise<void> {
  for (const [path, text] of Object.entries(userConfig(content, clusters))) await fleet!.write(`config/${path}`, text);
}

describe("against the catalog in force", () => {
  it("no change: exit 0 and nothing but the totals", async () => {
    await open(users(3));
    const { code, stdout, stderr } = await fleet!.sluice("diff");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("the catalog in force → config: no differences (0 recorded entities rendered again)\n");
  });

  it("a changed line: every object with that line alone, at its template, recorded data masked", async () => {
    await open(users(2));
    await change(namespace.replace("bronze", "silver"));
    const { code, stdout } = await fleet!.sluice("diff");
    expect(code).toBe(1);
    expect(stdout).not.toContain("private-user");
    expect(stdout.match(/^[-+] .*$/gm)).toEqual(
      Array.from({ length: 4 }, () => ["-    acme.example/tier: bronze", "+    acme.example/tier: silver"]).flat(),
    );
    expect(stdout).toContain("# update by EventTrigger users (config/users.yaml:27:5)\n");
    expect(stdout).toContain("+++ b/rendered/fleet/eu-1/triggers/users/_cluster/namespace/user-0.yaml\n");
    expect(stdout).toContain("    acme.example/organization: ***\n");
    expect(stdout).toContain(
      "0 to create, 4 to update, 0 to delete; 0 to fail, 0 mended (2 recorded entities rendered again)",
    );

    const shown = await fleet!.sluice("diff", "--show-data");
    expect(shown.stdout).toContain("    acme.example/organization: private-user-0\n");
  });

  it("a cluster less: its objects go; a trigger less: all go", async () => {
    await open(users(2));
    await change(namespace, ["eu-1"]);
    const { code, report } = await reportOf();
    expect(code).toBe(1);
    // With the cluster's own file: one that is in no document has no folder either.
    expect(report.counts).toEqual({ create: 0, update: 0, delete: 3 });
    expect(report.objects.map(({ action, cluster }) => `${action} ${cluster}`)).toEqual(
      Array.from({ length: 3 }, () => "delete fleet/us-1"),
    );

    await fleet!.write("config/users.yaml", "");
    expect((await reportOf()).report.counts).toEqual({ create: 0, update: 0, delete: 5 });
  });

  it("what the change breaks, and what it mends, with its place and without the data", async () => {
    const bad = namespace.replace(".CloudEvent.data.organization", ".CloudEvent.data.missing");
    await open(users(3));
    await change(bad);
    const { code, report } = await reportOf();
    expect(code).toBe(1);
    expect(report.counts).toEqual({ create: 0, update: 0, delete: 0 });
    expect(report.failures).toMatchObject([
      {
        change: "introduced",
        trigger: "users",
        code: "TEMPLATE_FAILED",
        entities: 3,
        at: { file: "config/users.yaml", line: 32 },
      },
    ]);
    expect(JSON.stringify(report)).not.toContain("private-user");
    await fleet!.close();

    await open(users(2), bad);
    await change(namespace);
    const mended = await reportOf();
    expect(mended.report.failures).toMatchObject([{ change: "mended", code: "TEMPLATE_FAILED", entities: 2 }]);
    expect(mended.report.counts.create).toBe(4);
  });

  it("a broken document: its place on stderr, the entities that would fail, and no deletion", async () => {
    await open(users(2));
    await fleet!.write("config/users.yaml", userConfig("{{ if }}")["users.yaml"]!);
    const { code, stdout, stderr } = await fleet!.sluice("diff");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^config\/users\.yaml:27:\d+: error: /m);
    expect(stdout).toContain("0 to delete; 2 to fail");
  });
});

it("samples: with both catalogs, data shown, Secrets masked", async () => {
  await open([]);
  await fleet!.write("bob.json", JSON.stringify(loginOf("bob")));
  await change(
    `${namespace}---\nkind: Secret\napiVersion: v1\nmetadata: {name: bob, namespace: default}\nstringData:\n  token: {{ .CloudEvent.data.organization }}\n`,
  );
  const { code, stdout, stderr } = await fleet!.sluice("diff", "--event", "bob.json");
  expect(stderr).toBe("");
  expect(code).toBe(1);
  expect(stdout).toContain("+  token: ***\n");
  expect(stdout).toContain("+++ b/rendered/fleet/us-1/triggers/users/default/secret/bob.yaml\n");
  expect(stdout).not.toContain("private-bob");
});

it("samples that the change breaks are failures, and no deletions", async () => {
  await open([]);
  await fleet!.write("samples/bob.json", JSON.stringify(loginOf("bob")));
  await change(namespace.replace(".CloudEvent.data.organization", ".CloudEvent.data.missing"));
  const { code, report } = await reportOf("--event", "samples");
  expect(code).toBe(1);
  expect(report.counts).toEqual({ create: 0, update: 0, delete: 0 });
  expect(report.failures).toMatchObject([{ change: "introduced", code: "TEMPLATE_FAILED", entities: 1 }]);
});

it("against a revision: only what the commits since changed", async () => {
  await open(users(1));
  await change(namespace.replace("bronze", "silver"));
  await fleet!.commit("Silver");
  await change(namespace.replace("bronze", "gold"));
  const { code, report } = await reportOf("--base", "HEAD");
  expect(code).toBe(1);
  const [first] = report.objects;
  expect(first?.hunks[0]?.lines.filter(({ sign }) => sign !== " ").map(({ sign, text }) => sign + text.trim())).toEqual(
    ["-acme.example/tier: silver", "+acme.example/tier: gold"],
  );
  expect((await reportOf("--base", "HEAD~1")).report.base).toBe("HEAD~1");
  expect(await fleet!.sluice("diff", "--base", "nowhere")).toMatchObject({ code: 3, stdout: "" });
});

async function changeSettings(output: string, more = ""): Promise<void> {
  const text = await readFile(join(fleet!.checkout, "sluice.yaml"), "utf8");
  await fleet!.write("sluice.yaml", text.replace("{secrets: plain}", `{secrets: plain, ${output}}`) + more);
}

describe("settings are part of what is compared", () => {
  it("shards against what is in force: every manifest moves, as the service then moves it", async () => {
    await open(users(2));
    await changeSettings("shards: 1");
    const { code, report } = await reportOf();
    expect(code).toBe(1);
    expect(report.settings).toEqual([{ key: "output.shards", before: "0", after: "1", isPlacing: true }]);
    expect(report.counts).toEqual({ create: 0, update: 0, delete: 0 });
    expect(report.moves.objects).toBe(4);
    expect(report.moves.examples[0]?.to).toMatch(/^rendered\/fleet\/eu-1\/triggers\/users\/[0-9a-f]{2}\//);
    const { stdout } = await fleet!.sluice("diff");
    expect(stdout).toContain("# setting output.shards: 0 → 1\n");
    expect(stdout).toContain("0 to delete, 4 to move;");
  });

  it("against a revision: keys that differ, and where manifests go", async () => {
    await open(users(2));
    await changeSettings("path: manifests", "commit: {maxEvents: 7}\n");
    await fleet!.git("add", "--all");
    await fleet!.commit("Move");
    const { code, report } = await reportOf("--base", "HEAD~1");
    expect(code).toBe(1);
    expect(report.settings).toEqual([
      { key: "commit.maxEvents", before: "1000", after: "7", isPlacing: false },
      { key: "output.path", before: "rendered", after: "manifests", isPlacing: true },
    ]);
    expect(report.moves.objects).toBeGreaterThanOrEqual(4);
    expect(report.moves.examples[0]).toMatchObject({
      from: expect.stringMatching(/^rendered\//),
      to: expect.stringMatching(/^manifests\//),
    });
  });
});

it("usage and failures have exit codes of their own", async () => {
  await open([]);
  expect((await fleet!.sluice("diff", "--limit", "x")).code).toBe(2);
  expect((await fleet!.sluice("diff", "-o", "html")).code).toBe(2);
  expect((await fleet!.sluice("diff", "--file", "nothing.yaml")).code).toBe(3);
  await fleet!.write("sluice.yaml", "kind: Settings\n");
  const broken = await fleet!.sluice("diff");
  expect(broken.code).toBe(3);
  expect(broken.stderr).toContain("sluice.yaml:1:1: error");
});

const entities = casesOf(10_000);

it(`${entities} entities on record and one changed line: only what changed, in seconds`, async () => {
  await open(users(entities));
  await change(namespace.replace("bronze", "silver"));
  const started = performance.now();
  const { code, stdout } = await fleet!.sluice("diff", "-o", "summary");
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `diff over ${entities} entities, ${2 * entities} objects, one line each: ${seconds.toFixed(1)} s\n`,
  );
  expect(code).toBe(1);
  expect(stdout.match(/^[-+] .*$/gm)).toEqual(["-    acme.example/tier: bronze", "+    acme.example/tier: silver"]);
  expect(stdout).toContain(`# and ${(2 * entities - 1).toLocaleString("en")} objects more like this\n`);
  expect(stdout).toContain(`0 to create, ${2 * entities} to update, 0 to delete`);
  expect(seconds).toBeLessThan(60);
});

it("a ClusterProfile is called one, also beside a trigger of its name", async () => {
  await open(users(1));
  await fleet!.write(
    "config/profile.yaml",
    `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: users}
spec:
  clusterRefs: [{apiVersion: lib.projectsveltos.io/v1beta1, kind: SveltosCluster, namespace: fleet, name: eu-1}]
  policyRefs: [{kind: ConfigMap, namespace: default, name: base}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: base, namespace: default}
data: {base.yaml: "{apiVersion: v1, kind: Namespace, metadata: {name: platform}}"}
`,
  );
  const { stdout } = await fleet!.sluice("diff");
  expect(stdout).toContain("# create by ClusterProfile/users (config/profile.yaml:");
  expect(stdout).not.toContain("EventTrigger users");
});
