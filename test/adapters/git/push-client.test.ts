/** What the push client makes of servers that answer well, badly, or not at all. */
import { describe, expect, it } from "vitest";
import { type ByteSource, sourceOf } from "../../../src/adapters/git/byte-source.ts";
import { encodePacket, flushPacket } from "../../../src/adapters/git/pkt-line.ts";
import { PushClient } from "../../../src/adapters/git/push-client.ts";
import type { Advertisement, Connection, Transport } from "../../../src/adapters/git/transport.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import type { RefOutcome, RefUpdate } from "../../../src/ports/git.ts";
import { MemoryLog } from "../../tools/memory-log.ts";

const [old, mine, other] = ["1".repeat(40), "2".repeat(40), "3".repeat(40)];
const both: RefUpdate[] = [
  { branch: "state", from: old, to: mine },
  { branch: "main", from: old, to: mine },
];
const usual = "report-status report-status-v2 side-band-64k atomic ofs-delta quiet object-format=sha1 agent=git/2";

/** A server: what it has, and what it answers to each push (the refs afterwards included). */
interface Script {
  readonly capabilities?: string;
  readonly refs?: Record<string, string>;
  readonly answers: readonly {
    readonly bytes: readonly Buffer[];
    readonly refs?: Record<string, string>;
    readonly error?: Error;
  }[];
}

class ScriptedTransport implements Transport {
  readonly requests: string[] = [];
  readonly #script: Script;
  #refs: Record<string, string>;

  constructor(script: Script) {
    this.#script = script;
    this.#refs = script.refs ?? { state: old, main: old };
  }

  async connect(): Promise<Connection> {
    const exchange = async function* (this: ScriptedTransport, request: readonly ByteSource[]) {
      const answer = this.#script.answers[this.requests.length]!;
      this.requests.push(Buffer.concat(request.flatMap((part) => [...part.pieces()])).toString("latin1"));
      this.#refs = answer.refs ?? this.#refs;
      yield* answer.bytes;
      if (answer.error !== undefined) throw answer.error;
    };
    return {
      advertisement: await this.readRefs(),
      isFresh: true,
      knowsRefs: true,
      exchange: exchange.bind(this),
      close: () => undefined,
    };
  }

  async readRefs(): Promise<Advertisement> {
    const words = (this.#script.capabilities ?? usual)
      .split(" ")
      .map((word) => word.split("=", 2) as [string, string?]);
    return {
      refs: new Map(Object.entries(this.#refs).map(([branch, id]) => [`refs/heads/${branch}`, id])),
      capabilities: new Map(words.map(([name, value]) => [name, value ?? ""])),
    };
  }

  close(): void {}
}

const band = (number: number, bytes: Buffer | string) =>
  encodePacket(Buffer.concat([Buffer.from([number]), Buffer.from(bytes as string)]));
const lines = (...texts: string[]) => Buffer.concat([...texts.map((text) => encodePacket(`${text}\n`)), flushPacket]);
const report = (...texts: string[]) => [band(1, lines(...texts)), flushPacket];

async function push(script: Script, updates = both) {
  const transport = new ScriptedTransport(script);
  const log = new MemoryLog();
  const outcomes = await new PushClient(transport, log).push(updates, () => sourceOf(Buffer.from("PACK")));
  return { transport, log, kinds: kindsOf(outcomes) };
}

const kindsOf = (outcomes: ReadonlyMap<string, RefOutcome>) =>
  Object.fromEntries([...outcomes].map(([branch, { kind }]) => [branch, kind]));
const landed = { state: mine, main: mine };
const done = report("unpack ok", "ok refs/heads/state", "ok refs/heads/main");

describe("outcomes", () => {
  const cases: { name: string; script: Script; kinds: Record<string, string> }[] = [
    {
      name: "all is well",
      script: { answers: [{ bytes: done, refs: landed }] },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "options of the second report version are passed over",
      script: {
        answers: [
          {
            bytes: report("unpack ok", "ok refs/heads/state", "option refname refs/heads/x", "ok refs/heads/main"),
            refs: landed,
          },
        ],
      },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "the report comes byte by byte",
      script: { answers: [{ bytes: [...Buffer.concat(done)].map((byte) => Buffer.from([byte])), refs: landed }] },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "a server without bands",
      script: {
        capabilities: "report-status atomic",
        answers: [{ bytes: [lines("unpack ok", "ok refs/heads/state", "ok refs/heads/main")], refs: landed }],
      },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "a server that reports nothing",
      script: { capabilities: "atomic", answers: [{ bytes: [], refs: landed }] },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "somebody was there before",
      script: { refs: { state: old, main: other }, answers: [] },
      kinds: { main: "moved" },
    },
    {
      name: "our lost push had arrived",
      script: { refs: landed, answers: [] },
      kinds: { state: "pushed", main: "pushed" },
    },
    {
      name: "somebody comes at the same time",
      script: {
        answers: [
          {
            bytes: report(
              "unpack ok",
              "ng refs/heads/state transaction failed",
              "ng refs/heads/main failed to update ref",
            ),
            refs: { state: old, main: other },
          },
        ],
      },
      kinds: { main: "moved" },
    },
    {
      name: "a lock is in the way",
      script: {
        answers: [
          {
            bytes: report(
              "unpack ok",
              "ng refs/heads/state atomic transaction failed",
              "ng refs/heads/main atomic transaction failed",
            ),
          },
        ],
      },
      kinds: { state: "moved", main: "moved" },
    },
    {
      name: "a hook refuses one",
      script: {
        answers: [
          { bytes: report("unpack ok", "ng refs/heads/state atomic push failure", "ng refs/heads/main hook declined") },
        ],
      },
      kinds: { main: "refused" },
    },
    {
      name: "the pack is refused",
      script: {
        answers: [
          {
            bytes: report(
              "unpack index-pack abnormal exit",
              "ng refs/heads/state unpacker error",
              "ng refs/heads/main unpacker error",
            ),
          },
        ],
      },
      kinds: { state: "refused", main: "refused" },
    },
    {
      name: "without atomic pushes the first failure ends it",
      script: {
        capabilities: "report-status side-band-64k",
        answers: [{ bytes: report("unpack ok", "ng refs/heads/state pre-receive hook declined") }],
      },
      kinds: { state: "refused" },
    },
  ];

  it.each(cases)("$name", async ({ script, kinds }) => expect((await push(script)).kinds).toEqual(kinds));
});

it("asks for what the server offers, and for no more", async () => {
  const full = await push({ answers: [{ bytes: done, refs: landed }] });
  expect(full.transport.requests[0]).toContain(
    `${old} ${mine} refs/heads/state\0 report-status-v2 side-band-64k quiet atomic object-format=sha1 agent=sluice`,
  );
  const bare = await push({
    capabilities: "report-status",
    answers: [
      { bytes: [lines("unpack ok", "ok refs/heads/state")], refs: { state: mine, main: old } },
      { bytes: [lines("unpack ok", "ok refs/heads/main")], refs: landed },
    ],
  });
  expect(bare.kinds).toEqual({ state: "pushed", main: "pushed" });
  expect(
    bare.transport.requests.map((request) => request.slice(request.indexOf("\0"), request.indexOf("0000PACK"))),
  ).toEqual(["\0 report-status", "\0 report-status"]);
});

it("hands on what the server tells people, line by line, whatever it is cut into", async () => {
  const { log } = await push({
    answers: [
      {
        bytes: [band(2, "Counting 50%\rCounting 100%\nSee htt"), band(2, "ps://example.com\n\n"), ...done],
        refs: landed,
      },
    ],
  });
  expect(log.lines.map(({ fields }) => fields.remote)).toEqual([
    "Counting 50%",
    "Counting 100%",
    "See https://example.com",
  ]);
});

const broken: { name: string; bytes: Buffer[]; error?: Error }[] = [
  { name: "nothing", bytes: [] },
  { name: "half a report", bytes: [band(1, encodePacket("unpack ok\n"))] },
  { name: "a packet that is cut short", bytes: [Buffer.from("0123ab")] },
  { name: "a web page", bytes: [Buffer.from("<html>Bad gateway</html>")] },
  { name: "a packet of impossible length", bytes: [Buffer.from("0003")] },
  { name: "a fatal error", bytes: [band(3, "out of disk space")] },
  { name: "a connection cut", bytes: [], error: new SluiceError({ code: "GIT_UNAVAILABLE", message: "cut" }) },
];

it.each(broken)("knows nothing after $name", async ({ bytes, error }) => {
  const answer = error === undefined ? { bytes } : { bytes, error };
  const caught = await push({ answers: [answer] }).catch((thrown: unknown) => thrown);
  expect(caught).toBeInstanceOf(SluiceError);
  expect((caught as SluiceError).problem.code).toBe("GIT_UNAVAILABLE");
});
