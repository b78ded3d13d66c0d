/**
 * Random and mutated messages, as anybody who may publish can send them: CloudEvents in every mode of the NATS binding,
 * good but for what stands in them, malformed, mutated byte by byte, or nothing of the kind.
 */
import { deflateRawSync, gzipSync } from "node:zlib";
import {
  type Draw,
  drawFrom,
  hostileBase64,
  hostileJson,
  hostileText,
  hostileTime,
  largeJson,
} from "./hostile-values.ts";

export interface HostileMessage {
  readonly kind: MessageKind;
  /** Of the NATS message. */
  readonly subject: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly payload: Uint8Array;
}

export const messageKinds = [
  "structured",
  "bare",
  "batch",
  "binary",
  "large",
  "mutated",
  "packed",
  "marker",
  "noise",
] as const;
export type MessageKind = (typeof messageKinds)[number];

type Headers = readonly (readonly [name: string, ...values: string[]])[];
interface Draft {
  readonly headers: Headers;
  readonly payload: Uint8Array | string;
}

/** One in so many is large: these take a thousand times as long as others. */
const largeOneIn = 1500;
const encoder = new TextEncoder();

const mediaTypes: readonly string[] = [
  ...[
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/vnd.acme+json",
    "text/json",
  ],
  ...["text/plain", "text/plain; charset=iso-8859-1", "text/xml", "application/xml", "application/octet-stream"],
  ...[
    "image/png",
    "application/x-protobuf",
    "application/x-www-form-urlencoded",
    "application/yaml",
    "",
    " ",
    "json",
    "/",
  ],
  ...[";charset=utf-8", "a/b/c", "text/plain\u0000", `text/${"x".repeat(5000)}`, "application/cloudevents+xml"],
];
const structuredTypes: readonly string[] = [
  ...["application/cloudevents+json", "application/cloudevents+json; charset=UTF-8", "Application/CloudEvents+JSON"],
  ...["application/cloudevents", "application/cloudevents+avro", "application/cloudevents-batch"],
];
/** Tokens that no subject of a subscription has, and such as only a server without checks lets pass. */
const subjects: readonly string[] = [
  ...[
    "x.y",
    "x.y",
    "x.y",
    "x.y",
    "h.y",
    "z.y",
    "x",
    "x.*",
    "x.>",
    "x..y",
    ".x",
    "x.",
    "$SYS.x",
    "x.\u0000",
    "x.😀",
    "x.a b",
  ],
  ...["_INBOX.abc", "$JS.ACK.x", `x.${"y".repeat(4000)}`, `x${".y".repeat(500)}`, "x.__proto__"],
];

/** `"name":value` of a CloudEvent as JSON; good but for the values that people choose. */
function goodMembers(draw: Draw): string[] {
  const { random, pick, below } = draw;
  const text = () => JSON.stringify(random() < 0.8 ? `user-${below(100)}` : hostileText(draw));
  const members = [
    '"specversion":"1.0"',
    `"id":${pick(['"1"', '"2"', '"3"', text()])}`,
    '"source":"/s"',
    `"type":${pick(['"here"', '"here"', '"gone"', '"blank"'])}`,
    `"subject":${text()}`,
  ];
  if (random() < 0.3)
    members.push(`"time":${JSON.stringify(random() < 0.7 ? "2026-01-01T00:00:00+02:00" : hostileTime(draw))}`);
  if (random() < 0.2) members.push(`"datacontenttype":${JSON.stringify(pick(mediaTypes))}`);
  if (random() < 0.1) members.push(`"data_base64":${JSON.stringify(hostileBase64(draw))}`);
  else members.push(`"data":${hostileJson(draw)}`);
  return members;
}

/** Some of it amiss: a member missing, twice, of another type, of another name, or one too many. */
function badMembers(draw: Draw): string[] {
  const { pick, below } = draw;
  const members = goodMembers(draw);
  const at = below(members.length);
  const name = /^"[^"]*"/.exec(members[at]!)![0];
  switch (below(7)) {
    case 0:
      members.splice(at, 1);
      break;
    case 1:
      members.push(members[at]!);
      break;
    case 2:
      members[at] = `${name}:${hostileJson(draw)}`;
      break;
    case 3:
      members[at] = members[at]!.replace(name, JSON.stringify(hostileText(draw)));
      break;
    case 4:
      members[at] = `"specversion":${pick(['"0.3"', '"1.1"', '"1.0 "', "1.0", "1", "null", '"2.0"'])}`;
      break;
    case 5:
      members.push(`"dataschema":${JSON.stringify(pick(["https://example.com/s", "no uri", "urn:a", "%zz"]))}`);
      break;
    default:
      members.push(
        `${JSON.stringify(pick(["ext", "Ext", "e-xt", "__proto__", hostileText(draw)]))}:${hostileJson(draw)}`,
      );
  }
  return members;
}

function eventText(draw: Draw): string {
  const members = draw.random() < 0.75 ? goodMembers(draw) : badMembers(draw);
  return `{${members.join()}}`;
}

function binaryHeaders(draw: Draw): Headers {
  const { random, pick, below } = draw;
  const value = () => (random() < 0.8 ? `user-${below(100)}` : hostileText(draw));
  const prefix = pick(["ce-", "ce-", "ce-", "Ce-", "CE-"]);
  const headers: [string, ...string[]][] = [
    [`${prefix}specversion`, random() < 0.9 ? "1.0" : pick(["0.3", "", "1"])],
    [`${prefix}id`, random() < 0.9 ? "1" : value()],
    [`${prefix}source`, pick(["/s", "/s", "/s", "/s%20s", "a b", value()])],
    [`${prefix}type`, pick(["here", "gone", "blank", "%68ere"])],
    [`${prefix}subject`, pick([value(), encodeURIComponent(value().toWellFormed()), `"${value()}"`])],
  ];
  if (random() < 0.6) headers.push([pick(["content-type", "Content-Type"]), pick(mediaTypes)]);
  if (random() < 0.3) headers.push([`${prefix}time`, hostileTime(draw)]);
  if (random() < 0.2)
    headers.push([`ce-${pick(["ext", "data", "data_base64", "", "__proto__", "ID", "e.x"])}`, value()]);
  if (random() < 0.05) headers.push([`${prefix}id`, "1", "2"]);
  if (random() < 0.1) headers.splice(below(headers.length), 1);
  if (random() < 0.05) headers.push(["content-encoding", "gzip"]);
  return headers;
}

function mutate(draw: Draw, text: string): Uint8Array {
  const { below, random } = draw;
  let bytes = encoder.encode(text);
  for (let left = 1 + below(3); left > 0 && bytes.length > 0; left--) {
    const [from, to] = [below(bytes.length), below(bytes.length)].sort((one, other) => one - other) as [number, number];
    const kind = random();
    if (kind < 0.5) bytes[from]! ^= 1 << below(8);
    else if (kind < 0.65) bytes = bytes.slice(0, from);
    else if (kind < 0.8) bytes = Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]);
    else if (kind < 0.9) bytes = Uint8Array.from([...bytes.subarray(0, to), ...bytes.subarray(from)]);
    else bytes[from] = below(256);
  }
  return bytes;
}

const noBytes = new Uint8Array();

const drafts: Readonly<Record<MessageKind, (draw: Draw) => Draft>> = {
  structured: (draw) => ({ headers: [["content-type", draw.pick(structuredTypes)]], payload: eventText(draw) }),
  bare: (draw) => ({ headers: [], payload: eventText(draw) }),
  batch: (draw) => {
    const items = Array.from({ length: draw.below(5) }, () =>
      draw.random() < 0.9 ? eventText(draw) : draw.pick(["null", "[]", "1", '"x"', "[[]]", hostileJson(draw)]),
    );
    const payload = `[${items.join()}]`;
    return { headers: draw.pick([[["content-type", "application/cloudevents-batch+json"]], []]), payload };
  },
  binary: (draw) => {
    const payload = draw.pick([
      hostileJson(draw),
      hostileText(draw),
      noBytes,
      Uint8Array.from([0xff, 0xfe, draw.below(256)]),
    ]);
    return { headers: binaryHeaders(draw), payload };
  },
  large: (draw) => {
    const data = largeJson(draw);
    const subject = draw.random() < 0.9 ? '"large"' : data;
    if (draw.random() < 0.3) return { headers: binaryHeaders(draw), payload: data };
    const type = draw.pick(["here", "gone"]);
    return {
      headers: [],
      payload: `{"specversion":"1.0","id":"1","source":"/s","type":"${type}","subject":${subject},"data":${data}}`,
    };
  },
  mutated: (draw) => {
    const isBinary = draw.random() < 0.2;
    return { headers: isBinary ? binaryHeaders(draw) : [], payload: mutate(draw, eventText(draw)) };
  },
  packed: (draw) => {
    const packed = draw.pick([gzipSync, deflateRawSync])(eventText(draw), { level: 1 });
    const headers = draw.pick<Headers>([[], [["content-encoding", "gzip"]], binaryHeaders(draw)]);
    return { headers, payload: packed };
  },
  marker: (draw) => {
    const name = draw.pick([
      "Nats-Marker-Reason",
      "KV-Operation",
      "Nats-Schedule",
      "Nats-Rollup",
      "Nats-TTL",
      "Status",
    ]);
    const headers: Headers = [[name, draw.pick(["MaxAge", "DEL", "", hostileText(draw)])]];
    return { headers, payload: draw.pick([noBytes, eventText(draw)]) };
  },
  noise: (draw) => {
    const bytes = () => Uint8Array.from({ length: draw.below(60) }, () => draw.below(256));
    const payload = draw.pick<string | Uint8Array>([bytes(), hostileText(draw), hostileJson(draw)]);
    return { headers: [[hostileText(draw) || "x", hostileText(draw)]], payload };
  },
};

/** Messages without end, the same for the same seed. */
export function createHostileMessages(random: () => number): () => HostileMessage {
  const draw = drawFrom(random);
  const usual = messageKinds.filter((kind) => kind !== "large" && kind !== "packed");
  // Packing takes long, and comes to the same each time.
  const kindOf = () => (draw.below(largeOneIn) === 0 ? "large" : draw.below(100) === 0 ? "packed" : draw.pick(usual));
  return () => {
    const kind = kindOf();
    const { headers, payload } = drafts[kind](draw);
    const merged = new Map<string, string[]>();
    for (const [name, ...values] of headers) merged.set(name, [...(merged.get(name) ?? []), ...values]);
    return {
      kind,
      subject: draw.pick(kind === "large" ? ["x.y", "h.y", "z.y", "f.y", "f.y"] : subjects),
      headers: merged,
      payload: typeof payload === "string" ? encoder.encode(payload) : payload,
    };
  };
}
