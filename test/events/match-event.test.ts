import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { matchEvent } from "../../src/events/match-event.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { ReceivedEvent } from "../../src/model/cloud-event.ts";
import type { LabelSelector } from "../../src/model/cluster.ts";
import type { Json } from "../../src/model/json.ts";

const lib = "apiVersion: lib.projectsveltos.io/v1beta1";

/** clusters("fv-1 env=fv", …): SveltosClusters of namespace `fleet` with labels. */
function clusters(...lines: string[]): string {
  return lines
    .map((line) => {
      const [name, ...labels] = line.split(" ");
      return `${lib}\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet, labels: {${labels.join(", ").replaceAll("=", ": ")}}}`;
    })
    .join("\n---\n");
}

const source = (name: string, criteria: string): string =>
  `${lib}\nkind: EventSource\nmetadata: {name: ${name}}\nspec: {messagingMatchCriteria: [${criteria}]}`;
const trigger = (name: string, spec: string): string =>
  `${lib}\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec: {${spec}}`;
const clusterSet = (name: string, spec: string): string =>
  `${lib}\nkind: ClusterSet\nmetadata: {name: ${name}}\nspec: {${spec}}`;

function catalogOf(documents: string[], connectionClusters?: LabelSelector): Catalog {
  const connection = { name: "bus", connectTo: new Map<string, string>() };
  const { value, problems } = loadCatalog([{ path: "a.yaml", text: documents.join("\n---\n") }], {
    compatibility: "strict",
    connections: [{ connection, ...(connectionClusters === undefined ? {} : { clusters: connectionClusters }) }],
  });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return value;
}

function event(given: Partial<Record<"type" | "source" | "subject" | "on", string>> = {}): ReceivedEvent {
  const { type = "login", source: from = "auth.example.com", subject = "alice", on = "users.login" } = given;
  const document = new Map<string, Json>([
    ["type", type],
    ["source", from],
    ["subject", subject],
  ]);
  return {
    connection: "bus",
    event: { id: "1", source: from, type, subject, document },
    message: { subject: on, headers: new Map(), stream: "bus/USERS", sequence: 1, time: "2025-01-01T00:00:00Z" },
  };
}

/** `trigger: cluster cluster` of each match. */
function matchesOf(received: ReceivedEvent, catalog: Catalog): string[] {
  const { matches } = matchEvent(received, catalog);
  return matches.map((match) => `${match.trigger.name}: ${match.clusters.map(({ name }) => name).join(" ")}`.trim());
}

const fleet = clusters("a env=fv", "b env=fv zone=eu", "c env=prod", "d");

describe("criteria", () => {
  const cases: [name: string, criteria: string, received: ReceivedEvent, outcome: "matched" | "near" | "none"][] = [
    ["an empty one takes everything", "{}", event(), "matched"],
    ["no criteria take nothing", "", event(), "none"],
    ["all fields of one must match", "{subject: users.login, cloudEventType: logout}", event(), "none"],
    [
      "all fields of one match",
      "{subject: users.login, cloudEventSource: auth.example.com, cloudEventType: login, cloudEventSubject: ali.*}",
      event(),
      "matched",
    ],
    ["any criterion suffices", "{cloudEventType: logout}, {cloudEventType: login}", event(), "matched"],
    ["the message's own subject is matched, not a wildcard", '{subject: "users.*"}', event(), "matched"],
    ["a part is near", "{subject: users}", event(), "near"],
    ["near in one field and none in another is none", "{subject: users, cloudEventType: logout}", event(), "none"],
    [
      "near by one and matched by another is matched",
      "{cloudEventSource: auth}, {cloudEventSource: auth.*}",
      event(),
      "matched",
    ],
    ["an absent subject is the empty string", '{cloudEventSubject: "a?"}', event({ subject: "" }), "matched"],
    ["an empty pattern is no pattern", '{subject: ""}', event(), "matched"],
  ];
  for (const [name, criteria, received, outcome] of cases) {
    it(name, () => {
      const catalog = catalogOf([source("s", criteria), trigger("t", "eventSourceName: s"), fleet]);
      const { matches, nearMisses } = matchEvent(received, catalog);
      expect(matches.length).toBe(outcome === "matched" ? 1 : 0);
      expect(nearMisses.map((near) => near.name)).toEqual(outcome === "near" ? ["s"] : []);
      // The second time it comes out of memory.
      expect(matchEvent(received, catalog)).toEqual(matchEvent(received, catalog));
    });
  }
});

describe("clusters", () => {
  const sets = [
    clusterSet("prod", "clusterSelector: {matchLabels: {env: prod}}"),
    clusterSet("named", "clusterRefs: [{namespace: fleet, name: d}, {namespace: other, name: a}]"),
    clusterSet("empty", ""),
  ];
  const cases: [spec: string, clusters: string][] = [
    ["", "a b c d"],
    ["sourceClusterSelector: {}", "a b c d"],
    ["sourceClusterSelector: {matchLabels: {env: fv}}", "a b"],
    ["sourceClusterSelector: {matchLabels: {env: fv, zone: eu}}", "b"],
    ["sourceClusterSelector: {matchLabels: {env: none}}", ""],
    ["sourceClusterSelector: {matchExpressions: [{key: env, operator: In, values: [prod, x]}]}", "c"],
    ["sourceClusterSelector: {matchExpressions: [{key: env, operator: NotIn, values: [fv]}]}", "c d"],
    ["sourceClusterSelector: {matchExpressions: [{key: zone, operator: Exists}]}", "b"],
    ["sourceClusterSelector: {matchExpressions: [{key: env, operator: DoesNotExist}]}", "d"],
    ["sourceClusterSelector: {matchLabels: {env: fv}, matchExpressions: [{key: zone, operator: DoesNotExist}]}", "a"],
    ["clusterSetRefs: [prod]", "c"],
    ["clusterSetRefs: [named, prod]", "c d"],
    ["clusterSetRefs: [empty]", ""],
    ["sourceClusterSelector: {}, clusterSetRefs: [prod]", "c"],
    ["sourceClusterSelector: {matchLabels: {zone: eu}}, clusterSetRefs: [prod]", "b c"],
  ];
  for (const [spec, wanted] of cases) {
    it(spec === "" ? "neither selector nor sets" : spec, () => {
      const comma = spec === "" ? "" : ", ";
      const catalog = catalogOf([source("s", "{}"), trigger("t", `eventSourceName: s${comma}${spec}`), fleet, ...sets]);
      expect(matchesOf(event(), catalog)).toEqual([`t: ${wanted}`.trim()]);
    });
  }

  it("are those of the connection only", () => {
    const selector: LabelSelector = { requirements: [{ key: "env", operator: "Exists", values: [] }] };
    const catalog = catalogOf([source("s", "{}"), trigger("t", "eventSourceName: s"), fleet], selector);
    expect(matchesOf(event(), catalog)).toEqual(["t: a b c"]);
    expect(matchesOf({ ...event(), connection: "other" }, catalog)).toEqual(["t: a b c d"]);
  });
});

describe("destinations", () => {
  const from = "eventSourceName: s, sourceClusterSelector: {matchLabels: {env: fv}}";
  const cases: [name: string, spec: string, clusters: string][] = [
    ["a selector looks among all clusters", "destinationClusterSelector: {matchLabels: {env: prod}}", "c"],
    ["one cluster", "destinationCluster: {namespace: fleet, name: d}", "d"],
    ["an empty namespace is the source's", "destinationCluster: {name: d}", "d"],
    [
      "a template over the event and the source",
      'destinationCluster: {namespace: fleet, name: "{{ if eq .Cluster.metadata.name `a` }}{{ .CloudEvent.subject }}{{ else }}d{{ end }}"}',
      "c d",
    ],
  ];
  for (const [name, spec, wanted] of cases) {
    it(name, () => {
      const catalog = catalogOf([source("s", "{}"), trigger("t", `${from}, ${spec}`), fleet]);
      const { matches } = matchEvent(event({ subject: "c" }), catalog);
      expect(matchesOf(event({ subject: "c" }), catalog)).toEqual([`t: ${wanted}`]);
      expect(matches[0]?.sources.map((cluster) => cluster.name)).toEqual(["a", "b"]);
    });
  }

  it("that are not there are told", () => {
    const catalog = catalogOf([
      source("s", "{}"),
      trigger("t", `${from}, destinationCluster: {name: "{{ .CloudEvent.subject }}"}`),
      fleet,
    ]);
    const { matches, problems } = matchEvent(event({ subject: "nowhere" }), catalog);
    expect(matches).toMatchObject([{ clusters: [], problem: { code: "REFERENCE_MISSING" } }]);
    expect(problems).toEqual([matches[0]?.problem]);
  });

  it("whose template fails are told", () => {
    const catalog = catalogOf([
      source("s", "{}"),
      trigger("t", `${from}, destinationCluster: {name: "{{ .Nope.x }}"}`),
      fleet,
    ]);
    expect(matchEvent(event(), catalog).problems).toMatchObject([{ code: "TEMPLATE_FAILED" }]);
  });
});

describe("triggers", () => {
  it("come by name, several of one EventSource, each once", () => {
    const catalog = catalogOf([
      source("s", "{}"),
      source("s2", "{cloudEventType: login}"),
      source("other", "{cloudEventType: logout}"),
      trigger("b", "eventSourceName: s"),
      trigger("a", "eventSourceName: s2"),
      trigger("c", "eventSourceName: other"),
      clusters("one"),
    ]);
    expect(matchesOf(event(), catalog)).toEqual(["a: one", "b: one"]);
  });

  it("name their EventSource by a template over the cluster", () => {
    const catalog = catalogOf([
      source("s-fv", "{}"),
      source("s-prod", "{cloudEventType: login}"),
      trigger(
        "t",
        'eventSourceName: "s-{{ .Cluster.metadata.labels.env }}", sourceClusterSelector: {matchExpressions: [{key: env, operator: Exists}]}',
      ),
      fleet,
    ]);
    expect(matchesOf(event(), catalog)).toEqual(["t: a b c"]);
    expect(matchesOf(event({ type: "logout" }), catalog)).toEqual(["t: a b"]);
  });

  it("without clusters match all the same: a Delete concerns what is on record", () => {
    const catalog = catalogOf([source("s", "{}"), trigger("t", "eventSourceName: s")]);
    expect(matchesOf(event(), catalog)).toEqual(["t:"]);
  });
});

it("more types and subjects than are remembered make no difference", () => {
  const catalog = catalogOf([
    source("s", '{subject: "users.[0-9]+", cloudEventType: "t[0-9]+"}'),
    trigger("t", "eventSourceName: s"),
    clusters("a"),
  ]);
  for (let index = 0; index < 2500; index++) {
    expect(matchesOf(event({ type: `t${index}`, on: `users.${index}` }), catalog)).toEqual(["t: a"]);
    expect(matchesOf(event({ type: "t1", on: `users.${index}` }), catalog)).toEqual(["t: a"]);
  }
});
