/**
 * Batches and chunks may be cut anywhere: a pass takes no time in effect, and ranks decide who stands where, whoever came
 * first. The same inputs in batches of 1, 7 and all, with chunks of 1, 7 and any number of pairs, give the same state.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { CountedEntities } from "../../src/pipeline/aggregates/counted-entities.ts";
import { StateOverlay } from "../../src/pipeline/dry-run/state-overlay.ts";
import { foldInputs } from "../../src/pipeline/fold-inputs.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import { readFolder } from "../../src/pipeline/read-folder.ts";
import { renderPendingChunk } from "../../src/pipeline/render-pending.ts";
import { rulesOf } from "../../src/pipeline/rules-of.ts";
import { affectedOwners } from "../../src/plan/affected-owners.ts";
import { emptyCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { behindPassRank, nextPassRank } from "../../src/plan/claims-file.ts";
import { keepWithdrawn } from "../../src/plan/keep-withdrawn.ts";
import { parseOwner } from "../../src/plan/owner-file.ts";
import { readOwnedPath } from "../../src/plan/paths.ts";
import { planCatalogChange } from "../../src/plan/plan-catalog-change.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import { casesOf } from "../tools/cases-of.ts";
import { clusterDocument, configMap, contentDocument, eventSourceDocument } from "./service-bench.ts";

const settings = { instance: "sluice", secrets: "refuse" } as const;

/** The events of one region are none of the trigger's in the other. */
const action = '{{ if eq .CloudEvent.data.region .Cluster.metadata.labels.region "" }}{{ .CloudEvent.type }}{{ end }}';
const everywhere = "{{ .CloudEvent.type }}";
const trigger = (name: string, content: string, more: string, on = everywhere) =>
  `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: user
  sourceClusterSelector: {matchLabels: {env: production}}
  cloudEventAction: '${on}'
  continueOnConflict: true
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${content}}]
${more}`;
const cluster = (name: string, env: string) =>
  clusterDocument(name, env).replace("labels: {", `labels: {region: ${name}, `);
const value = "{{ .CloudEvent.data.value }}";
const list = '"{{ range .CloudEvents }}{{ .subject }}={{ .data.value }} {{ end }}"';
const size = '"{{ len .CloudEvents }}"';
const own = configMap("own-{{ .CloudEvent.subject }}", value);
const team = own.replace("namespace: default", "namespace: team");
const shared = configMap("shared", value);
const space = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n";

/** What each part of the configuration may say; the first to begin with. */
const variants = {
  eu: ["production", "staging"].map((env) => cluster("eu", env)),
  us: [...["production", "staging"].map((env) => cluster("us", env)), ""],
  regional: [
    trigger("regional", "one", "", action.replace(' ""', "")),
    trigger("regional", "one", "", "Delete"),
    trigger("regional", "one", "  stopMatchingBehavior: LeavePolicies\n", action.replace(' ""', "")),
    "",
  ],
  first: [trigger("first", "two", ""), trigger("first", "two", "  tier: 50\n"), ""],
  second: [trigger("second", "three", ""), ""],
  together: [
    trigger("together", "all", "  oneForEvent: false\n"),
    trigger("together", "all", "  oneForEvent: false\n", action.replace(' ""', "")),
    trigger("together", "one", ""),
    "",
  ],
  all: [configMap("together", list), `${configMap("together", "same")}---\n${configMap("counted", size)}`],
  one: [`${own}---\n${shared}`, own, `${team}---\n${shared}`],
  two: [`${shared}---\n${team}`, team, shared],
  three: [`${shared}---\n${space}`, space],
} as const;
const contents = new Set(["all", "one", "two", "three"]);
type Part = keyof typeof variants;
type Choice = Readonly<Record<Part, number>>;

function catalogOf(choice: Choice, inForce: Catalog | undefined): Catalog {
  const texts = Object.entries(choice).map(([part, index]) => {
    const text = variants[part as Part][index % variants[part as Part].length]!;
    return contents.has(part) ? contentDocument(part, text) : text;
  });
  const text = [eventSourceDocument, ...texts].filter((one) => one !== "").join("---\n");
  const { value: catalog, problems } = loadCatalog([{ path: "all.yaml", text }], { compatibility: "strict" });
  const error = problems.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new Error(error.message);
  return keepWithdrawn(catalog, inForce);
}

type Step =
  | {
      readonly kind: "event";
      readonly subject: string;
      readonly type: string;
      readonly region: string;
      readonly value: string;
    }
  | { readonly kind: "config"; readonly change: Partial<Choice> };

interface Cuts {
  readonly batch: number;
  readonly pairs: number;
}

/** Documents and events in their order, on a state in memory. */
class Run {
  readonly #overlay = new StateOverlay(undefined);
  readonly #cuts: Cuts;
  readonly #counted = new CountedEntities();
  #checkpoint: Checkpoint = emptyCheckpoint;
  #catalog: Catalog | undefined;
  #choice: Choice = { eu: 0, us: 0, regional: 0, first: 0, second: 0, together: 0, all: 0, one: 0, two: 0, three: 0 };
  #sequence = 0;

  constructor(cuts: Cuts) {
    this.#cuts = cuts;
  }

  async play(steps: readonly Step[]): Promise<ReadonlyMap<string, string>> {
    await this.#putInForce({});
    let waiting: Delivery[] = [];
    for (const step of steps) {
      if (step.kind === "event") waiting.push(this.#deliveryOf(step));
      if (step.kind === "event" && waiting.length < this.#cuts.batch) continue;
      await this.#commit(waiting);
      waiting = [];
      if (step.kind !== "config") continue;
      // One change after the other: what a pass has not reached knows nothing of a change in between.
      await this.#drain();
      await this.#putInForce(step.change);
    }
    await this.#commit(waiting);
    await this.#drain();
    const files = new Map<string, string>();
    for await (const [path, text] of readFolder(this.#overlay, this.#overlay.tree, "")) files.set(path, text);
    files.delete("checkpoint.json");
    return files;
  }

  async #putInForce(change: Partial<Choice>): Promise<void> {
    this.#choice = { ...this.#choice, ...change };
    const catalog = catalogOf(this.#choice, this.#catalog);
    const owners = [];
    for await (const [path, text] of readFolder(this.#overlay, this.#overlay.tree, "owners"))
      owners.push(parseOwner(text, path));
    const paths: string[] = [];
    for await (const path of this.#overlay.listFiles(this.#overlay.tree, "config")) paths.push(path);
    const { pending, minutes, nextRank } = this.#checkpoint;
    const output = { stateId: "s", outputPath: "rendered", instance: "sluice" };
    const affected = affectedOwners(this.#catalog, catalog);
    const planned = planCatalogChange(catalog, { paths, owners, pending, minutes }, affected, output);
    const catalogRank = nextPassRank(nextRank);
    this.#catalog = catalog;
    const ranks = { catalogRank, nextRank: behindPassRank(catalogRank) };
    await this.#fold(planned.inputs, { pending: planned.pending, ...ranks });
  }

  /** A batch, behind a chunk of what is to be rendered again. */
  async #commit(deliveries: readonly Delivery[]): Promise<void> {
    const catalog = this.#catalog!;
    const scope = { git: this.#overlay, tree: this.#overlay.tree, catalog, settings, counted: this.#counted };
    const limits = { pairsMax: this.#cuts.pairs, bytesMax: Number.POSITIVE_INFINITY, recordsMax: this.#cuts.pairs };
    const { inputs, pending } = await renderPendingChunk(scope, this.#checkpoint.pending, limits);
    const rendered = deliveries.flatMap((delivery) => processDelivery(catalog, delivery, settings).inputs);
    await this.#fold([...inputs, ...rendered], { pending });
  }

  async #drain(): Promise<void> {
    for (let round = 0; round < 500; round++) {
      const { passes, reviews } = this.#checkpoint.pending;
      if (passes.length === 0 && reviews.length === 0) return;
      await this.#commit([]);
    }
    throw new Error("passes never end");
  }

  async #fold(inputs: readonly PlanInput[], change: Partial<Checkpoint>): Promise<void> {
    const catalog = this.#catalog!;
    const options = {
      layout: { shards: 0, buckets: 1 },
      records: "full",
      deadLettersMax: 10,
      instance: "sluice",
    } as const;
    const scope = {
      git: this.#overlay,
      tree: this.#overlay.tree,
      rules: rulesOf(options, catalog),
      catalog,
      settings,
      counted: this.#counted,
    };
    const { changeSet, checkpoint } = await foldInputs(scope, inputs, this.#checkpoint, {
      ...this.#checkpoint,
      ...change,
    });
    this.#checkpoint = checkpoint;
    this.#overlay.apply(changeSet.changes);
  }

  #deliveryOf({ subject, type, region, value: text }: Extract<Step, { kind: "event" }>): Delivery {
    const sequence = ++this.#sequence;
    const data = { region, value: text };
    const event = { specversion: "1.0", id: String(sequence), source: "auth", type, subject, data };
    const time = new Date(Date.UTC(2026, 0, 1) + sequence * 1000).toISOString();
    return {
      connection: "bus",
      stream: "bus/EVENTS",
      position: { epoch: "e", sequence, time },
      subject: "user",
      headers: new Map(),
      payload: new TextEncoder().encode(JSON.stringify(event)),
    };
  }
}

/**
 * What there is, wherever it stands: where one change takes an object from its owner and gives it to another, its place
 * depends on which of them the pass reached first.
 */
function placeless(files: ReadonlyMap<string, string>, folders: RegExp): Record<string, string> {
  const moved = [...files].map(([path, text]) => {
    const [root, namespace, name, ...below] = path.split("/");
    const file = root === "desired" ? readOwnedPath(below.join("/"))?.file : undefined;
    // A record's conflict tells the place. What all have together is claimed by the first event of a batch.
    const told = text.replace(/\(desired\/[^)]*\)/, "(its place)");
    const content = path.includes("/_all/") ? told.replace(/": \d+/g, '": 0') : told;
    return [file === undefined ? path : `${root}/${namespace}/${name}/${file}`, content] as const;
  });
  return Object.fromEntries(moved.filter(([path]) => folders.test(path)).sort());
}

const parts = Object.keys(variants) as Part[];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 7,
      arbitrary: fc.record({
        kind: fc.constant("event" as const),
        subject: fc.constantFrom("a", "b", "c"),
        type: fc.constantFrom("Create", "Create", "Create", "Delete"),
        region: fc.constantFrom("eu", "us"),
        value: fc.constantFrom("1", "2"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...parts), fc.nat({ max: 3 }))
        .map(([part, index]) => ({ kind: "config" as const, change: { [part]: index } })),
    },
  ),
  { minLength: 4, maxLength: 16 },
);

const ways: readonly Cuts[] = [
  { batch: 1, pairs: Number.POSITIVE_INFINITY },
  { batch: 1, pairs: 1 },
  { batch: 7, pairs: 1 },
  { batch: 7, pairs: 7 },
  { batch: Number.POSITIVE_INFINITY, pairs: 1 },
];

it("however inputs are cut into batches and chunks, the state comes out the same", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const [first, ...others] = ways;
      const wanted = await new Run(first!).play(all);
      for (const way of others) {
        const files = await new Run(way).play(all);
        const kept = /^(?:desired|records|owners|config)\//;
        expect(placeless(files, kept), JSON.stringify(way)).toEqual(placeless(wanted, kept));
      }
    }),
    { numRuns: casesOf(60) },
  );
});

it("a change that is taken back brings everything back, byte for byte", async () => {
  const changes = fc.tuple(fc.constantFrom(...parts), fc.integer({ min: 1, max: 3 }));
  await fc.assert(
    fc.asyncProperty(steps, changes, async (all, [part, index]) => {
      const events = all.filter(({ kind }) => kind === "event");
      const before = await new Run(ways[0]!).play(events);
      const there = { kind: "config", change: { [part]: index } } as const;
      const back = { kind: "config", change: { [part]: 0 } } as const;
      const after = await new Run(ways[0]!).play([...events, there, back]);
      expect(placeless(after, /^desired\//)).toEqual(placeless(before, /^desired\//));
    }),
    { numRuns: casesOf(60) },
  );
});
