import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConnection } from "../../src/config/parse-connection.ts";
import { isSourcePlace, type Problem, SluiceError } from "../../src/model/problem.ts";
import type { ConnectionSettings, SecretRef } from "../../src/model/settings.ts";

const settings: ConnectionSettings = {
  name: "bus",
  file: "/etc/sluice/nats.json",
  connectTo: new Map([["a:1", "b:2"]]),
  at: { file: "sluice.yaml", line: 1, column: 1 },
};

function readSecret(ref: SecretRef): string {
  if (ref.kind === "env" && ref.name === "PASSWORD") return "hunter2";
  if (ref.kind === "file" && ref.path === "/etc/sluice/ca.pem") return pem;
  throw new SluiceError({ code: "SECRET_UNREADABLE", message: "no such secret" });
}

const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const parse = (text: string) => parseConnection(text, "nats.json", settings, readSecret);
const example = (path: string): string =>
  readFileSync(new URL(`../fixtures/examples/${path}`, import.meta.url), "utf8");

function summarize(problems: readonly Problem[]): string[] {
  return problems.map(({ code, severity, at }) => {
    const place = at !== undefined && isSourcePlace(at) ? `${at.line}:${at.column}` : "?";
    return severity === "warning" ? `[${code} ${place}]` : `${code} ${place}`;
  });
}

const url = "nats://nats.nats.svc.cluster.local:4222";
const authorization = { user: { user: "admin", password: "my-password" } };
const core = { url, authorization, subjects: ["user-operation"] };
const base = { name: "bus", connectTo: new Map([["a:1", "b:2"]]) };

describe("the seed's examples", () => {
  it("1: core NATS", () => {
    const { value, problems } = parse(example("1-create-namespace/sveltos-nats.json"));
    expect(problems).toEqual([]);
    expect(value).toEqual({ ...base, core: { ...core, subjects: ["test", "foo"] } });
  });

  it("3: core NATS and JetStream", () => {
    expect(parse(example("3-end-to-end/sveltos-nats.json"))).toEqual({ value: { ...base, core }, problems: [] });
    expect(parse(example("3-end-to-end/sveltos-jetstream.json"))).toEqual({
      value: { ...base, jetstream: { url, authorization, streams: [{ name: "USERS", subjects: ["user-operation"] }] } },
      problems: [],
    });
  });

  it("3, footnote: streams printed under nats say that jetstream is meant, and where", () => {
    const { value, problems } = parse(example("3-end-to-end/sveltos-jetstream-as-printed.json"));
    expect(value).toBeUndefined();
    expect(summarize(problems)).toEqual(["CONNECTION_INVALID 5:7"]);
    expect(problems[0]?.hint).toContain("jetstream");
  });

  it("3, End to End: the Secret that wraps the Secret that holds the JSON", () => {
    const documents = example("3-end-to-end/config.yaml").split("\n---\n");
    const secret = documents.find((document) => document.startsWith("apiVersion: v1\ndata:"));
    expect(parse(secret ?? "")).toEqual({ value: { ...base, core }, problems: [] });
  });
});

describe("Secrets", () => {
  const json = example("3-end-to-end/sveltos-nats.json");
  const secret = (member: object): string =>
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "sveltos-nats" }, ...member });

  it("hold it in data or stringData, as JSON or YAML", () => {
    expect(parse(secret({ data: { "sveltos-nats": base64(json) } })).value).toEqual({ ...base, core });
    expect(parse(secret({ stringData: { "sveltos-nats": json } })).value).toEqual({ ...base, core });
    expect(parse(`kind: Secret\nstringData:\n  sveltos-nats: |\n${json.replace(/^/gm, "    ")}`).value).toEqual({
      ...base,
      core,
    });
  });

  it("place faults at the value that holds them", () => {
    const encoded = base64('{"nats": {\n"configuration": 1}}');
    const text = secret({ data: { "sveltos-nats": encoded } });
    const { problems } = parse(text);
    expect(summarize(problems)).toEqual([`CONNECTION_INVALID 1:${text.indexOf(`"${encoded}"`) + 1}`]);
    expect(problems[0]?.at).toMatchObject({ part: expect.stringContaining("line 2") });
  });

  const faults: [name: string, member: object][] = [
    ["without the key", { data: { other: "" } }],
    ["not base64", { data: { "sveltos-nats": "hunter2!" } }],
    [
      "too deep",
      {
        stringData: {
          "sveltos-nats": secret({ stringData: { "sveltos-nats": secret({ stringData: { "sveltos-nats": json } }) } }),
        },
      },
    ],
  ];
  for (const [name, member] of faults) {
    it(`are refused ${name}`, () => {
      const { value, problems } = parse(secret(member));
      expect(value).toBeUndefined();
      expect(problems).toMatchObject([{ code: "CONNECTION_INVALID" }]);
    });
  }
});

describe("authorization", () => {
  const withAuthorization = (given: object) =>
    parse(JSON.stringify({ nats: { configuration: { url: "nats://n", subjects: ["a"], authorization: given } } }));
  const cases: [name: string, given: object, read: object][] = [
    ["a token", { token: "t" }, { token: "t" }],
    [
      "a password from the environment",
      { user: { user: "a", password: { env: "PASSWORD" } } },
      { user: { user: "a", password: "hunter2" } },
    ],
    [
      "mTLS of PEM, base64 of PEM and a file",
      { clientCert: { certPem: pem, keyPem: base64(pem) }, rootCA: { file: "ca.pem" } },
      { clientCert: { certPem: pem, keyPem: pem }, rootCA: pem },
    ],
    ["credentials and an nkey", { credentials: "c", nkeySeed: "s" }, { credentials: "c", nkeySeed: "s" }],
    ["nothing", {}, {}],
  ];
  for (const [name, given, read] of cases) {
    it(name, () => {
      const { value, problems } = withAuthorization(given);
      expect(problems).toEqual([]);
      expect(value?.core?.authorization).toEqual(read);
    });
  }

  const faults: [name: string, given: object, code: string][] = [
    ["PEM that is none", { rootCA: "hunter2" }, "CONNECTION_INVALID"],
    ["base64 of something else", { clientCert: { certPem: base64("hunter2"), keyPem: pem } }, "CONNECTION_INVALID"],
    ["a user without a password", { user: { user: "hunter2" } }, "CONNECTION_INVALID"],
    ["an unset variable", { token: { env: "NOPE" } }, "SECRET_UNREADABLE"],
  ];
  for (const [name, given, code] of faults) {
    it(`refuses ${name}, quoting nothing`, () => {
      const { value, problems } = withAuthorization(given);
      expect(value).toBeUndefined();
      expect(problems.map((problem) => problem.code)).toEqual([code]);
      expect(JSON.stringify(problems)).not.toContain("hunter2");
    });
  }
});

describe("URLs and subjects", () => {
  it.each([
    ["none", ""],
    ["an empty list", ', "subjects": []'],
    ["null", ', "subjects": null'],
  ])("a stream with %s is read whole", (_, subjects) => {
    const text = `{"jetstream": {"configuration": {"url": "nats://n", "streams": [{"name": "S"${subjects}}]}}}`;
    const { value, problems } = parse(text);
    expect(problems).toEqual([]);
    expect(value?.jetstream?.streams).toEqual([{ name: "S", subjects: [] }]);
  });

  it("takes over how the servers are to be spoken to", () => {
    const link = { domain: "hub", handshakeFirst: true, inboxPrefix: "_INBOX_sluice" };
    const text = '{"nats": {"configuration": {"url": "nats://n", "subjects": ["a"]}}}';
    expect(parseConnection(text, "nats.json", { ...settings, ...link }, readSecret).value).toMatchObject(link);
  });

  const urls: [given: string, read: string | undefined][] = [
    ["nats://a:4222", "nats://a:4222"],
    ["a", "nats://a"],
    ["tls://a:1, nats://[::1]:2", "tls://a:1,nats://[::1]:2"],
    ["tls://a/", "tls://a"],
    ["wss://a/", undefined],
    ["http://a", undefined],
    ["nats://a:70000", undefined],
    ["nats://", undefined],
    ["", undefined],
    ["nats://a b", undefined],
  ];
  for (const [given, read] of urls) {
    it(`${JSON.stringify(given)} ${read === undefined ? "is refused" : "is taken"}`, () => {
      const { value, problems } = parse(JSON.stringify({ nats: { configuration: { url: given, subjects: ["a"] } } }));
      expect(value?.core?.url).toBe(read);
      expect(problems.length).toBe(read === undefined ? 1 : 0);
    });
  }

  it.each([
    ["nats://ann:a%40b@a:1", { user: { user: "ann", password: "a@b" } }],
    ["nats://ann:a:b@a:1", { user: { user: "ann", password: "a:b" } }],
    ["nats://s3cret@a:1", { token: "s3cret" }],
  ])("credentials in the URL %s become those of the connection", (url, authorization) => {
    const { value } = parse(JSON.stringify({ nats: { configuration: { url, subjects: [] } } }));
    expect(value?.core).toMatchObject({ url: "nats://a:1" });
    expect(value?.core?.authorization).toEqual(authorization);
  });

  it("a subject under both is read from JetStream, with a warning", () => {
    const { value, problems } = parse(
      '{"nats": {"configuration": {"url": "a", "subjects": ["x", "y"]}},\n"jetstream": {"configuration": {"url": "a", "streams": [{"name": "S", "subjects": ["x"]}]}}}',
    );
    expect(summarize(problems)).toEqual(["[CONNECTION_INVALID 1:54]"]);
    expect(value?.core?.subjects).toEqual(["y"]);
  });

  const faults: [text: string, problems: string[]][] = [
    [
      '{"nats": {"configuration": {"url": "a", "subjects": ["a..b", "ok", "a b", ">.a", "a*"]}}}',
      ["1:54", "1:68", "1:75", "1:82"],
    ],
    ['{"jetstream": {"configuration": {"url": "a", "streams": [{"name": "a.b", "subjects": []}]}}}', ["1:67"]],
    ['{"jetstream": {"configuration": {"url": "a", "streams": [{"subjects": []}]}}}', ["1:58"]],
    ["{}", ["1:1"]],
    ["", ["1:1"]],
    ["[1", ["1:3"]],
    ['{"nats": {"configuration": {"url": "a"}}}', ["1:11"]],
  ];
  for (const [text, places] of faults) {
    it(`refuses ${text}`, () => {
      const { value, problems } = parse(text);
      expect(value).toBeUndefined();
      expect(summarize(problems)).toEqual(places.map((place) => `CONNECTION_INVALID ${place}`));
    });
  }

  it("warns of unknown fields, which Sveltos ignores", () => {
    const { value, problems } = parse(
      '{"nats": {"configuration": {"url": "a", "subjects": [], "subject": "b"}}, "jetStream": {}}',
    );
    expect(value).toBeDefined();
    expect(summarize(problems)).toEqual(["[FIELD_UNKNOWN 1:57]", "[FIELD_UNKNOWN 1:75]"]);
  });
});
