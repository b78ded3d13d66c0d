import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeDelivery, payloadBytesMax } from "../../src/events/decode-delivery.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { type Json, writeJson } from "../../src/model/json.ts";

/** A message of JetStream stream USERS at sequence 7. */
function deliver(payload: string | Uint8Array, headers: Record<string, string | string[]> = {}): Delivery {
  return {
    connection: "bus",
    stream: "bus/USERS",
    position: { epoch: "2025-01-01T00:00:00Z", sequence: 7, time: "2025-02-04T13:12:03.123456789Z" },
    subject: "user-operation",
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
  };
}

const attributes = { specversion: "1.0", id: "1", source: "auth.example.com", type: "login" };
const json = (more: object = {}): string => JSON.stringify({ ...attributes, ...more });
const ce = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "auth.example.com", "ce-type": "login" };

/** The events' documents as JSON text, and the codes of the problems. */
function decode(payload: string | Uint8Array, headers?: Record<string, string | string[]>) {
  const { events, problems } = decodeDelivery(deliver(payload, headers));
  return { documents: events.map(({ event }) => writeJson(event.document)), codes: problems.map(({ code }) => code) };
}

it("the seed's login: every attribute as sent, in order, and nothing made up", () => {
  const payload = readFileSync(new URL("../fixtures/examples/3-end-to-end/login.json", import.meta.url));
  const { events, problems } = decodeDelivery(deliver(payload));
  expect(problems).toEqual([]);
  expect(events).toHaveLength(1);
  const [received] = events;
  expect(received).toMatchObject({
    connection: "bus",
    event: { id: "10001", source: "auth.example.com", type: "auth.example.com.login", subject: "mgianluc" },
    message: { subject: "user-operation", stream: "bus/USERS", sequence: 7, time: "2025-02-04T13:12:03.123456789Z" },
  });
  expect(writeJson(received?.event.document ?? null)).toBe(JSON.stringify(JSON.parse(payload.toString())));
});

describe("what a server or a bucket puts into a stream to say that messages are gone", () => {
  it.each([
    [{ "Nats-Marker-Reason": "MaxAge", "Nats-TTL": "1m0s" }, "MaxAge"],
    [{ "Nats-Marker-Reason": "Purge" }, "Purge"],
    [{ "KV-Operation": "DEL" }, "DEL"],
  ])("is no event and no dead letter: %o", (headers, marker) => {
    expect(decodeDelivery(deliver("", headers))).toEqual({ events: [], problems: [], marker });
  });

  it("or to publish it later, on another subject: what is published then is the event", () => {
    const planned = { "Nats-Schedule": "@at 2026-01-01T00:00:00Z", "Nats-Schedule-Target": "user.login" };
    expect(decodeDelivery(deliver(json(), planned))).toEqual({ events: [], problems: [], marker: "Schedule" });
    const published = { "Nats-Scheduler": "user.plan", "Nats-Schedule-Next": "purge" };
    expect(decode(json(), published).documents).toEqual([json()]);
  });

  it("has no body: what has one is an event, whatever its headers", () => {
    expect(decode(json(), { "Nats-Marker-Reason": "MaxAge" }).documents).toEqual([json()]);
    expect(decode("", {}).codes).toEqual(["EVENT_NOT_JSON"]);
  });
});

describe("what is decoded", () => {
  const structured = { "Content-Type": "application/cloudevents+json; charset=utf-8" };
  const cases: [name: string, payload: string | Uint8Array, headers: Record<string, string>, documents: string[]][] = [
    ["structured", json(), structured, [json()]],
    ["structured, by the bare media type", json(), { "content-type": "application/cloudevents" }, [json()]],
    ["JSON with some other content type", json(), { "content-type": "application/json" }, [json()]],
    ["with a byte order mark", `\ufeff${json()}`, {}, [json()]],
    [
      "a time of nanoseconds, an offset and integers of 19 digits, exactly",
      '{"specversion":"1.0","id":"1","source":"a","type":"t","time":"2025-01-01T00:00:00.123456789+01:00","ext":9007199254740993,"data":{"n":9223372036854775807,"f":1.0}}',
      {},
      [
        '{"specversion":"1.0","id":"1","source":"a","type":"t","time":"2025-01-01T00:00:00.123456789+01:00","ext":9007199254740993,"data":{"n":9223372036854775807,"f":1.0}}',
      ],
    ],
    ["null attributes are absent, null data is data", json({ subject: null, data: null }), {}, [json({ data: null })]],
    [
      "data that is a string",
      json({ datacontenttype: "text/plain", data: "{}" }),
      {},
      [json({ datacontenttype: "text/plain", data: "{}" })],
    ],
    [
      "data_base64 of JSON",
      json({ datacontenttype: "application/vnd.a+json", data_base64: btoa('{"a":1}') }),
      {},
      [json({ datacontenttype: "application/vnd.a+json", data: { a: 1 } })],
    ],
    [
      "data_base64 of text",
      json({ datacontenttype: "text/xml", data_base64: btoa("<a/>") }),
      {},
      [json({ datacontenttype: "text/xml", data: "<a/>" })],
    ],
    [
      "data_base64 of bytes",
      json({ datacontenttype: "image/png", data_base64: "/9j/4A==" }),
      {},
      [json({ datacontenttype: "image/png", data_base64: "/9j/4A==" })],
    ],
    [
      "a batch",
      `[${json()},${json({ id: "2" })}]`,
      { "content-type": "application/cloudevents-batch+json" },
      [json(), json({ id: "2" })],
    ],
    ["a batch without headers", `[${json()}]`, {}, [json()]],
    ["an empty batch", "[]", { "content-type": "application/cloudevents-batch+json" }, []],
    [
      "binary, JSON",
      '{"a": 1}',
      { ...ce, "content-type": "application/json" },
      [json({ datacontenttype: "application/json", data: { a: 1 } })],
    ],
    [
      "binary, headers in any case",
      "",
      { "CE-SpecVersion": "1.0", "Ce-Id": "1", "cE-source": "auth.example.com", "ce-Type": "login" },
      [json()],
    ],
    [
      "binary, percent-encoded",
      "",
      { ...ce, "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80" },
      [json({ subject: "Euro € 😀" })],
    ],
    ["binary, a raw %", "", { ...ce, "ce-subject": "100% %zz %4 %41" }, [json({ subject: "100% %zz %4 A" })]],
    [
      "binary, an attribute that is called as every object has it",
      "",
      { ...ce, "ce-constructor": "%41%zz" },
      [json({ constructor: "A%zz" })],
    ],
    ["binary, quoted", "", { ...ce, "ce-subject": '"a \\"b\\" %22"' }, [json({ subject: 'a "b" "' })]],
    [
      "binary, text",
      "hi",
      { ...ce, "content-type": "text/plain" },
      [json({ datacontenttype: "text/plain", data: "hi" })],
    ],
    [
      "binary, bytes",
      new Uint8Array([255, 216]),
      { ...ce, "content-type": "image/jpeg" },
      [json({ datacontenttype: "image/jpeg", data_base64: "/9g=" })],
    ],
    ["binary without a content type: JSON if it is JSON", "[1]", ce, [json({ data: [1] })]],
    ["binary without a content type: else text", "hello", ce, [json({ data: "hello" })]],
    ["extensions", json({ myext: true, other: -3 }), {}, [json({ myext: true, other: -3 })]],
  ];
  for (const [name, payload, headers, documents] of cases) {
    it(name, () => expect(decode(payload, headers)).toEqual({ documents, codes: [] }));
  }
});

describe("what is not", () => {
  const cases: [
    name: string,
    payload: string | Uint8Array,
    headers: Record<string, string | string[]>,
    code: string,
  ][] = [
    ["no JSON", "hello", {}, "EVENT_NOT_JSON"],
    ["half of it", json().slice(0, -1), {}, "EVENT_NOT_JSON"],
    ["nothing", "", {}, "EVENT_NOT_JSON"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), {}, "EVENT_NOT_JSON"],
    ["JSON that is no object", "3", {}, "EVENT_INVALID"],
    ["an object that is no event", "{}", {}, "EVENT_INVALID"],
    ["specversion 0.3", json({ specversion: "0.3" }), {}, "EVENT_VERSION"],
    ["specversion as a number", json({ specversion: 1.5 }), {}, "EVENT_VERSION"],
    ["specversion that is anything", json({ specversion: { a: 1 } }), {}, "EVENT_VERSION"],
    ["no source", json({ source: undefined }), {}, "EVENT_INVALID"],
    ["null as type", json({ type: null }), {}, "EVENT_INVALID"],
    ["an empty id", json({ id: "" }), {}, "EVENT_INVALID"],
    ["a number as id", json({ id: 1 }), {}, "EVENT_INVALID"],
    ["an empty subject", json({ subject: "" }), {}, "EVENT_INVALID"],
    ["a source that is no URI reference", json({ source: "a b" }), {}, "EVENT_INVALID"],
    ["a time that is none", json({ time: "yesterday" }), {}, "EVENT_INVALID"],
    ["a time without an offset", json({ time: "2025-01-01T00:00:00" }), {}, "EVENT_INVALID"],
    ["February 30", json({ time: "2025-02-30T00:00:00Z" }), {}, "EVENT_INVALID"],
    ["a name in upper case", json({ myExt: "a" }), {}, "EVENT_INVALID"],
    ["an empty name", json({ "": "a" }), {}, "EVENT_INVALID"],
    ["__proto__ as a name", `${json().slice(0, -1)},"__proto__":{"id":"x"}}`, {}, "EVENT_INVALID"],
    ["an attribute that is an object", json({ ext: {} }), {}, "EVENT_INVALID"],
    ["an attribute that is a fraction", json({ ext: 1.5 }), {}, "EVENT_INVALID"],
    ["data twice", json({ data: 1, data_base64: "" }), {}, "EVENT_INVALID"],
    ["data_base64 that is none", json({ data_base64: "*" }), {}, "EVENT_INVALID"],
    [
      "data_base64 of bad JSON",
      json({ datacontenttype: "application/json", data_base64: btoa("{") }),
      {},
      "EVENT_NOT_JSON",
    ],
    ["binary with bad JSON", "{", { ...ce, "content-type": "application/json" }, "EVENT_NOT_JSON"],
    ["binary without a type", "", { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "a" }, "EVENT_INVALID"],
    ["a header twice", "", { ...ce, "ce-subject": ["a", "b"] }, "EVENT_INVALID"],
    ["a header twice in two cases", "", { ...ce, "CE-TYPE": "b" }, "EVENT_INVALID"],
    ["a header that is called as what every object has", "", { ...ce, "ce-__proto__": "%41" }, "EVENT_INVALID"],
    ["data as a header", "", { ...ce, "ce-data": "a" }, "EVENT_INVALID"],
    ["another format", "x", { "content-type": "application/cloudevents+avro" }, "EVENT_INVALID"],
    ["a batch that is no list", json(), { "content-type": "application/cloudevents-batch+json" }, "EVENT_INVALID"],
    ["too much", new Uint8Array(payloadBytesMax + 1), {}, "EVENT_TOO_LARGE"],
    ["too deep", `${json().slice(0, -1)},"data":${"[".repeat(100_000)}}`, {}, "EVENT_NOT_JSON"],
  ];
  for (const [name, payload, headers, code] of cases) {
    it(name, () => {
      expect(decode(payload, headers)).toEqual({ documents: [], codes: [code] });
      const [problem] = decodeDelivery(deliver(payload, headers)).problems;
      expect(problem).toMatchObject({ severity: "error", at: { stream: "bus/USERS", sequence: 7 } });
      expect(problem?.message.length).toBeLessThan(400);
    });
  }
});

it("one bad event of a batch leaves the others alone", () => {
  const { documents, codes } = decode(`[${json()}, 3, ${json({ specversion: "0.3" })}, ${json({ id: "4" })}]`);
  expect(documents).toEqual([json(), json({ id: "4" })]);
  expect(codes).toEqual(["EVENT_INVALID", "EVENT_VERSION"]);
});

it("a message as large as may be is decoded", () => {
  const empty = json({ data: "" });
  const payload = empty.replace('"data":""', `"data":"${"x".repeat(payloadBytesMax - empty.length)}"`);
  expect(payload.length).toBe(payloadBytesMax);
  expect(decode(payload).codes).toEqual([]);
});

it("whatever arrives is decoded or a problem, and never thrown", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  const header = fc.constantFrom("content-type", "ce-id", "Ce-Source", "ce-type", "ce-specversion", "ce-", "ce-time");
  const value = fc.oneof(
    fc.constantFrom("1.0", "application/json", "application/cloudevents+json", "application/cloudevents-batch+json"),
    fc.string(),
  );
  fc.assert(
    fc.property(anything, fc.dictionary(header, value), (payload, headers) => {
      const { events, problems } = decodeDelivery(deliver(payload, headers));
      const isBatch = events.length + problems.length !== 1;
      if (isBatch) expect(payload[0] === 0x5b || payload[0] === 0x20).toBe(true);
    }),
  );
});

it("structured events come out as they went in, whatever their data", () => {
  const data = fc.jsonValue().map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(data, (text) => {
      const { events } = decodeDelivery(deliver(`${json().slice(0, -1)},"data":${text}}`));
      const decoded: Json = events[0]?.event.document.get("data") ?? null;
      expect(JSON.parse(writeJson(decoded))).toEqual(JSON.parse(text));
    }),
  );
});
