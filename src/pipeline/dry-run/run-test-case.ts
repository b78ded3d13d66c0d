/** Runs one test of templates: its events onto an empty repository, and what came of it against what is expected. */
import { readCluster } from "../../config/read-cluster.ts";
import type { Catalog } from "../../model/catalog.ts";
import { type Cluster, clusterKey } from "../../model/cluster.ts";
import type { Delivery } from "../../model/delivery.ts";
import { isJsonObject, type JsonObject, writeJson } from "../../model/json.ts";
import { triggerOwner } from "../../model/owner.ts";
import { formatPlace, formatProblem, isSourcePlace, type Problem } from "../../model/problem.ts";
import { failuresOf } from "../../model/record.ts";
import type { ExpectedFailure, ExpectedManifest, TestCase } from "../../model/template-test.ts";
import { emptyCheckpoint } from "../../plan/checkpoint-file.ts";
import { parseDeadLetter } from "../../plan/dead-letter-file.ts";
import {
  chartsFolder,
  deadLettersFolder,
  desiredFolder,
  layOutPath,
  objectPath,
  ownerFolderName,
  readOwnedPath,
  recordsFolder,
  targetPath,
} from "../../plan/paths.ts";
import { splitProvenance } from "../../plan/provenance.ts";
import { parseRecord } from "../../plan/record-file.ts";
import { readManifests } from "../../render/read-manifests.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { readFolder } from "../read-folder.ts";
import { makeShownHunks } from "./compare.ts";
import { splitLines } from "./diff-lines.ts";
import { Fold } from "./fold.ts";
import { Mask } from "./mask.ts";
import { readPath } from "./object-path.ts";
import type { StateOverlay } from "./state-overlay.ts";
import { writeChange } from "./write-report.ts";

export interface TestScope {
  readonly catalog: Catalog;
  readonly render: RenderSettings;
  readonly outputPath: string;
  readonly shards: number;
}

export interface TestCaseResult {
  readonly name: string;
  /** What is not as expected, each as text for people; none: the case passed. */
  readonly faults: readonly string[];
}

/** `files`: what the case's folder holds, by path below it; undefined where the case lists manifests. */
export async function runTestCase(
  testCase: TestCase,
  deliveries: readonly Delivery[],
  files: ReadonlyMap<string, string> | undefined,
  scope: TestScope,
): Promise<TestCaseResult> {
  const catalog = withClusters(scope.catalog, testCase.clusters);
  const checkpoint = { ...emptyCheckpoint, layout: { shards: scope.shards, buckets: 1 } };
  const fold = new Fold(undefined, checkpoint, {
    records: "full",
    render: scope.render,
    entitiesMax: 0,
    outputPath: scope.outputPath,
  });
  await fold.receive(catalog, deliveries);
  const { overlay } = fold;

  const rendered = new Map<string, string>();
  for await (const [path, text] of readFolder(overlay, overlay.tree, desiredFolder)) rendered.set(path, text);
  const faults: string[] = [];
  if (files !== undefined) {
    for await (const [path, text] of readFolder(overlay, overlay.tree, chartsFolder)) rendered.set(path, text);
    faults.push(...compareFiles(files, rendered, scope.outputPath));
  } else faults.push(...compareManifests(testCase.manifests ?? [], rendered, catalog));
  faults.push(...compareFailures(testCase.failures, await readFailures(overlay)));
  return { name: testCase.name, faults };
}

function withClusters(catalog: Catalog, documents: readonly JsonObject[] | undefined): Catalog {
  if (documents === undefined) return catalog;
  const clusters = new Map<string, Cluster>();
  for (const document of documents) {
    const metadata = document.get("metadata");
    const text = (key: string) => String((isJsonObject(metadata) ? metadata.get(key) : undefined) ?? "");
    const cluster = readCluster({
      kind: String(document.get("kind")),
      namespace: text("namespace"),
      name: text("name"),
      value: document,
    });
    clusters.set(clusterKey(cluster), cluster);
  }
  return { ...catalog, clusters };
}

function compareFiles(
  files: ReadonlyMap<string, string>,
  rendered: ReadonlyMap<string, string>,
  outputPath: string,
): readonly string[] {
  return differences(files, new Map([...rendered].map(([path, text]) => [targetPath(path, outputPath), text])));
}

/** Manifests are compared without whose they are, which nobody wants to write down; Namespaces that Sluice adds are not listed. */
function compareManifests(
  manifests: readonly ExpectedManifest[],
  rendered: ReadonlyMap<string, string>,
  catalog: Catalog,
): readonly string[] {
  const faults: string[] = [];
  const expected = new Map<string, string>();
  for (const { cluster, object, at } of manifests) {
    // The reader of templates' output also reads this, so that strings are strings here where they are there.
    const source = { text: writeJson(object), engine: "go" as const, part: "", ...at };
    const options = {
      provenance: { owner: "", entity: "", instance: "" },
      extraLabels: new Map(),
      extraAnnotations: new Map(),
    };
    const { value, problems } = readManifests({ text: source.text, printed: [] }, source, options);
    for (const problem of problems) faults.push(`${formatProblem({ ...problem, at })}\n`);
    for (const { identity, text } of value) {
      for (const key of cluster === undefined ? catalog.clusters.keys() : [cluster])
        expected.set(objectPath(key, nobody, identity, plainLayout), bareOf(text));
    }
  }
  const actual = new Map<string, string>();
  for (const [path, text] of rendered) {
    const { trigger } = readPath(path);
    if (trigger === "") continue;
    actual.set(withoutOwner(path), bareOf(text));
  }
  return [...faults, ...differences(expected, actual)];
}

/** Stands for any owner: an object is compared wherever it stands. */
const nobody = triggerOwner("-");
const plainLayout = { shards: 0, buckets: 1 };

/** The path that the object would have under that owner. */
function withoutOwner(path: string): string {
  const [root, namespace, cluster, ...below] = path.split("/");
  const owned = readOwnedPath(below.join("/"));
  if (owned === undefined) return path;
  const moved = layOutPath(
    { ...owned, kind: nobody.kind, ownerFolder: ownerFolderName(nobody, `${namespace}/${cluster}`) },
    plainLayout,
  );
  return [root, namespace, cluster, moved].join("/");
}

/** Without whose it is. */
function bareOf(text: string): string {
  return splitProvenance(text).bare;
}

function differences(expected: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string>): readonly string[] {
  const mask = new Mask([], true).of({ events: [], names: [] });
  return [...new Set([...expected.keys(), ...actual.keys()])].sort().flatMap((path) => {
    const [want, have] = [expected.get(path), actual.get(path)];
    if (want === have) return [];
    const { cluster, trigger, object } = readPath(path);
    const what = want === undefined ? "is not expected" : have === undefined ? "is missing" : "differs";
    const hunks = makeShownHunks(splitLines(want ?? ""), splitLines(have ?? ""), mask);
    const action = want === undefined ? "create" : have === undefined ? "delete" : "update";
    const change = { action, path, cluster, trigger, object, hunks } as const;
    const patch = writeChange(change).split("\n").slice(3).join("\n");
    return [`${object} on ${cluster} ${what}\n--- expected\n+++ rendered\n${patch}`];
  });
}

interface ActualFailure {
  readonly problem: Problem;
  readonly cluster?: string;
  readonly trigger?: string;
}

async function readFailures(overlay: StateOverlay): Promise<readonly ActualFailure[]> {
  const failures: ActualFailure[] = [];
  for await (const [path, text] of readFolder(overlay, overlay.tree, recordsFolder)) {
    const record = parseRecord(text, path);
    for (const [cluster, problem] of failuresOf(record)) {
      failures.push({ problem, cluster, trigger: record.owner.name });
    }
  }
  for await (const [path, text] of readFolder(overlay, overlay.tree, deadLettersFolder))
    failures.push({ problem: parseDeadLetter(text, path).problem });
  return failures;
}

/** An expectation without a cluster stands for the failure on any number of clusters. */
function compareFailures(expected: readonly ExpectedFailure[], actual: readonly ActualFailure[]): readonly string[] {
  const faults: string[] = [];
  for (const failure of actual) {
    if (!expected.some((one) => isExpected(one, failure))) {
      const where = failure.cluster === undefined ? "" : ` on ${failure.cluster}`;
      faults.push(`a failure${where} is not expected\n${formatProblem(failure.problem)}\n`);
    }
  }
  for (const one of expected) {
    if (!actual.some((failure) => isExpected(one, failure)))
      faults.push(`there is no failure ${[one.code, one.trigger, one.cluster, one.at].filter(Boolean).join(" ")}\n`);
  }
  return faults;
}

function isExpected(expected: ExpectedFailure, { problem, cluster, trigger }: ActualFailure): boolean {
  const place = problem.at === undefined ? "" : formatPlace(problem.at);
  const at = problem.at !== undefined && isSourcePlace(problem.at) ? place.replace(/:[0-9]+$/, "") : place;
  return (
    expected.code === problem.code &&
    (expected.cluster === undefined || expected.cluster === cluster) &&
    (expected.trigger === undefined || expected.trigger === trigger) &&
    (expected.at === undefined || expected.at === at)
  );
}
