/**
 * `npm run bench -- matching`: one event against 10,000 EventSources that tell it apart by a pattern in its subject, or in
 * its source, against the same with 100 of them. Subjects differ from event to event, so that nothing is remembered.
 */
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { matchEvent } from "../../src/events/match-event.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { ReceivedEvent } from "../../src/model/cloud-event.ts";
import type { Json } from "../../src/model/json.ts";
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";

const fields = ["cloudEventSubject", "cloudEventSource", "subject"] as const;
type Field = (typeof fields)[number];

export async function benchMatching({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const events = isQuick ? 2000 : 10_000;
  return fields.map((field) => {
    const few = microsecondsPerEvent(makeCatalog(100, field), field, events);
    const many = microsecondsPerEvent(makeCatalog(10_000, field), field, events);
    return {
      name: `matching, 10,000 EventSources with a pattern in ${field}`,
      ratio: many / few,
      goal: { atMost: 10 },
      detail: `${formatNumber(many)} µs an event, ${formatNumber(few)} µs with 100`,
    };
  });
}

function makeCatalog(count: number, field: Field): Catalog {
  const documents = Array.from(
    { length: count },
    (_, index) =>
      `{"apiVersion": "lib.projectsveltos.io/v1beta1", "kind": "EventSource", "metadata": {"name": "s${index}"}, ` +
      `"spec": {"messagingMatchCriteria": [{"${field}": "tenant-${index}[./].*"}]}}`,
  );
  return loadCatalog([{ path: "a.yaml", text: documents.join("\n---\n") }], { compatibility: "strict" }).value;
}

function microsecondsPerEvent(catalog: Catalog, field: Field, events: number): number {
  const turn = () => {
    const startedAt = performance.now();
    for (let number = 0; number < events; number++) {
      const found = matchEvent(makeEvent(`tenant-${number % 100}.user-${number}`, field), catalog);
      if (found.nearMisses.length > 0) throw new Error("nothing is near");
    }
    return ((performance.now() - startedAt) / events) * 1000;
  };
  return Math.min(turn(), turn(), turn());
}

function makeEvent(value: string, field: Field): ReceivedEvent {
  const values = { cloudEventSubject: "a", cloudEventSource: "/a", subject: "a", [field]: value };
  const attributes = { id: "1", source: values.cloudEventSource, type: "t", subject: values.cloudEventSubject };
  const document = new Map<string, Json>(Object.entries(attributes));
  const message = {
    subject: values.subject,
    headers: new Map(),
    stream: "b/S",
    sequence: 1,
    time: "2026-01-01T00:00:00Z",
  };
  return { connection: "b", event: { ...attributes, document }, message };
}
