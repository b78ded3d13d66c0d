/** What GitHub does to its clients in the field: limits, pages, refusals, tokens that end; and Enterprise's addresses. */
import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GithubCodeHost, type GithubLimits } from "../../src/adapters/github/github-code-host.ts";
import type { GithubAuth } from "../../src/adapters/github/github-tokens.ts";
import { createFakeLog } from "../fakes/fake-log.ts";
import { type GithubFault, GithubServer, ourselves, stranger } from "../tools/github-server.ts";

let server: GithubServer;
let host: GithubCodeHost | undefined;

async function open(prefix = ""): Promise<void> {
  server = await GithubServer.start(prefix);
  server.tokens.add("secret");
  server.branches.set("main", "0".repeat(40));
  server.branches.set("sluice/review/all", "1".repeat(40));
}

beforeEach(() => open());
afterEach(async () => {
  host?.close();
  await server.stop();
  expect(server.violations).toEqual([]);
});

const token: GithubAuth = { kind: "token", token: () => "secret" };

function openHost(auth: GithubAuth = token, limits: Partial<GithubLimits> = {}): GithubCodeHost {
  host = new GithubCodeHost({
    apiUrl: server.apiUrl,
    owner: "acme",
    repository: "fleet",
    auth,
    log: createFakeLog(),
    limits: { secondMs: 1, ...limits },
  });
  return host;
}

const request = { head: "sluice/review/all", base: "main", title: "Create", body: "Body", isDraft: false };

/** The next requests are answered so. */
function answer(...faults: GithubFault[]): void {
  server.fault = () => faults.shift();
}

const secondary = (seconds: number): GithubFault => ({
  status: 403,
  headers: { "retry-after": String(seconds) },
  message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
});
const primary = (resetsIn: number): GithubFault => ({
  status: 403,
  headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + resetsIn) },
  message: "API rate limit exceeded for installation.",
});

describe("limits", () => {
  for (const [name, fault] of [
    ["secondary", secondary(2)],
    ["primary", primary(1)],
  ] as const) {
    it(`a ${name} one is waited out`, async () => {
      answer(fault, fault);
      expect(await openHost().readRequest(1)).toBeUndefined();
      expect(server.calls).toEqual(["pulls/get", "pulls/get", "pulls/get", "repos/get"]);
    });
  }

  it("are waited for as long as they say", async () => {
    answer(secondary(30));
    const started = Date.now();
    await openHost(token, { secondMs: 10 }).readRequest(1);
    expect(Date.now() - started).toBeGreaterThan(290);
  });

  it("that last too long are told at once", async () => {
    answer(secondary(3600));
    await expect(openHost().readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
    expect(server.calls).toEqual(["pulls/get"]);
  });

  it("do not keep anybody who stops", async () => {
    answer(secondary(100));
    const asked = openHost(token, { secondMs: 1000 }).readRequest(1);
    setTimeout(() => host?.close(), 200);
    const started = Date.now();
    await expect(asked).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
    expect(Date.now() - started).toBeLessThan(5000);
  });
});

describe("answers", () => {
  const cases: [status: number, message: string, code: string, tries: number][] = [
    [401, "Bad credentials", "FORGE_AUTH", 1],
    [403, "Resource not accessible by integration", "FORGE_AUTH", 1],
    [404, "Not Found", "FORGE_REFUSED", 1],
    [422, "Validation Failed", "FORGE_REFUSED", 1],
    [502, "Server Error", "FORGE_UNAVAILABLE", 4],
  ];
  for (const [status, message, code, tries] of cases) {
    it(`of ${status} are ${code}, after ${tries} tries`, async () => {
      server.fault = () => ({ status, message });
      const asked = openHost().createRequest(request);
      await expect(asked).rejects.toMatchObject({ problem: { code, message: expect.stringContaining(message) } });
      expect(server.calls).toHaveLength(tries);
    });
  }

  it("that pass are not noticed", async () => {
    answer({ status: 502, message: "Bad Gateway" });
    expect(await openHost().createRequest(request)).toMatchObject({ number: 1 });
  });

  it("that do not come are FORGE_UNAVAILABLE", async () => {
    const { apiUrl } = server;
    await server.stop();
    host = new GithubCodeHost({
      apiUrl,
      owner: "a",
      repository: "b",
      auth: token,
      log: createFakeLog(),
      limits: { secondMs: 1 },
    });
    await expect(host.readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
    await open();
  });
});

it("comments are found on whatever page they are", async () => {
  const asked = openHost();
  const { number } = await asked.createRequest(request);
  const others = Array.from({ length: 230 }, (_, id) => ({ id: 1000 + id, body: "Looks good", ...stranger }));
  server.pull(number).comments.push(...others, { id: 5000, body: "<!-- sluice -->\nbefore", ...ourselves });
  await asked.keepComment(number, "<!-- sluice -->", "<!-- sluice -->\nafter");
  expect(server.pull(number).comments.at(-1)).toMatchObject({ id: 5000, body: "<!-- sluice -->\nafter" });
  expect(server.calls.filter((id) => id === "issues/list-comments")).toHaveLength(3);
});

it("teams are asked by their slug", async () => {
  const asked = openHost();
  const { number } = await asked.createRequest(request);
  await asked.decorateRequest(number, { labels: [], reviewers: ["acme/platform", "ada"], assignees: [] });
  expect(server.pull(number)).toMatchObject({ teams: ["platform"], reviewers: ["ada"] });
});

describe("an App", () => {
  const keys = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
  const first = keys();
  const pem = ({ privateKey }: typeof first) => privateKey.export({ type: "pkcs1", format: "pem" }).toString();

  function install(key = first): void {
    server.app = { id: "7", installationId: 42, publicKey: key.publicKey };
  }
  const auth = (privateKey: () => string, installationId?: string): GithubAuth => ({
    kind: "app",
    appId: "7",
    installationId,
    privateKey,
  });

  it("finds its installation, and uses one token for many requests", async () => {
    install();
    const asked = openHost(auth(() => pem(first)));
    await asked.createRequest(request);
    await asked.readRequest(1);
    expect(server.calls).toEqual([
      "apps/get-repo-installation",
      "apps/create-installation-access-token",
      "pulls/create",
      "pulls/get",
    ]);
  });

  it("gets another token when the one it has is not accepted any more, once", async () => {
    install();
    const asked = openHost(auth(() => pem(first), "42"));
    await asked.createRequest(request);
    server.tokens.clear();
    expect(await asked.readRequest(1)).toMatchObject({ number: 1 });
    expect(server.calls.filter((id) => id === "apps/create-installation-access-token")).toHaveLength(2);
    server.fault = (operation) => (operation === "pulls/get" ? { status: 401, message: "Bad credentials" } : undefined);
    server.calls.length = 0;
    await expect(asked.readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_AUTH" } });
    expect(server.calls.filter((id) => id === "pulls/get")).toHaveLength(2);
  });

  it("with a key that is none is told as that", async () => {
    const asked = openHost(auth(() => "no key", "42"));
    await expect(asked.readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_AUTH" } });
  });

  it("signs with the key that its file holds now", async () => {
    install();
    let current = first;
    const asked = openHost(auth(() => pem(current), "42"));
    await asked.createRequest(request);
    const second = keys();
    install(second);
    server.tokens.clear();
    await expect(asked.readRequest(1)).rejects.toMatchObject({ problem: { code: "FORGE_AUTH" } });
    current = second;
    expect(await asked.readRequest(1)).toMatchObject({ number: 1 });
  });
});
