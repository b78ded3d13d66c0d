/** `sluice explain` as it is used: the built program over a repository with entities on record. */
import { afterEach, expect, it } from "vitest";
import { loginOf, RecordedFleet, userConfig } from "./recorded-fleet.ts";

let fleet: RecordedFleet | undefined;
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

const objects = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ .CloudEvent.subject }}
---
kind: ConfigMap
apiVersion: v1
metadata: {name: greeting, namespace: shared}
data: {hello: world}
`;

async function open(content = objects, users: readonly string[] = ["alice", "bob"]): Promise<RecordedFleet> {
  fleet = await RecordedFleet.open({ config: userConfig(content), events: users.map((user) => loginOf(user)) });
  return fleet;
}

interface Explained {
  readonly [key: string]: unknown;
  readonly entity: { readonly id: string };
}

async function explained(...args: readonly string[]): Promise<readonly Explained[]> {
  const { code, stdout, stderr } = await fleet!.sluice("explain", "-o", "json", ...args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as readonly Explained[];
}

const alicePath = "rendered/fleet/eu-1/triggers/users/_cluster/namespace/alice.yaml";

it("a manifest's path: entity, event with masked data, trigger, template, record and commits", async () => {
  await open();
  const [explanation, ...others] = await explained(alicePath);
  expect(others).toEqual([]);
  expect(explanation).toMatchObject({
    path: alicePath,
    cluster: "fleet/eu-1",
    object: ":Namespace /alice",
    target: "as desired",
    trigger: { name: "users", at: { file: "config/users.yaml", line: 8 } },
    template: { file: "config/users.yaml", line: 27, column: 5 },
    entity: { connection: "bus", source: "auth.example.com/", subject: "alice" },
    event: {
      stream: "bus/@journal",
      sequence: 1,
      document: { id: "login-alice", data: { organization: "***", seats: "***" } },
    },
    record: { objects: 4, failures: [] },
    claims: [],
    commits: { state: { branch: "sluice/state" }, target: { branch: "main" }, lastChange: { branch: "main" } },
  });
  const [shown] = await explained(alicePath, "--show-data");
  expect(shown).toMatchObject({ event: { document: { data: { organization: "private-alice", seats: 42 } } } });
});

it("an object by its name, on all clusters or one, and an entity by its id", async () => {
  await open();
  const all = await explained("Namespace/bob");
  expect(all.map(({ cluster }) => cluster)).toEqual(["fleet/eu-1", "fleet/us-1"]);
  expect((await explained("namespace/bob", "--cluster", "fleet/us-1")).length).toBe(1);
  const [entity] = await explained(all[0]!.entity.id);
  expect(entity).toMatchObject({ entity: { subject: "bob" }, trigger: { name: "users" }, record: { objects: 4 } });
});

it("an object that several want: all claims, the one that has it first", async () => {
  await open();
  const { code, stdout } = await fleet!.sluice("explain", "configmap/shared/greeting", "--cluster", "fleet/eu-1");
  expect(code).toBe(0);
  expect(stdout.match(/^claim: .*$/gm)).toEqual([
    expect.stringMatching(/EventTrigger users, tier 100, rank \d+, entity [0-9a-f]{40}: has it$/),
    expect.stringMatching(/EventTrigger users, tier 100, rank \d+, entity [0-9a-f]{40}$/),
  ]);
});

it("what Sluice makes itself, and what people changed on the target", async () => {
  await open();
  expect((await fleet!.sluice("explain", "namespace/shared", "--cluster", "fleet/eu-1")).stdout).toContain(
    "Sluice makes it itself",
  );
  await fleet!.write(alicePath, "changed: by hand\n");
  await fleet!.commit("Meddle");
  await fleet!.git("push", "--quiet", "../fleet.git", "main");
  expect(await explained(alicePath)).toMatchObject([{ target: "different" }]);
  await fleet!.git("rm", "--quiet", alicePath);
  await fleet!.commit("Meddle more");
  await fleet!.git("push", "--quiet", "../fleet.git", "main");
  expect(await explained(alicePath)).toMatchObject([{ target: "missing" }]);
});

it("what can't be meant is a mistake of usage, what is not there a failure", async () => {
  await open();
  for (const [what, ended] of [
    ["Namespace/nobody", 3],
    ["nonsense", 2],
    ["a/b/c/d", 2],
    ["0".repeat(40), 3],
  ] as const) {
    const { code, stdout } = await fleet!.sluice("explain", what);
    expect({ code, stdout }, what).toEqual({ code: ended, stdout: "" });
  }
});
