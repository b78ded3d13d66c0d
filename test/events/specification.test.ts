/**
 * What the CloudEvents specification (1.0.2) says of the JSON event format, of batches and of headers in binary mode: its
 * examples, and a row for each rule that a receiver must keep.
 */
import { describe, expect, it } from "vitest";
import { decodeDelivery } from "../../src/events/decode-delivery.ts";
import { writeJson } from "../../src/model/json.ts";

type Headers = Record<string, string | string[]>;

function decode(payload: string | Uint8Array, headers: Headers = {}) {
  return decodeDelivery({
    connection: "bus",
    stream: "bus/S",
    position: { epoch: "e", sequence: 1, time: "2026-01-01T00:00:00Z" },
    subject: "s",
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
  });
}

/** The one event's members, as plain JSON. */
function eventOf(payload: string | Uint8Array, headers: Headers = {}): Record<string, unknown> {
  const { events, problems } = decode(payload, headers);
  expect(problems).toEqual([]);
  expect(events).toHaveLength(1);
  return JSON.parse(writeJson(events[0]!.event.document)) as Record<string, unknown>;
}

const common = {
  specversion: "1.0",
  type: "com.example.someevent",
  source: "/mycontext",
  time: "2018-04-05T17:31:00Z",
  comexampleextension1: "value",
  comexampleothervalue: 5,
};
/** As headers every value is text. */
const headersOf = (attributes: Record<string, unknown>, contentType?: string): Headers => ({
  ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)])),
  ...(contentType === undefined ? {} : { "content-type": contentType }),
});
const bytes = Uint8Array.of(0, 1, 0x80, 0xff);
const base64 = Buffer.from(bytes).toString("base64");

describe("the examples of the JSON event format, and the same in binary mode", () => {
  const object = { appinfoA: "abc", appinfoB: 123, appinfoC: true };
  const examples: [name: string, event: Record<string, unknown>, body: string | Uint8Array][] = [
    [
      "binary data",
      { id: "A234", datacontenttype: "application/vnd.apache.thrift.binary", data_base64: base64 },
      bytes,
    ],
    [
      "XML in a string",
      { id: "B234", datacontenttype: "application/xml", data: '<much wow="xml"/>' },
      '<much wow="xml"/>',
    ],
    ["a JSON object", { id: "C234", datacontenttype: "application/json", data: object }, JSON.stringify(object)],
    [
      "a JSON string",
      { id: "D234", datacontenttype: "application/json", data: "I'm just a string" },
      '"I\'m just a string"',
    ],
  ];
  it.each(examples)("%s", (_, event, body) => {
    const whole = { ...common, ...event };
    expect(eventOf(JSON.stringify({ ...whole, subject: null, unsetextension: null }))).toEqual(whole);
    const { data: _data, data_base64: _base64, datacontenttype, ...attributes } = whole as Record<string, unknown>;
    // A header has no types: the integer of an extension comes as text.
    expect(eventOf(body, headersOf(attributes, String(datacontenttype)))).toEqual({
      ...whole,
      comexampleothervalue: "5",
    });
  });

  it("a batch of two, and an empty one", () => {
    const type = { "content-type": "application/cloudevents-batch+json; charset=UTF-8" };
    const batch = [
      { ...common, id: "B", datacontenttype: "application/vnd.apache.thrift.binary", data_base64: base64 },
      { ...common, id: "C", datacontenttype: "application/json", data: object },
    ];
    const { events, problems } = decode(JSON.stringify(batch), type);
    expect(problems).toEqual([]);
    expect(events.map(({ event }) => JSON.parse(writeJson(event.document)))).toEqual(batch);
    expect(decode("[]", type)).toEqual({ events: [], problems: [] });
  });
});

describe("data: the content type alone decides", () => {
  const utf8 = new TextEncoder().encode('{"a":1}');
  const b64 = (data: Uint8Array | string) => Buffer.from(data).toString("base64");
  const json = { data: { a: 1 } };
  const text = { data: '{"a":1}' };
  const raw = { data_base64: b64(utf8) };
  const rows: [contentType: string | undefined, structured: object, binary: object][] = [
    ["application/json", json, json],
    ["application/json; charset=utf-8", json, json],
    ["Application/JSON", json, json],
    ["text/json", json, json],
    ["model/json", json, json],
    ["application/vnd.acme.order+json;v=2", json, json],
    ["text/plain", text, text],
    ["application/xml", text, text],
    ["image/svg+xml", text, text],
    ["application/yaml", text, text],
    ["application/x; charset=utf-8", text, text],
    ["application/protobuf", raw, raw],
    ["application/octet-stream", raw, raw],
    ["image/png", raw, raw],
    ["application/jsonp", raw, raw],
    ["nonsense", raw, raw],
    // Nobody has said what it is: bytes in the JSON format, and in binary mode what looks like a document is one.
    [undefined, raw, json],
  ];
  it.each(rows)("%s", (contentType, structured, binary) => {
    const attributes = { ...common, id: "1" };
    const type = contentType === undefined ? {} : { datacontenttype: contentType };
    const member = ({ data, data_base64 }: Record<string, unknown>) => ({
      ...(data === undefined ? {} : { data }),
      ...(data_base64 === undefined ? {} : { data_base64 }),
    });
    expect(member(eventOf(JSON.stringify({ ...attributes, ...type, data_base64: b64(utf8) })))).toEqual(structured);
    expect(member(eventOf(utf8, headersOf(attributes, contentType)))).toEqual(binary);
  });

  const untyped: [body: string | Uint8Array, member: object][] = [
    ["[1]", { data: [1] }],
    [' {"a": [1]}\n', { data: { a: [1] } }],
    ["12345", { data: "12345" }],
    ["1e5", { data: "1e5" }],
    ["true", { data: "true" }],
    ["null", { data: "null" }],
    ['"quoted"', { data: '"quoted"' }],
    ["{ not json", { data: "{ not json" }],
    ["hello", { data: "hello" }],
    [bytes, { data_base64: base64 }],
  ];
  it.each(untyped)("in binary mode without one: %j", (body, member) => {
    expect(eventOf(body, headersOf({ ...common, id: "1" }))).toMatchObject(member);
  });

  it.each(["\u0001\u0002abc", "plain"])("bytes that happen to be text stay bytes: %j", (body) => {
    const event = eventOf(body, headersOf({ ...common, id: "1" }, "application/protobuf"));
    expect(event).toMatchObject({ data_base64: b64(body) });
  });

  it("a data member is what it is, whatever the type, and a string of JSON is a string", () => {
    const event = { ...common, id: "1", datacontenttype: "application/json", data: '{"a":1}' };
    expect(eventOf(JSON.stringify(event))).toEqual(event);
    const untypedEvent = { ...common, id: "1", data: [1, null] };
    expect(eventOf(JSON.stringify(untypedEvent))).toEqual(untypedEvent);
  });

  it("text that is no UTF-8 is refused, not made bytes of", () => {
    const { problems } = decode(bytes, headersOf({ ...common, id: "1" }, "text/plain"));
    expect(problems).toMatchObject([{ code: "EVENT_INVALID" }]);
    expect(problems[0]!.message).toContain("text/plain");
  });
});

describe("headers in binary mode", () => {
  const subjects: [header: string, subject: string][] = [
    ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
    ["Euro%20%e2%82%ac", "Euro €"],
    ["%41%2f", "A/"],
    ["a%2520b", "a%20b"],
    ['"quoted \\"text\\""', 'quoted "text"'],
    ['"50%25"', "50%"],
    ["100%", "100%"],
    ["100% of %zz", "100% of %zz"],
    ["name@example.com", "name@example.com"],
  ];
  it.each(subjects)("subject %s", (header, subject) => {
    expect(eventOf("", headersOf({ ...common, id: "1", subject: header }))).toMatchObject({ subject });
  });

  const refused: [attribute: string, header: string][] = [
    ["subject", "%C0%A0"],
    ["subject", "%ED%A0%80"],
    ["subject", "%ff"],
    ["subject", "%E2%82"],
    ["subject", "a%00b"],
    ["subject", "a%0Ab"],
    ["subject", "%C2%85"],
    ["subject", "%EF%BF%BE"],
    ["comexampleextension1", "%C0%80"],
    ["comexampleextension1", "%1B[31m"],
    ["id", "%7F"],
    ["type", "a%09b"],
    ["source", "a b"],
    ["source", "%C0%A0 "],
  ];
  it.each(refused)("%s: %s is refused", (attribute, header) => {
    const { events, problems } = decode("", headersOf({ ...common, id: "1", [attribute]: header }));
    expect(events).toEqual([]);
    expect(problems).toMatchObject([{ code: "EVENT_INVALID" }]);
    expect(problems[0]!.message).toContain(attribute);
  });

  const sources: [header: string, source: string][] = [
    // Valid as it stands, and no URI-reference decoded: senders that encode nothing.
    ["https://example.com/s%C3%B6urce/a%20b", "https://example.com/s%C3%B6urce/a%20b"],
    ["urn:x:%ff", "urn:x:%ff"],
    ["/a%22b", "/a%22b"],
    ["/100%25", "/100%25"],
    // Valid both ways: the rule is to decode once.
    ["/a%2Fb", "/a/b"],
    ["%2Fmycontext", "/mycontext"],
    ["https://example.com/a%2520b", "https://example.com/a%20b"],
  ];
  it.each(sources)("source %s", (header, source) => {
    expect(eventOf("", headersOf({ ...common, id: "1", source: header }))).toMatchObject({ source });
  });

  it("dataschema is read as source is", () => {
    const dataschema = "https://example.com/sch%C3%A9ma.json";
    expect(eventOf("", headersOf({ ...common, id: "1", dataschema }))).toMatchObject({ dataschema });
  });
});

describe("attributes", () => {
  const event = { ...common, id: "1" };
  const names = ["validate", "tostring", "constructor", "clonewith", "tojson", "data0", "subject1", "emit"];
  it.each(names)("an extension may be called %s", (name) => {
    expect(eventOf(JSON.stringify({ ...event, [name]: "x" }))).toMatchObject({ [name]: "x" });
    expect(eventOf("", headersOf({ ...event, [name]: "x" }))).toMatchObject({ [name]: "x" });
  });

  const good: [string, unknown][] = [
    ["source", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"],
    ["source", "mailto:cncf-wg-serverless@lists.cncf.io"],
    ["source", "1-555-123-4567"],
    ["source", "/sensors/tn-1234567/alerts"],
    ["source", "#"],
    ["subject", "äöü 漢字 😀"],
    ["time", "2018-04-05T17:31:00.5+02:00"],
    ["dataschema", "urn:schema:1"],
    ["myboolean", true],
    ["myinteger", -2147483648],
    ["mystring", ""],
  ];
  it.each(good)("%s may be %j", (name, value) => {
    expect(eventOf(JSON.stringify({ ...event, [name]: value }))).toMatchObject({ [name]: value });
  });

  const bad: [name: string, value: unknown, told: string][] = [
    ["ratio", 1.5, "1.5"],
    ["ratio", 1e-7, "1e-7"],
    ["source", "with a blank", "with a blank"],
    ["source", "https://example.com/ö", "ö"],
    ["source", "50%", "50%"],
    ["subject", "", "empty"],
    ["subject", 3, "3"],
    ["subject", "a\nb", "U+000A"],
    ["id", "a\u007f", "U+007F"],
    ["type", "\u0085", "U+0085"],
    ["myext", "\uffff", "U+FFFF"],
    ["myext", "\u0000", "U+0000"],
    ["dataschema", "relative/schema.json", "relative/schema.json"],
    ["dataschema", "", "empty"],
    ["datacontenttype", "", "empty"],
    ["datacontenttype", 5, "5"],
    ["time", "2018-04-05", "2018-04-05"],
    ["time", 5, "5"],
    ["time", "2018-02-30T00:00:00Z", "2018-02-30"],
    ["time", "2018-02-03T00:00:00+24:00", "+24:00"],
    ["time", "2018-02-03T00:00:00+00:60", "+00:60"],
    ["time", "2018-02-03T24:00:00Z", "24:00:00"],
    ["source", ":foo", ":foo"],
    ["source", "1a:b", "1a:b"],
    ["source", "http://h:port/x", "h:port"],
    ["source", "http://[::1/x", "[::1"],
    ["source", "a#b#c", "a#b#c"],
    ["source", "/a[b]", "/a[b]"],
  ];
  it.each(bad)("%s may not be %j, and the message says so", (name, value, told) => {
    const { events, problems } = decode(JSON.stringify({ ...event, [name]: value }));
    expect(events).toEqual([]);
    expect(problems).toMatchObject([{ code: "EVENT_INVALID" }]);
    expect(problems[0]!.message).toContain(name);
    expect(problems[0]!.message).toContain(told);
  });
});
