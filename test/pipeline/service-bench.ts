/**
 * The whole service over fakes: real decoding, matching, rendering, planning and branches; Git, streams, time and chance
 * are a test's. Several instances may run on one remote, one after the other or at once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog, CatalogSettings } from "../../src/model/catalog.ts";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { defaultGuard, type GuardSettings } from "../../src/model/mass-change.ts";
import { Branches } from "../../src/pipeline/branches/branches.ts";
import { writeCommitMessage } from "../../src/pipeline/commit-message.ts";
import type { ConfigSource } from "../../src/pipeline/loop/config-source.ts";
import type { LeadingOptions, LeadingSettings } from "../../src/pipeline/loop/in-force.ts";
import { Leading } from "../../src/pipeline/loop/leading.ts";
import type { OutcomeSettings } from "../../src/pipeline/outcomes/outcome-teller.ts";
import { readFolder } from "../../src/pipeline/read-folder.ts";
import { unitsOfFile } from "../../src/plan/hub-file.ts";
import type { EventStream } from "../../src/ports/event-stream.ts";
import { compileTemplate } from "../../src/render/compile-template.ts";
import { createFakeChance } from "../fakes/fake-chance.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import type { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../fakes/fake-git-repository.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { createFakeMetrics } from "../fakes/fake-metrics.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

export const stateBranch = "sluice/state";
export const renderSettings = { instance: "sluice", secrets: "refuse" } as const;

const { template: messageTemplate } = compileTemplate({
  text: readFileSync(join(findProjectRoot(), "templates/commit-message.tmpl"), "utf8"),
  engine: "go",
  file: "templates/commit-message.tmpl",
  part: "",
  line: 1,
  column: 1,
});

export const defaultOptions: LeadingOptions = {
  eventsMax: 1000,
  intervalMsMin: 0,
  lookMs: 10_000,
  per: "batch",
  layout: { shards: 0, buckets: 1 },
  outputPath: "rendered",
  guard: defaultGuard,
  records: "full",
  deadLettersMax: 100,
  render: renderSettings,
};

export interface InstanceOptions extends Partial<Omit<LeadingOptions, "guard">> {
  readonly guard?: GuardSettings;
  readonly remote: FakeGitRemote;
  readonly streams: readonly EventStream[];
  readonly clock?: FakeClock;
  readonly seed?: number;
  /** Where documents come from; default: the folder `config` of the target. */
  readonly config?: ConfigSource;
  /** What of the settings shapes the catalog. */
  readonly catalogSettings?: Partial<CatalogSettings>;
  /** `repository.branch`. */
  readonly target?: string;
  /** What is made for a hub; default: nothing. */
  readonly delivery?: HubDelivery;
  /** How the hub is looked at; default: not at all. */
  readonly openHub?: LeadingSettings["openHub"];
  /** Who is told what became of events; with it `outbox` is to be given. */
  readonly outcomes?: OutcomeSettings;
  /** The target is changed by review only. */
  readonly isReviewed?: true;
}

/** An instance of Sluice, not started yet, so that faults can be set up first. */
export function createInstance({
  remote,
  streams,
  clock: given,
  seed = 1,
  config,
  catalogSettings: settings,
  target = "main",
  delivery,
  openHub,
  outcomes,
  isReviewed,
  guard = defaultGuard,
  ...options
}: InstanceOptions) {
  const catalogSettings: CatalogSettings = {
    compatibility: "strict",
    checks: "refuse",
    policy: [],
    secrets: options.render?.secrets ?? renderSettings.secrets,
    guard,
    connectionClusters: new Map(),
    ...settings,
  };
  const git = new FakeGitRepository(remote);
  const clock = given ?? createFakeClock();
  clock.holdSleepers();
  const log = createFakeLog();
  const metrics = createFakeMetrics();
  const ports = { git, clock, chance: createFakeChance(seed), log };
  const { outputPath = "rendered" } = options;
  const deliveryPath = delivery === undefined ? {} : { deliveryPath: delivery.path };
  const names = { target, state: stateBranch, outputPath, ...deliveryPath, ...(isReviewed ? { isReviewed } : {}) };
  const branches = new Branches(names, ports, (changeSet) => writeCommitMessage(messageTemplate!, changeSet));
  const stop = new AbortController();
  const ready = { isReady: false };
  const catalogs = new Map<string, Catalog>();
  const revisions = new Map<string, string>();

  const load: LeadingSettings["loadCatalog"] = (files, previous, instead = {}) => {
    const { connectionClusters, ...shaping } = { ...catalogSettings, ...instead };
    const bus = connectionClusters.get("bus");
    const connection = { name: "bus", connectTo: new Map() };
    const checked = loadCatalog(files, {
      ...shaping,
      ...(bus === undefined ? {} : { connections: [{ connection, clusters: bus }] }),
      ...(previous === undefined ? {} : { previous }),
      ...(delivery === undefined ? {} : { delivery }),
    });
    catalogs.set(checked.value.revision, checked.value);
    revisions.set(keyOfTexts(files.map(({ text }) => text)), checked.value.revision);
    return checked;
  };
  const settingsAt = (path: string): Omit<LeadingSettings, "streams"> => ({
    options: { ...defaultOptions, guard, ...options, outputPath: path },
    config: config ?? targetConfig(git),
    loadCatalog: load,
    at: (place) => settingsAt(place.path),
  });

  async function run(): Promise<void> {
    const service = await Leading.start(
      {
        ...settingsAt(outputPath),
        ...ports,
        metrics,
        branches,
        streams,
        ...(outcomes === undefined ? {} : { outcomes }),
        ...(openHub === undefined ? {} : { openHub }),
        onReady: () => {
          ready.isReady = true;
        },
      },
      stop.signal,
    );
    instance.service = service;
    await service.run(stop.signal);
  }

  const instance = {
    git,
    clock,
    log,
    metrics,
    branches,
    ready,
    /** Those that it loaded, by revision. */
    catalogs,
    /** What it last made of documents, by their texts' key. */
    revisions,
    /** Once it is started. */
    service: undefined as Leading | undefined,
    /** Starts and runs; settled when it ended. */
    start(): Promise<void> {
      const running = run();
      // Looked at when the test gets there.
      running.catch(() => undefined);
      return running;
    },
    stop: () => stop.abort(),
  };
  return instance;
}

/** The same for the same documents, whatever their files are called. */
export function keyOfTexts(texts: readonly string[]): string {
  return JSON.stringify([...texts].sort());
}

export type Instance = ReturnType<typeof createInstance>;

/** The folder `config` of the target. */
export function targetConfig(git: FakeGitRepository): ConfigSource {
  return {
    version: async (target) => {
      const entry = target === undefined ? undefined : await git.findEntry(target, "config");
      return entry?.mode === "40000" ? entry.id : undefined;
    },
    read: async (target) => {
      const files = [];
      for await (const [path, text] of readFolder(git, target, "config")) files.push({ path, text });
      return files;
    },
  };
}

/** Lets everything happen that can without time passing. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets things happen, and time pass where nothing else does, until the condition holds. */
export async function until(condition: () => boolean, clocks: readonly FakeClock[] = [], stepMs = 500): Promise<void> {
  for (let round = 0; round < 2000; round++) {
    for (let turn = 0; turn < 10; turn++) {
      if (condition()) return;
      await turns(1);
    }
    for (const clock of clocks) clock.advance(stepMs);
  }
  throw new Error("it never comes to that");
}

/** A CloudEvent as a publisher sends it: structured JSON without headers. */
export function cloudEvent(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ specversion: "1.0", source: "auth", type: "login", id: "1", ...fields });
}

export const clusterDocument = (name: string, env = "production") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: ${name}, namespace: mgmt, labels: {env: ${env}}}
`;

export const eventSourceDocument = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: user}
spec:
  messagingMatchCriteria:
  - subject: user
`;

/** Creates its content on login and deletes it on logout. */
export const triggerDocument = (name: string, content: string, more = "") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: user
  oneForEvent: true
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
  policyRefs:
  - {name: ${content}, namespace: default, kind: ConfigMap}
${more}`;

/** Brings its content to production clusters, without any event. */
export const profileDocument = (
  name: string,
  content: string,
  more = "",
) => `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: ${name}}
spec:
  clusterSelector: {matchLabels: {env: production}}
  policyRefs:
  - {name: ${content}, namespace: default, kind: ConfigMap}
${more}`;

export const contentDocument = (name: string, manifest: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  manifest.yaml: |
${manifest.replace(/^(?=.)/gm, "    ")}
`;

/** A ConfigMap in `default`. */
export const configMap = (name: string, value: string) => `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  namespace: default
data:
  value: ${value}
`;

/** A namespace per subject on every production cluster. */
export const simpleConfig: Readonly<Record<string, string>> = {
  "config/clusters.yaml": clusterDocument("one"),
  "config/source.yaml": eventSourceDocument,
  "config/login.yaml": triggerDocument("login", "content"),
  "config/content.yaml": contentDocument(
    "content",
    configMap("{{ .CloudEvent.subject }}", "{{ .CloudEvent.data.value }}"),
  ),
};

/** What a hub is told, in this folder of a branch, a unit by the path that it is spoken of by. */
export function hubFiles(remote: FakeGitRemote, branch = "main", folder = "delivery"): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [path, text] of remote.files(branch, folder)) {
    const ofState = `delivery${path.slice(folder.length)}`;
    for (const [unit, one] of unitsOfFile(ofState, text)) files.set(folder + unit.slice("delivery".length), one);
  }
  return files;
}
