/** A connection written as a file that may be committed says how to get there, and nothing that is secret. */
import { expect, it } from "vitest";
import { parseConnection } from "../../src/config/parse-connection.ts";
import { writeConnection } from "../../src/config/write-connection.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { SecretRef } from "../../src/model/settings.ts";

const settings = {
  name: "bus",
  file: "/work/nats.json",
  connectTo: new Map(),
  at: { file: "sluice.yaml", line: 1, column: 1 },
};

function parse(value: object, readSecret: (ref: SecretRef) => string = () => "") {
  const { value: connection, problems } = parseConnection(JSON.stringify(value), "nats.json", settings, readSecret);
  expect(problems).toEqual([]);
  return connection as Connection;
}

const pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nsecret-key\n-----END PRIVATE KEY-----\n";
const core = (authorization: object, url = "nats://a:4222") => ({
  nats: { configuration: { url, subjects: ["a", "b"], authorization } },
});
const streams = [{ name: "S", subjects: ["c"] }];

it.each([
  ["nothing", core({}), []],
  ["a user", core({ user: { user: "ada", password: "secret" } }), ["NATS_PASSWORD"]],
  ["a user in the URL", core({}, "nats://ada:secret@a:4222,tls://b"), ["NATS_PASSWORD"]],
  ["a token", core({ token: "secret" }), ["NATS_TOKEN"]],
  ["a certificate", core({ clientCert: { certPem: pem, keyPem: key }, rootCA: pem }), ["NATS_KEY"]],
  ["credentials", core({ credentials: "secret" }), ["NATS_CREDENTIALS"]],
  ["an nkey", core({ nkeySeed: "secret" }), ["NATS_NKEY_SEED"]],
  [
    "a stream's user",
    { jetstream: { configuration: { url: "a", streams, authorization: { token: "secret" } } } },
    ["NATS_TOKEN"],
  ],
  [
    "both",
    {
      ...core({ token: "secret" }),
      jetstream: { configuration: { url: "a", streams, authorization: { token: "s" } } },
    },
    ["NATS_TOKEN", "JETSTREAM_TOKEN"],
  ],
])("%s: what is read again is the same connection, with variables for secrets", (_, given, variables) => {
  const connection = parse(given);
  const written = writeConnection(connection);
  expect(written.variables).toEqual(variables);
  expect(written.text).not.toContain("secret");

  const asked: string[] = [];
  const again = parse(JSON.parse(written.text), (ref) => {
    asked.push(ref.kind === "env" ? ref.name : ref.kind);
    return key;
  });
  expect(asked.sort()).toEqual([...variables].sort());
  // But for the secrets all of it is as it was.
  const hidden = (text: string) => text.replace(/"(password|token|keyPem|credentials|nkeySeed)":"[^"]*"/g, '"$1":""');
  expect(hidden(JSON.stringify(again))).toBe(hidden(JSON.stringify(connection)));
});

it("what was a variable or a file stays one, secret or not", () => {
  const refs = new Map<string, SecretRef>();
  const connection = parse(
    core({ user: { user: { env: "WHO" }, password: { file: "./password" } }, rootCA: { file: "/etc/ca.pem" } }),
    (ref) => {
      const sign = `-----BEGIN ${refs.size}`;
      refs.set(sign, ref);
      return sign;
    },
  );
  const { text, variables } = writeConnection(connection, refs);
  expect(variables).toEqual([]);
  expect(JSON.parse(text)).toEqual(
    core({ user: { user: { env: "WHO" }, password: { file: "/work/password" } }, rootCA: { file: "/etc/ca.pem" } }),
  );
});
