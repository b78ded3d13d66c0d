/**
 * Alerts, dashboard and metrics fit together: each alert fires at its fault and none on a service that is well, as
 * Prometheus itself judges them; each has its page; and nothing asks for a metric that is not there.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { createPromMetrics } from "../../src/adapters/system/prom-metrics.ts";
import type { HostSnapshot } from "../../src/app/host/host-snapshot.ts";
import { gaugesOf } from "../../src/app/http/host-gauges.ts";
import type { Inventory } from "../../src/pipeline/loop/inventory.ts";
import type { LeadingSnapshot } from "../../src/pipeline/loop/snapshot.ts";
import type { Metrics } from "../../src/ports/metrics.ts";
import { fullSnapshot } from "../app/http/page/page-fixture.ts";
import { readPage } from "../docs/pages.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const rulesFile = join(findProjectRoot(), "deploy", "prometheus", "alerts.yaml");
const rules = (
  parse(readFileSync(rulesFile, "utf8")) as {
    groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[];
  }
).groups[0]!.rules;
const dashboard = JSON.parse(readFileSync(join(findProjectRoot(), "deploy", "grafana", "sluice.json"), "utf8")) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const folder = mkdtempSync(join(tmpdir(), "sluice-prometheus-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

const wellLeading: LeadingSnapshot = {
  ...fullSnapshot.leading!,
  streams: [{ stream: "bus/EVENTS", state: "subscribed", pending: 0 }],
  held: [],
  heldPasses: [],
  failures: {},
};
const { refused: _, ...rest } = fullSnapshot;
const wellClusters = { current: 3, behind: 0, troubled: 0, lagMs: 0 };
const applier = { ...fullSnapshot.applier!, ...wellClusters, conflicts: 0, failed: 0, waiting: 0, fights: 0 };
const well: HostSnapshot = { ...rest, leading: wellLeading, applier };
const leads = { state: "leading", isLeader: true, isReady: true };
const problem = { code: "TARGET_MISSING", severity: "error", message: "" } as const;
const inventory: Inventory = {
  triggers: [{ name: "users", state: "in force" }],
  triggersCount: 1,
  clusters: [],
  clustersCount: 0,
};

/** The exposition of a service, with what it counted. */
async function expose(
  snapshot = well,
  health = leads,
  found = inventory,
  count: (metrics: Metrics) => void = () => undefined,
): Promise<string> {
  const metrics = createPromMetrics("1.2.3");
  metrics.count("sluice_deliveries_total", { connection: "bus" }, 100);
  metrics.count("sluice_events_total", { trigger: "users", result: "Create" }, 100);
  metrics.count("sluice_events_without_effect_total", { result: "unmatched" }, 1);
  metrics.count("sluice_pushes_total", { result: "pushed" }, 9);
  metrics.count("sluice_objects_total", { result: "create" }, 9);
  metrics.set("sluice_inbox_deliveries", {}, 0);
  metrics.observe("sluice_push_duration_seconds", 0.04);
  count(metrics);
  return metrics.text(gaugesOf(snapshot, health, found));
}

/** By alert, a service with the fault that it is for; `grows`: what the counters come to half way. */
const faults: Readonly<Record<string, () => Promise<{ readonly text: string; readonly grows?: string }>>> = {
  SluiceDown: async () => ({ text: "" }),
  SluiceNoLeader: async () => ({
    text: await expose({ version: "1", state: "starting" }, { state: "starting", isLeader: false, isReady: false }),
  }),
  SluiceTwoLeaders: async () => ({ text: `${await expose()}\nsluice_leader{instance="b"} 1\n` }),
  SluiceConnectionDegraded: async () => ({
    text: await expose({
      ...well,
      leading: { ...wellLeading, streams: [{ stream: "bus/EVENTS", state: "degraded", problem }] },
    }),
  }),
  SluiceLagging: async () => ({
    text: await expose({
      ...well,
      leading: { ...wellLeading, streams: [{ stream: "bus/EVENTS", state: "subscribed", pending: 5000 }] },
    }),
  }),
  SluicePushStuck: async () => ({
    text: await expose({ ...well, leading: { ...wellLeading, push: { milliseconds: 90_000 } } }),
  }),
  SluiceSettingsRefused: async () => ({ text: await expose({ ...well, refused: problem }) }),
  SluiceSomethingAbsent: async () => ({
    text: await expose({ ...well, leading: { ...wellLeading, absent: { target: problem } } }),
  }),
  SluiceClustersNotApplied: async () => ({
    text: await expose({ ...well, applier: { ...applier, current: 2, troubled: 1, lagMs: 400_000 } }),
  }),
  SluiceChangeHeld: async () => ({
    text: await expose({ ...well, leading: { ...wellLeading, held: fullSnapshot.leading!.held } }),
  }),
  SluiceOutcomesWaiting: async () => ({
    // Nothing was ever told: there is no such series.
    text: await expose({
      ...well,
      leading: { ...wellLeading, outcomes: { subject: "outcomes", waiting: 3, problem } },
    }),
  }),
  SluicePaused: async () => ({ text: await expose({ ...well, leading: { ...wellLeading, paused: true } }) }),
  SluiceTriggerBroken: async () => ({
    text: await expose(well, leads, { ...inventory, triggers: [{ name: "users", state: "broken", problem }] }),
  }),
  SluiceFailures: () => growing((metrics, by) => metrics.count("sluice_failures_total", { code: "NAME_INVALID" }, by)),
  SluiceFailureFlood: () =>
    growing((metrics, by) => {
      metrics.count("sluice_failures_total", { code: "EVENT_NOT_JSON" }, by);
      metrics.count("sluice_deliveries_total", { connection: "bus" }, by);
    }),
  SluiceNearMisses: () =>
    growing((metrics, by) => metrics.count("sluice_near_misses_total", { event_source: "login" }, by)),
};

async function growing(count: (metrics: Metrics, by: number) => void) {
  const text = (by: number) => expose(well, leads, inventory, (metrics) => count(metrics, by));
  return { text: await text(1), grows: await text(1000) };
}

/** The lines of an exposition as what promtool takes for series over three hours; what grows has grown half way. */
function toSeries(text: string, grows = text): { series: string; values: string }[] {
  const read = (from: string) =>
    new Map(
      [...from.matchAll(/^([a-z_]+(?:\{[^}]*\})?) ([0-9.e+-]+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
    );
  const later = read(grows);
  return [...read(text)].map(([series, value]) => ({ series, values: `${value}x170 ${later.get(series)}x10` }));
}

/** Whether Prometheus finds that none of these alerts fires: it complains of what it was not told to expect. */
function isQuiet(alerts: readonly string[], text: string, grows?: string): boolean {
  const file = join(folder, "test.yaml");
  const expected = alerts.map((alertname) => ({ eval_time: "178m", alertname, exp_alerts: [] }));
  const test = { interval: "1m", input_series: toSeries(text, grows), alert_rule_test: expected };
  writeFileSync(file, stringify({ rule_files: [rulesFile], evaluation_interval: "1m", tests: [test] }));
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  // A file that it can't use is no alert.
  if (status !== 0) expect(stdout + stderr).toContain("FAILED");
  return status === 0;
}

const exposition = await expose(fullSnapshot);
const known = new Set([...exposition.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name));
const namesIn = (expr: string) =>
  [...expr.matchAll(/\b(?:sluice|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));

it("alerts and panels ask for metrics that are there", () => {
  const asked = [
    ...rules.map(({ expr }) => expr),
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  expect(asked.flatMap(namesIn).filter((name) => !known.has(name))).toEqual([]);
});

it("docs/alerts.md has every alert and every metric, and no others", () => {
  const { text } = readPage("docs/alerts.md");
  const headings = [...text.matchAll(/^## (Sluice\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(rules.map(({ alert }) => alert));
  const documented = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name);
  expect(documented.sort()).toEqual([...known].filter((name) => name.startsWith("sluice_")).sort());
  expect(Object.keys(faults).sort()).toEqual(headings.sort());
});

it("the chart brings the same rules", () => {
  const ofChart = join(findProjectRoot(), "deploy", "helm", "sluice", "alerts.yaml");
  expect(readFileSync(ofChart, "utf8")).toBe(readFileSync(rulesFile, "utf8"));
});

it("no label holds what an event says", () => {
  const labels = new Set([...exposition.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
  expect(
    [...labels].filter(
      (label) => !["connection", "trigger", "code", "result", "event_source", "version", "le"].includes(label ?? ""),
    ),
  ).toEqual([]);
});

it("what is over is told no more", async () => {
  const metrics = createPromMetrics("1");
  const absent = { ...well, leading: { ...wellLeading, absent: { target: problem } } };
  expect(await metrics.text(gaugesOf(absent, leads, inventory))).toContain(
    'sluice_absent_parts{code="TARGET_MISSING"} 1',
  );
  expect(await metrics.text(gaugesOf(well, leads, inventory))).not.toContain("TARGET_MISSING");
});

describe.skipIf(!hasPromtool)("promtool", () => {
  it("takes the rules, the panels' expressions and the exposition", () => {
    execFileSync("promtool", ["check", "rules", rulesFile]);
    const panels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const recorded = panels.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$job", "sluice"),
    }));
    const file = join(folder, "panels.yaml");
    writeFileSync(file, stringify({ groups: [{ name: "panels", rules: recorded }] }));
    execFileSync("promtool", ["check", "rules", file]);
    const checked = spawnSync("promtool", ["check", "metrics"], { input: exposition, encoding: "utf8" });
    expect(checked.stderr + checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });

  it("fires nothing at a service that is well", async () => {
    const alerts = rules.map(({ alert }) => alert);
    expect(isQuiet(alerts, await expose())).toBe(true);
  });

  it.each(Object.entries(faults))("fires %s at its fault", async (alert, make) => {
    const { text, grows } = await make();
    expect(isQuiet([alert], text, grows)).toBe(false);
  });
});
