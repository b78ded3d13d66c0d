/**
 * 20,000 hostile messages, from decoding to the plan: each becomes a dead letter, a failed record with a reason, or a
 * valid effect; none an exception, and none holds up what follows. `SLUICE_HOSTILE_MESSAGES` says how many (tens of
 * thousands), for a soak.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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
import { parseDeadLetter } from "../../src/plan/dead-letter-file.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import { createRandom } from "../chaos/random.ts";
import { createHostileMessages, type HostileMessage, messageKinds } from "../tools/hostile-messages.ts";
import { renderSettings } from "./service-bench.ts";

const messages = Number(process.env.SLUICE_HOSTILE_MESSAGES ?? 20_000);
/** Each so many are planned together, on a state of their own. */
const plannedAtOnce = 500;
const layout = { shards: 0, buckets: 1 } as const;
const seed = Number(process.env.SLUICE_HOSTILE_SEED ?? 20261123);
const stretches = 10;
const growthBytesMax = 8 * 1024 * 1024;
/** A file of a message of at most 1 MiB: control characters are escaped in JSON, and what nests is indented. */
const fileBytesMax = 16 * 1024 * 1024;
const timeout = Math.max(600_000, messages * 20);

const trigger = (name: string, subject: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${name}}
spec: {messagingMatchCriteria: [${subject === "" ? "{}" : `{subject: '${subject}'}`}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: ${name}
  oneForEvent: true
  cloudEventAction: '{{ if eq .CloudEvent.type "gone" }}Delete{{ else if ne .CloudEvent.type "blank" }}Create{{ end }}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${name}}]
---
`;

const catalog = loadCatalog(
  [
    {
      path: "config.yaml",
      text: `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu-1, namespace: fleet, labels: {env: production}}
---
${trigger("all", "")}${trigger("bars", "h.*")}${trigger("parts", "z.*")}${trigger("flow", "f.*")}apiVersion: v1
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
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: bars
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok, sluice.dev/engine: handlebars}
data:
  all.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "bars-{{ CloudEvent.id }}"}
    data:
      subject: {{ CloudEvent.subject }}
      {{#each CloudEvent.data}}
      "k{{ @index }}": "{{ this }}"
      {{/each}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flow, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  all.yaml: |
    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: flow-{{ .CloudEvent.id }}}
    spec: {{ toJson .CloudEvent.data }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: parts, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  all.yaml: |
    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: parts-{{ .CloudEvent.id }}}
    spec:
      subject: {{ .Message.subject | quote }}
      month: {{ .CloudEvent.time | default "2026" | trunc 7 }}
      parts:
    {{ toYaml .CloudEvent.data | indent 4 }}
      names:
    {{- range $name, $value := .CloudEvent.data }}
      - {{ $name }}: {{ $value }}
    {{- end }}
`,
    },
  ],
  { compatibility: "strict" },
).value;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const counts = new Map<string, number>();
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);

/** Plans them as one batch on an empty state, and reads what it would write as the next batch would. */
async function plan(inputs: readonly PlanInput[]): Promise<void> {
  const overlay = new StateOverlay(undefined);
  const rules = rulesOf({ ...renderSettings, layout, records: "full", deadLettersMax: plannedAtOnce * 5 }, catalog);
  const counted = new CountedEntities();
  const scope = { git: overlay, tree: overlay.tree, rules, catalog, settings: renderSettings, counted };
  const { changeSet } = await foldInputs(scope, inputs, emptyCheckpoint, emptyCheckpoint);
  for (const change of changeSet.changes) {
    const { path, action } = change;
    const [folder = ""] = path.split("/");
    if (action !== "write") continue;
    count(folder);
    expect(change.text.length, path).toBeLessThan(fileBytesMax);
    if (folder === "dead-letters") expect(parseDeadLetter(change.text, path).problem.message).not.toBe("");
    else if (folder === "records") {
      for (const { failure, objects, action } of parseRecord(change.text, path).clusters.values()) {
        expect(failure === undefined ? objects.size > 0 || action === "Delete" : failure.message !== "", path).toBe(
          true,
        );
      }
    } else if (folder === "desired" && path.includes("/triggers/")) {
      const object = parse(change.text) as { readonly kind?: unknown; readonly metadata?: { readonly name?: unknown } };
      expect(["ConfigMap", "Widget"], path).toContain(object.kind);
      expect(`${object.metadata?.name}.yaml`).toBe(path.split("/").at(-1));
    }
  }
}

/** What becomes of a message, each by name; nothing else may. */
function lookAt(message: HostileMessage, sequence: number): readonly PlanInput[] {
  const { kind, subject, headers, payload } = message;
  const position = { epoch: "e", sequence, time: "2026-01-01T00:00:00Z" };
  const delivery: Delivery = { connection: "bus", stream: "bus/S", position, subject, headers, payload };
  const { inputs, problems, marker } = processDelivery(catalog, delivery, renderSettings);
  count(kind);
  for (const { code, message } of problems) {
    if (code === "INTERNAL") expect.fail(`${sequence}: ${message}`);
    count(code);
  }
  for (const input of inputs) {
    if (input.kind !== "entity") count(input.kind);
    else for (const { action } of input.renderings) count(action);
  }
  if (marker !== undefined) count("no event");
  else if (inputs.length === 0) {
    expect(new TextDecoder().decode(payload).replaceAll(/\s/g, ""), `${sequence}: of no effect`).toBe("[]");
  }
  return inputs;
}

it(`come to events or dead letters (SLUICE_HOSTILE_SEED=${seed})`, { timeout }, async () => {
  const next = createHostileMessages(createRandom(seed));
  let together: PlanInput[] = [];
  /** The heap behind each stretch, in bytes: what is left when all that can go has gone. */
  const heaps: number[] = [];
  const slowest = { milliseconds: 0, sequence: 0, kind: "" };
  for (let sequence = 1; sequence <= messages; sequence++) {
    const message = next();
    const from = performance.now();
    together.push(...lookAt(message, sequence));
    const milliseconds = Math.round(performance.now() - from);
    if (milliseconds > slowest.milliseconds) Object.assign(slowest, { milliseconds, sequence, kind: message.kind });
    if (sequence % plannedAtOnce !== 0) continue;
    await plan(together);
    together = [];
    if (sequence % (messages / stretches) !== 0) continue;
    collectGarbage();
    const { heapUsed, rss } = process.memoryUsage();
    heaps.push(heapUsed);
    if (messages > 20_000)
      console.log(JSON.stringify({ sequence, ...Object.fromEntries(counts), heaps, rss, slowest }));
  }
  // The mixture has to be one: everything must have happened often.
  for (const kind of messageKinds) expect(counts.get(kind) ?? 0, kind).toBeGreaterThan(messages / 3000);
  for (const what of ["Create", "Delete", "fail", "dead-letter", "EVENT_NOT_JSON", "EVENT_INVALID", "EVENT_VERSION"]) {
    expect(counts.get(what) ?? 0, what).toBeGreaterThan(messages / 200);
  }
  for (const folder of ["records", "desired", "dead-letters"]) {
    expect(counts.get(folder) ?? 0, folder).toBeGreaterThan(messages / 500);
  }
  const [first = 0] = heaps.slice(1);
  expect(heaps.at(-1)! - first, "bytes that stay").toBeLessThan(growthBytesMax);
});
