/** Only what a change can affect is read and rendered again: one cluster's label among many clusters and triggers. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Json } from "../../src/model/json.ts";
import { triggerOwner } from "../../src/model/owner.ts";
import { CountedEntities } from "../../src/pipeline/aggregates/counted-entities.ts";
import { StateOverlay } from "../../src/pipeline/dry-run/state-overlay.ts";
import { chunkLimits, renderPendingChunk } from "../../src/pipeline/render-pending.ts";
import { affectedOwners } from "../../src/plan/affected-owners.ts";
import { hashEntity, recordPath } from "../../src/plan/paths.ts";
import { joinPass } from "../../src/plan/pending-work.ts";
import { writeRecord } from "../../src/plan/record-file.ts";
import { clusterDocument, configMap, contentDocument, eventSourceDocument, renderSettings } from "./service-bench.ts";

const [clusters, groups, triggers, entities] = [60, 10, 20, 5];

/** Each group of clusters has its triggers; every second one of these reads the region. */
function catalogOf(changedRegion: string) {
  const trigger = (n: number) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: t${n}}
spec:
  eventSourceName: user
  sourceClusterSelector: {matchLabels: {env: g${n % groups}}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${n < groups ? "region" : "name"}}]
`;
  const cluster = (n: number) =>
    clusterDocument(`c${n}`, `g${n % groups}`).replace("{env", `{region: ${n === 3 ? changedRegion : "eu"}, env`);
  const texts = [
    eventSourceDocument,
    contentDocument("region", configMap("{{ .CloudEvent.subject }}", "{{ .Cluster.metadata.labels.region }}")),
    contentDocument("name", configMap("{{ .CloudEvent.subject }}", "{{ .Cluster.metadata.name }}")),
    ...Array.from({ length: triggers }, (_, n) => trigger(n)),
    ...Array.from({ length: clusters }, (_, n) => cluster(n)),
  ];
  return loadCatalog([{ path: "all.yaml", text: texts.join("---\n") }], { compatibility: "strict" }).value;
}

it("a cluster's label: as many records and pairs as can be affected", async () => {
  const [before, after] = [catalogOf("eu"), catalogOf("us")];
  const state = new StateOverlay(undefined);
  for (let n = 0; n < triggers; n++) {
    for (let e = 0; e < entities; e++) {
      const owner = triggerOwner(`t${n}`);
      const entity = { connection: "bus", source: "auth", subject: `u${n}-${e}` };
      const attributes = { specversion: "1.0", id: "1", source: "auth", type: "login", subject: entity.subject };
      const event = { ...attributes, document: new Map<string, Json>(Object.entries(attributes)) };
      const time = "2026-01-01T00:00:00Z";
      const message = { subject: "user", headers: new Map(), stream: "bus/EVENTS", sequence: 1, time };
      const there = {
        event: 0,
        action: "Create",
        objects: new Map(),
        waiting: new Map(),
        withdrawn: new Map(),
      } as const;
      const on = Array.from(
        { length: clusters / groups },
        (_, k) => [`mgmt/c${(n % groups) + groups * k}`, there] as const,
      );
      const record = { owner, entity, events: [{ event, message }], clusters: new Map(on), changedAt: time };
      const path = recordPath(owner, hashEntity(entity));
      state.apply([{ action: "write", path, text: writeRecord(record) }]);
    }
  }
  const affected = affectedOwners(before, after);
  expect([...affected]).toEqual([["EventTrigger/t3", ["mgmt/c3"]]]);

  const owners = [...affected].map(([key, on]) => ({ owner: triggerOwner(key.split("/")[1]!), on }));
  const passes = owners.reduce(
    (all, { owner, on }) => joinPass(all, owner, on === "all" ? undefined : on),
    [] as ReturnType<typeof joinPass>,
  );
  const scope = {
    git: state,
    tree: state.tree,
    catalog: after,
    settings: renderSettings,
    counted: new CountedEntities(),
  };
  const { records, pairs, pending } = await renderPendingChunk(scope, { passes, reviews: [] }, chunkLimits);
  expect({ records, pairs, pending }).toEqual({
    records: entities,
    pairs: entities,
    pending: { passes: [], reviews: [] },
  });
});
