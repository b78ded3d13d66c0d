/** Bad events: reason and place are shown, what follows is not held up, and a good event clears the failure. */
import { afterEach, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const config = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec:
  messagingMatchCriteria:
  - subject: user-operation
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: teams}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  cloudEventAction: Create
  policyRefs:
  - {kind: ConfigMap, namespace: default, name: team}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: team
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok}
data:
  team.yaml: |
    apiVersion: v1
    kind: Namespace
    metadata:
      name: {{ .CloudEvent.subject }}
      labels:
        team: {{ .CloudEvent.data.team }}
      annotations:
        motto: {{ .CloudEvent.data.motto }}
`;

function event(subject: string, data: unknown): string {
  return JSON.stringify({ specversion: "1.0", id: "1", source: "auth.example.com", type: "login", subject, data });
}

const good = { team: "red", motto: "onward" };
const injection = {
  team: "red",
  motto: "x\nkind: ConfigMap\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: evil\n  namespace: kube-system",
};

interface EntityRow {
  readonly subject: string;
  readonly failures: Readonly<
    Record<string, { code: string; message: string; at: { file: string; line: number; column: number } }>
  >;
}

it("holds nothing up, says why and where, and clears when a good event comes", async () => {
  const open = await Workbench.open({
    config: { "clusters.yaml": clusterDocument("eu-1", { env: "production" }), "teams.yaml": config },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
  });
  bench = open;
  await open.start();

  await open.publish("user-operation", "this is no event");
  await open.publish("user-operation", event("no-team", { motto: "lost" }));
  await open.publish("user-operation", event("alice@example.com", good));
  await open.publish("user-operation", event("mallory", injection));
  await open.publish("user-operation", event("bob", good));

  const path = (name: string) => `rendered/fleet/eu-1/triggers/teams/_cluster/namespace/${name}.yaml`;
  await until(async () => (await open.rendered()).includes(path("bob")), "the event behind the bad ones");
  expect(await open.rendered()).toEqual([path("bob")]);
  expect((await open.checkpoint()).positions["bus/USERS"]?.sequence).toBe(5);

  const letters = JSON.parse((await open.sluice("show", "dead-letters", "-o", "json")).stdout);
  expect(letters).toMatchObject([{ stream: "bus/USERS", sequence: 1, problem: { code: "EVENT_NOT_JSON" } }]);
  const failed = await open.sluice("show", "entities", "--failed", "-o", "json");
  const rows = JSON.parse(failed.stdout) as EntityRow[];
  const failures = Object.fromEntries(rows.map((row) => [row.subject, row.failures["fleet/eu-1"]]));
  expect(failures).toMatchObject({
    "no-team": { code: "TEMPLATE_FAILED", at: { file: "config/teams.yaml", line: 32 } },
    "alice@example.com": { code: "NAME_INVALID", at: { file: "config/teams.yaml", line: 30 } },
    mallory: { code: "GUARD_VIOLATION", at: { file: "config/teams.yaml", line: 34 } },
  });
  const table = (await open.sluice("show", "entities", "--failed")).stdout;
  expect(table).toContain("config/teams.yaml:30:");

  await open.publish("user-operation", event("mallory", good));
  await until(async () => (await open.rendered()).includes(path("mallory")), "the good event of the same entity");
  const left = JSON.parse((await open.sluice("show", "entities", "--failed", "-o", "json")).stdout) as EntityRow[];
  expect(left.map(({ subject }) => subject).sort()).toEqual(["alice@example.com", "no-team"]);
});
