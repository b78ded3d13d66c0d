/** 20,000 hostile messages: each becomes events or a dead letter, none an exception, and none holds up what follows. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import { createRandom } from "../chaos/random.ts";

const messages = 20_000;
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

it(`come to events or dead letters (SLUICE_HOSTILE_SEED=${seed})`, () => {
  const random = createRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const text = () => Array.from({ length: Math.floor(random() * 4) }, () => pick(pieces)).join("");
  const json = (): unknown => (random() < 0.7 ? text() : random() < 0.5 ? [text(), random()] : { [text()]: text() });
  const event = () => ({
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
  }
  // The mixture has to be one: everything must have happened often.
  for (const kind of ["entity", "dead-letter", "EVENT_NOT_JSON", "EVENT_INVALID", "EVENT_VERSION"]) {
    expect(codes.get(kind) ?? 0, kind).toBeGreaterThan(messages / 200);
  }
});
