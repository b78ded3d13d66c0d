/** What a trigger named `t` makes of one event on the one cluster `fleet/eu`, from documents in YAML. */
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { matchEvent } from "../../src/events/match-event.ts";
import type { ReceivedEvent } from "../../src/model/cloud-event.ts";
import { type Json, parseJson } from "../../src/model/json.ts";
import type { ClusterRendering } from "../../src/model/manifest.ts";
import type { PolicyRule } from "../../src/model/policy.ts";
import type { RenderSettings } from "../../src/render/render-spec.ts";
import { renderTrigger } from "../../src/render/render-trigger.ts";

export interface OneRendering {
  /** Without provenance and in their order; undefined where it failed, or was no Create. */
  readonly manifests: readonly string[] | undefined;
  readonly rendering: ClusterRendering;
  /** Errors and warnings of the documents. */
  readonly told: readonly string[];
}

const base = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec: {messagingMatchCriteria: [{subject: login}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: prod, size: small}}
spec: {kubeconfigName: secret-config}
---
`;

/** `spec`: the trigger's, without eventSourceName and selector; `documents`: what else there is. */
export function renderOne(
  spec: string,
  documents: string,
  data: unknown = { team: "red" },
  { policy = [], ...settings }: Partial<RenderSettings> & { readonly policy?: readonly PolicyRule[] } = {},
): OneRendering {
  const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: t}
spec:
  eventSourceName: login
  sourceClusterSelector: {matchLabels: {env: prod}}
${spec.replace(/^(?=.)/gm, "  ")}
---
`;
  const { value, problems } = loadCatalog([{ path: "a.yaml", text: `${base}${trigger}${documents}` }], {
    compatibility: "strict",
    policy,
  });
  const attributes = { id: "1", source: "/s", type: "x", subject: "alice" };
  const document = new Map<string, Json>([
    ["specversion", "1.0"],
    ...Object.entries(attributes),
    ["data", parseJson(JSON.stringify(data))],
  ]);
  const received: ReceivedEvent = {
    connection: "bus",
    event: { ...attributes, document },
    message: { subject: "login", headers: new Map(), stream: "bus/S", sequence: 1, time: "2026-01-01T00:00:00Z" },
  };
  const [match] = matchEvent(received, value).matches;
  const all: RenderSettings = { secrets: "plain", instance: "sluice", ...settings };
  const rendering = renderTrigger(value, match!.trigger, received, match!, "hash", all).renderings[0]!;
  return {
    rendering,
    manifests: rendering.action === "Create" ? rendering.manifests.map(({ text }) => text) : undefined,
    told: problems.map(({ code, severity, message }) => `${severity} ${code} ${message}`),
  };
}

/** Without what Sluice writes onto every object. */
export function withoutProvenance(text: string): string {
  return text
    .replace(/^ {4}(?:app\.kubernetes\.io\/managed-by|sluice\.dev\/\w+): .*\n/gm, "")
    .replace(/^ {2}(?:labels|annotations):\n(?! {4})/gm, "");
}
