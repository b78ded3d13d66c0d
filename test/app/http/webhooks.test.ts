import { createHmac } from "node:crypto";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWebhooks, type WebhookServer } from "../../../src/app/http/webhooks.ts";

let server: WebhookServer;
let hints = 0;
let secret = "the secret";

beforeEach(async () => {
  hints = 0;
  secret = "the secret";
  server = await openWebhooks({ host: "127.0.0.1", port: 0, secret: () => secret, onHint: () => void hints++ });
});
afterEach(() => server.close());

const sign = (body: string, key = secret) => createHmac("sha256", key).update(body).digest("hex");

async function post(path: string, headers: Record<string, string>, body = '{"action":"closed"}'): Promise<number> {
  const url = `http://127.0.0.1:${server.port}${path}`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return response.status;
}

describe("hints", () => {
  const body = '{"action":"closed"}';
  const cases: [name: string, path: string, headers: (body: string) => Record<string, string>, status: number][] = [
    ["of GitHub", "/webhooks/github", (text) => ({ "x-hub-signature-256": `sha256=${sign(text)}` }), 202],
    ["of Gitea", "/webhooks/gitea", (text) => ({ "x-gitea-signature": sign(text) }), 202],
    ["of Forgejo", "/webhooks/gitea", (text) => ({ "x-forgejo-signature": sign(text) }), 202],
    [
      "of GitHub as a form",
      "/webhooks/github",
      (text) => ({
        "x-hub-signature-256": `sha256=${sign(text)}`,
        "content-type": "application/x-www-form-urlencoded",
      }),
      202,
    ],
    ["without a signature", "/webhooks/github", () => ({}), 401],
    ["signed with another secret", "/webhooks/gitea", (text) => ({ "x-gitea-signature": sign(text, "other") }), 401],
    ["signed for another body", "/webhooks/gitea", () => ({ "x-gitea-signature": sign("{}") }), 401],
    ["with half a signature", "/webhooks/gitea", (text) => ({ "x-gitea-signature": sign(text).slice(0, 32) }), 401],
    ["with a signature of SHA-1", "/webhooks/github", (text) => ({ "x-hub-signature": `sha1=${sign(text)}` }), 401],
    ["of the other forge", "/webhooks/github", (text) => ({ "x-gitea-signature": sign(text) }), 401],
    ["to nowhere", "/webhooks/gitlab", (text) => ({ "x-gitea-signature": sign(text) }), 404],
    ["of no length", "/webhooks/gitea", () => ({ "x-gitea-signature": "" }), 401],
  ];
  for (const [name, path, headers, status] of cases) {
    it(`${name}: ${status}`, async () => {
      expect(await post(path, headers(body), body)).toBe(status);
      expect(hints).toBe(status === 202 ? 1 : 0);
    });
  }

  it("are counted by the secret as it is now", async () => {
    secret = "another";
    expect(await post("/webhooks/gitea", { "x-gitea-signature": sign("{}", "the secret") }, "{}")).toBe(401);
    expect(await post("/webhooks/gitea", { "x-gitea-signature": sign("{}") }, "{}")).toBe(202);
  });

  it("come by POST only", async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/webhooks/gitea`);
    expect(response.status).toBe(404);
  });
});

it("bodies have a bound, told or not", async () => {
  const body = "x".repeat(5 * 1024 * 1024 + 1);
  expect(await post("/webhooks/gitea", { "x-gitea-signature": sign(body) }, body).catch(() => 413)).toBe(413);
  const status = await new Promise((resolve) => {
    const options = { port: server.port, method: "POST", path: "/webhooks/gitea", headers: { "content-type": "a/b" } };
    const sent = request(options, (response) => resolve(response.statusCode));
    sent.on("error", () => resolve(413));
    for (let chunk = 0; chunk < 6; chunk++) sent.write("y".repeat(1024 * 1024));
    sent.end();
  });
  expect(status).toBe(413);
  expect(hints).toBe(0);
});

it("an address that is taken is told", async () => {
  const again = openWebhooks({ host: "127.0.0.1", port: server.port, secret: () => "", onHint: () => undefined });
  await expect(again).rejects.toMatchObject({ problem: { code: "SETTINGS_INVALID" } });
});
