/** `sluice test` as it is used: the built program over files of cases. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { loginOf, RecordedFleet, userConfig } from "./recorded-fleet.ts";

let fleet: RecordedFleet;
beforeAll(async () => {
  fleet = await RecordedFleet.open({
    config: userConfig(namespace),
    events: [],
    files: { "tests/login.json": JSON.stringify(loginOf("alice")) },
  });
});
afterAll(() => fleet.close());

const namespace = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ .CloudEvent.subject }}
  annotations: {acme.example/tier: bronze}
`;

async function open(cases: string): Promise<RecordedFleet> {
  await fleet.write("tests/users.test.yaml", `apiVersion: sluice.dev/v1alpha1\nkind: Tests\ncases:\n${cases}`);
  return fleet;
}

function caseOf(events: string, expectation: string, more = ""): string {
  return `- name: a case\n${more}  events: ${events}\n  expect: ${expectation}\n`;
}

const login = "[{file: login.json}]";
const logout = `[{file: login.json}, {event: {specversion: "1.0", type: auth.example.com.logout, source: auth.example.com/, id: out, subject: alice}}]`;
const alice = `{apiVersion: v1, kind: Namespace, metadata: {name: alice, annotations: {acme.example/tier: bronze}}}`;
const oneCluster = `  clusters: [{metadata: {name: only, namespace: test, labels: {env: production}}}]\n`;
const badName = `[{event: {specversion: "1.0", type: login, source: s, id: "1", subject: "not a name"}}]`;

const passing: readonly (readonly [name: string, text: string])[] = [
  ["on every cluster", caseOf(login, `{manifests: [{object: ${alice}}]}`)],
  [
    "cluster by cluster",
    caseOf(login, `{manifests: [{cluster: fleet/eu-1, object: ${alice}}, {cluster: fleet/us-1, object: ${alice}}]}`),
  ],
  ["in order: a logout leaves nothing", caseOf(logout, "{}")],
  ["with clusters of its own", caseOf(login, `{manifests: [{cluster: test/only, object: ${alice}}]}`, oneCluster)],
  [
    "a failure by code, trigger, cluster and line",
    caseOf(
      badName,
      `{failures: [{code: NAME_INVALID, trigger: users, cluster: test/only, at: "config/users.yaml:30"}]}`,
      oneCluster,
    ),
  ],
  ["what is no event", caseOf(`[{text: nonsense}]`, "{failures: [{code: EVENT_NOT_JSON}]}")],
  ["on another subject nothing matches", caseOf(`[{file: login.json, subject: other}]`, "{}")],
];

for (const [name, text] of passing) {
  it(`passes: ${name}`, async () => {
    const { code, stdout, stderr } = await (await open(text)).sluice("test");
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ok {2}tests\/users\.test\.yaml:4 {2}a case\n1 passed, 0 failed\n$/);
  });
}

const failing: readonly (readonly [name: string, text: string, says: readonly string[]])[] = [
  [
    "another value",
    caseOf(login, `{manifests: [{object: ${alice.replace("bronze", "gold")}}]}`),
    ["namespace alice on fleet/eu-1 differs", "-    acme.example/tier: gold", "+    acme.example/tier: bronze"],
  ],
  ["one too many", caseOf(login, "{}"), ["namespace alice on fleet/us-1 is not expected"]],
  ["one missing", caseOf(logout, `{manifests: [{object: ${alice}}]}`), ["namespace alice on fleet/us-1 is missing"]],
  [
    "an unexpected failure",
    caseOf(badName, "{}", oneCluster),
    ["a failure on test/only is not expected", "[NAME_INVALID]"],
  ],
  [
    "a failure that does not happen",
    caseOf(login, `{manifests: [{object: ${alice}}], failures: [{code: GUARD_VIOLATION}]}`),
    ["there is no failure GUARD_VIOLATION"],
  ],
  [
    "a failure at another line",
    caseOf(badName, `{failures: [{code: NAME_INVALID, at: "config/users.yaml:1"}]}`),
    ["there is no failure NAME_INVALID config/users.yaml:1"],
  ],
];

for (const [name, text, says] of failing) {
  it(`fails: ${name}`, async () => {
    const { code, stdout } = await (await open(text)).sluice("test");
    expect(code).toBe(1);
    expect(stdout).toContain("not ok  tests/users.test.yaml:4  a case\n");
    for (const words of says) expect(stdout).toContain(words);
    expect(stdout).toMatch(/0 passed, 1 failed\n$/);
  });
}

it("whole files: what `sluice render` writes is what `files` expects, byte for byte", async () => {
  await open(caseOf(login, "{files: ./expected}"));
  expect(
    (await fleet.sluice("render", "--event", "tests/login.json", "--output", "tests/expected", "--file", "plain.yaml"))
      .code,
  ).toBe(3);
  // `render` resolves secrets as the service does.
  await fleet.write(
    "sluice-nats.json",
    `{"nats": {"configuration": {"url": "nats://localhost", "subjects": ["user-operation"]}}}`,
  );
  expect((await fleet.sluice("render", "--event", "tests/login.json", "--output", "tests/expected")).code).toBe(0);
  expect((await fleet.sluice("test", "tests")).code).toBe(0);
  await fleet.write("tests/expected/rendered/more.yaml", "x\n");
  expect((await fleet.sluice("test", "tests/users.test.yaml")).code).toBe(1);
});

it("files that can't be read are told by place, and exit 3; no tests is a mistake of usage", async () => {
  await open("- name: x\n  events: [{file: a, text: b}]\n  expect: {manifets: []}\n");
  const { code, stderr } = await fleet.sluice("test");
  expect(code).toBe(3);
  expect(stderr).toMatch(/^tests\/users\.test\.yaml:6:12: error: unknown field cases\[0\]\.expect\.manifets/m);
  expect((await fleet.sluice("test", "config")).code).toBe(3);
  expect((await fleet.sluice("test", "nowhere")).code).toBe(3);
});

it("JSON says the same", async () => {
  await open(caseOf(login, "{}"));
  const { code, stdout } = await fleet.sluice("test", "-o", "json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { file: "tests/users.test.yaml", line: 4, name: "a case", faults: [expect.any(String), expect.any(String)] },
  ]);
});
