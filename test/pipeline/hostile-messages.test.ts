/**
 * 20,000 hostile messages, from decoding to the plan: each becomes events or a dead letter, none an exception, and none
 * holds up what follows. `SLUICE_HOSTILE_MESSAGES` says how many, for a soak.
 */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { CountedEntities } from "../../src/pipeline/aggregates/counted-entities.ts";
import { StateOverlay } from "../../src/pipeline/dry-run/state-overlay.ts";
import { foldInputs } from "../../src/pipeline/fold-inputs.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import { rulesOf } from "../../src/pipeline/rules-of.ts";
import { emptyCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import { createRandom } from "../chaos/random.ts";
import { renderSettings } from "./service-bench.ts";

const messages = Number(process.env.SLUICE_HOSTILE_MESSAGES ?? 20_000);
/** Each so many are planned together, on a state of their own. */
const plannedAtOnce = 500;
const layout = { shards: 0, buckets: 1 } as const;
const seed = Number(process.env.SLUICE_HOSTILE_SEED ?? 20261123);

const catalog = loadCatalog(
  [
    {
      path: "config.yaml",
      text: `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu-1, namespace: fleet, labels: {env: production}}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: all}
spec: {messagingMatchCriteria: [{cloudEventType: "[a-z]*"}, {subject: "x.*"}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: all}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: all
  oneForEvent: true
  cloudEventAction: '{{ if eq .CloudEvent.type "gone" }}Delete{{ else }}Create{{ end }}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: all}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: all, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  all.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{ dnsName .CloudEvent.subject }}
      labels: {about: {{ .CloudEvent.id }}}
    data:
      plain: {{ .CloudEvent.subject }}
      quoted: {{ quote .CloudEvent.subject }}
      all: {{ toJson .CloudEvent.data }}
`,
    },
  ],
  { compatibility: "strict" },
).value;

const pieces = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  ",",
  "null",
  "true",
  "1e999",
  "-0",
  "9007199254740993",
  "\\u0000",
  "\\ud800",
  "\u0000",
  "\ufeff",
  "\u2028",
  "<script>",
  "{{ .CloudEvent }}",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what Flux would substitute
  "${PATH}",
  "../../etc/passwd",
  "a\n---\nkind: Secret",
  "&a *a",
  "!!js/function",
  "%00",
  "__proto__",
  "constructor",
  "specversion",
  "1.0",
  "0.3",
  "source",
  "x".repeat(300),
  "-".repeat(5000),
  "yes",
  "~",
  "0x1f",
  "😀",
  "\r\n",
]; // prettier-ignore

const decoder = new TextEncoder();
const stretches = 10;
const growthBytesMax = 64 * 1024 * 1024;
const timeout = Math.max(600_000, messages * 20);

/** Plans them as one batch on an empty state, and looks at what it would write; how many files of each folder there are. */
async function plan(inputs: readonly PlanInput[], counts: Map<string, number>): Promise<void> {
  const overlay = new StateOverlay(undefined);
  const rules = rulesOf({ ...renderSettings, layout, records: "full", deadLettersMax: plannedAtOnce }, catalog);
  const counted = new CountedEntities();
  const scope = { git: overlay, tree: overlay.tree, rules, catalog, settings: renderSettings, counted };
  const { changeSet } = await foldInputs(scope, inputs, emptyCheckpoint, emptyCheckpoint);
  for (const change of changeSet.changes) {
    const { path, action } = change;
    const [folder = ""] = path.split("/");
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
    if (action !== "write") continue;
    if (folder === "records") parseRecord(change.text, path);
    else if (folder === "desired" && path.includes("/triggers/")) {
      const object = parse(change.text) as { readonly kind?: unknown; readonly metadata?: { readonly name?: unknown } };
      expect(object.kind, path).toBe("ConfigMap");
      expect(`${object.metadata?.name}.yaml`).toBe(path.split("/").at(-1));
    }
  }
}

it(`come to events or dead letters (SLUICE_HOSTILE_SEED=${seed})`, { timeout }, async () => {
  const random = createRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const text = () => Array.from({ length: Math.floor(random() * 4) }, () => pick(pieces)).join("");
  const json = (): unknown => (random() < 0.7 ? text() : random() < 0.5 ? [text(), random()] : { [text()]: text() });
  /** Good but for what people put into it. */
  const good = () => ({
    specversion: "1.0",
    id: pick(["1", "2"]),
    source: "/s",
    type: pick(["here", "here", "gone"]),
    subject: pick([text(), `user-${Math.floor(random() * 100)}`]),
    data: json(),
  });
  const event = () => (random() < 0.3 ? good() : bad());
  const bad = () => ({
    specversion: pick(["1.0", "1.0", "1.0", "0.3", 1, null]),
    id: pick(["1", text()]),
    source: pick(["/s", text()]),
    type: pick(["here", "gone", text()]),
    subject: pick([text(), text(), undefined]),
    time: pick([undefined, "2026-01-01T00:00:00Z", text()]),
    data: json(),
    [pick(["ext", text()])]: json(),
  });
  const headerSets = [
    [],
    [["content-type", "application/cloudevents+json"]],
    [["content-type", "application/cloudevents-batch+json"]],
    [
      ["ce-specversion", "1.0"],
      ["ce-id", text()],
      ["ce-source", text()],
      ["ce-type", "here"],
      ["ce-subject", text()],
    ],
    [
      ["Content-Type", text()],
      ["ce-specversion", text()],
    ],
  ] as const;
  const payload = (): Uint8Array => {
    const kind = random();
    if (kind < 0.5) return decoder.encode(JSON.stringify(event()));
    if (kind < 0.6) return decoder.encode(JSON.stringify([event(), event()]));
    if (kind < 0.8) return decoder.encode(text());
    // A good event with one byte turned over.
    const bytes = decoder.encode(JSON.stringify(event()));
    if (kind < 0.95 && bytes.length > 0) bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
    return kind < 0.95 ? bytes : Uint8Array.from({ length: 40 }, () => Math.floor(random() * 256));
  };

  const codes = new Map<string, number>();
  const planned = new Map<string, number>();
  let together: PlanInput[] = [];
  /** The smallest heap of each stretch, in bytes: what is left when all that can go has gone. */
  const heaps: number[] = [];
  for (let sequence = 1; sequence <= messages; sequence++) {
    const delivery: Delivery = {
      connection: "bus",
      stream: "bus/S",
      position: { epoch: "e", sequence, time: "2026-01-01T00:00:00Z" },
      subject: pick(["x.y", text() || "x"]),
      headers: new Map(pick(headerSets).map(([name, value]) => [name, [value]])),
      payload: payload(),
    };
    const { inputs, problems } = processDelivery(catalog, delivery, {
      instance: "sluice",
      secrets: "refuse",
    });
    for (const { code, message } of problems) {
      expect(code, `${sequence}: ${message}`).not.toBe("INTERNAL");
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    for (const input of inputs) codes.set(input.kind, (codes.get(input.kind) ?? 0) + 1);
    together.push(...inputs);
    if (sequence % plannedAtOnce !== 0) continue;
    await plan(together, planned);
    together = [];
    const stretch = Math.floor((sequence - 1) / (messages / stretches));
    heaps[stretch] = Math.min(heaps[stretch] ?? Number.POSITIVE_INFINITY, process.memoryUsage().heapUsed);
    if (messages > 20_000 && sequence % (messages / stretches) === 0) {
      console.log(JSON.stringify({ sequence, ...Object.fromEntries([...codes, ...planned]), heaps }));
    }
  }
  // The mixture has to be one: everything must have happened often.
  for (const kind of ["entity", "dead-letter", "EVENT_NOT_JSON", "EVENT_INVALID", "EVENT_VERSION"]) {
    expect(codes.get(kind) ?? 0, kind).toBeGreaterThan(messages / 200);
  }
  for (const folder of ["records", "desired", "dead-letters"]) {
    expect(planned.get(folder) ?? 0, folder).toBeGreaterThan(messages / 500);
  }
  const [first = 0] = heaps.slice(1);
  expect(heaps.at(-1)! - first, "bytes that stay").toBeLessThan(growthBytesMax);
});
