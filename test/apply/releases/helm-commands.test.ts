/** What helm is told, by what a chart says. */
import { expect, it } from "vitest";
import { installCommand, uninstallCommand } from "../../../src/apply/releases/helm-commands.ts";
import { parseYaml11Stream } from "../../../src/go-template/index.ts";
import type { JsonObject } from "../../../src/model/json.ts";

const http = "repositoryURL: https://charts.example.com, repositoryName: ex, chartName: ex/tenant";
const metadata = "{name: a, namespace: tenants, labels: {applyset.kubernetes.io/part-of: set}}";
const helm3 = { major: 3, minor: 22 };

function command(spec: string, known: Readonly<Record<string, string>> = {}, version = helm3) {
  const [chart] = parseYaml11Stream(`metadata: ${metadata}\nspec: {${spec}}`);
  return installCommand(chart as JsonObject, new Map(Object.entries(known)), version);
}

const usual = ["upgrade", "--install", "--namespace=tenants", "--create-namespace", "--history-max=2"];
const labels = "--labels=sluice.dev/part-of=set";
const from = ["--repo=https://charts.example.com", "--", "a", "tenant"];

it.each([
  ["", [...usual, labels, "--reset-values", ...from]],
  [", chartVersion: 1.4.x", [...usual, labels, "--reset-values", "--version=1.4.x", ...from]],
])("a chart of a repository: %s", (more, args) => expect(command(http + more).args).toEqual(args));

it("a chart of a registry", () => {
  const spec =
    "repositoryURL: oci://registry.example.com/charts/, chartName: tenant, registryCredentialsConfig: {plainHTTP: true}";
  expect(command(spec).args.slice(-4)).toEqual(["--plain-http", "--", "a", "oci://registry.example.com/charts/tenant"]);
});

it.each([
  ["{wait: true, waitForJobs: true, timeout: 2m}", ["--timeout=2m", "--wait", "--wait-for-jobs"]],
  ["{atomic: true}", ["--atomic"]],
  ["{skipCRDs: true, disableHooks: true}", ["--no-hooks", "--skip-crds"]],
  [
    "{upgradeOptions: {force: true, cleanupOnFail: true, maxHistory: 5}}",
    ["--history-max=5", "--cleanup-on-fail", "--force"],
  ],
  ["{upgradeOptions: {reuseValues: true}}", ["--reuse-values"]],
  ["{installOptions: {takeOwnership: true}}", ["--take-ownership"]],
  ["{description: --debug}", ["--description=--debug"]],
])("options %s", (options, flags) => {
  const { args } = command(`${http}, options: ${options}`);
  expect(args.filter((arg) => flags.includes(arg))).toEqual(flags);
});

it("installs nothing whose values are encrypted: it would go back to the chart's own", () => {
  const spec = `${http}, sealedValues: {stringData: {values.yaml: "ENC[AES256_GCM,data:x]"}, sops: {mac: x}}`;
  expect(() => command(spec)).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ code: "DELIVERY_IMPOSSIBLE" }) }),
  );
});

it("makes no Namespace where that is not wanted", () => {
  expect(command(`${http}, options: {installOptions: {createNamespace: false}}`).args).not.toContain(
    "--create-namespace",
  );
});

it("helm 4 has other names for some", () => {
  const { args } = command(
    `${http}, options: {atomic: true, upgradeOptions: {force: true}}`,
    {},
    { major: 4, minor: 0 },
  );
  expect(args).toEqual(expect.arrayContaining(["--rollback-on-failure", "--force-replace"]));
  expect(args).not.toContain("--atomic");
});

it("labels of ours that hold no more are taken away, and nobody's take their place", () => {
  const options = "options: {labels: {team: a, sluice.dev/part-of: mine, bad: 'x,sluice.dev/part-of=mine'}}";
  const { args } = command(`${http}, ${options}`, {
    "sluice.dev/left": "true",
    "sluice.dev/part-of": "set",
    other: "b",
  });
  expect(args).toContain("--labels=team=a,sluice.dev/part-of=set,sluice.dev/left=null");
});

it("a release is uninstalled as its chart said", () => {
  const options =
    "{timeout: 90s, uninstallOptions: {keepHistory: true, deletionPropagation: foreground, disableHooks: true}}";
  const said = command(`${http}, options: ${options}`).args.find((arg) => arg.startsWith("--labels="));
  const label = /sluice\.dev\/uninstall=([^,]*)/.exec(said ?? "")?.[1] ?? "";
  expect(label, "a label's value").toMatch(/^[a-z0-9]([\w.-]*[a-z0-9])?$/);
  const { args, durationMsMax } = uninstallCommand(
    { namespace: "tenants", name: "a" },
    new Map([["sluice.dev/uninstall", label]]),
  );
  const flags = ["--no-hooks", "--keep-history", "--cascade=foreground", "--timeout=90s"];
  expect(args).toEqual(["uninstall", "--namespace=tenants", ...flags, "--", "a"]);
  expect(durationMsMax).toBeGreaterThan(90_000);
});
