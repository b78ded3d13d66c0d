/** What Sluice writes on the state branch it reads back exactly, whatever events have put into it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeDelivery } from "../../src/events/decode-delivery.ts";
import type { Checkpoint, Pass } from "../../src/model/change-set.ts";
import type { Json } from "../../src/model/json.ts";
import { identityKey } from "../../src/model/manifest.ts";
import type { Owner } from "../../src/model/owner.ts";
import type { Place, Problem } from "../../src/model/problem.ts";
import type { EntityRecord } from "../../src/model/record.ts";
import { parseCheckpoint, writeCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { makeDeadLetter, parseDeadLetter, writeDeadLetter } from "../../src/plan/dead-letter-file.ts";
import { parseOwner, writeOwner } from "../../src/plan/owner-file.ts";
import { parsePositions, writePositions } from "../../src/plan/position-file.ts";
import {
  eventFromDocument,
  parseIdentity,
  parseRecord,
  writeIdentity,
  writeRecord,
} from "../../src/plan/record-file.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
  fc.constantFrom("__proto__", "constructor", "", "\u0000", "\u2028", '"\\\n', "1.0", "null", "𝒳", "a".repeat(1000)),
);
const floats = fc.double({ noNaN: true, noDefaultInfinity: true });
const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    floats,
    fc.constantFrom(3, -0, 1e21, 5e-324),
    texts,
    fc.array(tie("json"), { maxLength: 4 }),
    fc.array(fc.tuple(texts, tie("json")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
})).json;

const places: fc.Arbitrary<Place> = fc.oneof(
  fc.record(
    { file: texts, line: fc.nat(), column: fc.nat(), part: texts, excerpt: texts },
    { requiredKeys: ["file", "line", "column"], noNullPrototype: true },
  ),
  fc.record({ stream: texts, sequence: fc.nat() }, { noNullPrototype: true }),
);
const problems: fc.Arbitrary<Problem> = fc.record(
  {
    code: fc.constantFrom("TEMPLATE_FAILED", "OBJECT_CONFLICT"),
    severity: fc.constantFrom("error", "warning"),
    message: texts,
    at: places,
    hint: texts,
  },
  { requiredKeys: ["code", "severity", "message"], noNullPrototype: true },
) as fc.Arbitrary<Problem>;

const clusters = fc.constantFrom("a/b", "mgmt/prod", "__proto__/__proto__", "x/y");
const identities = fc.record(
  {
    group: fc.constantFrom("", "apps", "rbac.authorization.k8s.io"),
    kind: fc.constantFrom("Namespace", "ConfigMap"),
    namespace: fc.constantFrom("", "default", "a-b"),
    name: fc.constantFrom("x", "system:node:a", "a b", "__proto__", "a.b/c"),
  },
  { noNullPrototype: true },
);
const ranked = fc
  .array(
    fc.record(
      { identity: identities, rank: fc.nat(), skipsNamespace: fc.constant(true) },
      { requiredKeys: ["identity", "rank"], noNullPrototype: true },
    ),
    { maxLength: 3 },
  )
  .map((all) => new Map(all.map((one) => [identityKey(one.identity), one])));
const owners: fc.Arbitrary<Owner> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom("EventTrigger", "ClusterProfile"),
      namespace: fc.constant(""),
      name: fc.constantFrom("a", "b.c", "x-y"),
    },
    { noNullPrototype: true },
  ),
  fc.constant({ kind: "Profile", namespace: "fleet", name: "base" }),
) as fc.Arbitrary<Owner>;
const positions = fc.record(
  { epoch: texts, sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }), time: texts },
  { noNullPrototype: true },
);

describe("records", () => {
  const events = fc
    .record({ document: fc.array(fc.tuple(texts, json), { maxLength: 5 }), id: texts, source: texts, type: texts })
    .map(({ document, ...attributes }) => {
      const all = new Map<string, Json>([...document, ...Object.entries(attributes)]);
      all.delete("subject");
      return eventFromDocument(all);
    });
  const messages = fc.record(
    {
      subject: texts,
      headers: fc
        .array(fc.tuple(texts, fc.array(texts, { maxLength: 3 })), { maxLength: 3 })
        .map((all) => new Map(all)),
      stream: texts,
      sequence: fc.nat(),
      time: texts,
    },
    { noNullPrototype: true },
  );
  const onClusters = fc
    .array(
      fc.tuple(
        clusters,
        fc.record(
          {
            event: fc.constantFrom(0, undefined),
            action: fc.constantFrom("Create", "Delete"),
            objects: ranked,
            waiting: ranked,
            withdrawn: ranked,
            failure: problems,
          },
          { requiredKeys: ["event", "action", "objects", "waiting", "withdrawn"], noNullPrototype: true },
        ),
      ),
      { maxLength: 3 },
    )
    .map((all) => new Map(all));
  const records = fc.record(
    {
      owner: owners,
      entity: fc.record({ connection: texts, source: texts, subject: texts }, { noNullPrototype: true }),
      events: fc.array(fc.record({ event: events, message: messages }, { noNullPrototype: true }), { maxLength: 2 }),
      clusters: onClusters,
      changedAt: texts,
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<EntityRecord>;

  describe("of events that nest as deep as they may", () => {
    const deep = (inner: string) => {
      const data = `${"[".repeat(999)}${inner}${"]".repeat(999)}`;
      const payload = `{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"s","data":${data}}`;
      const decoded = decodeDelivery({
        connection: "bus",
        stream: "bus/S",
        position: { epoch: "e", sequence: 1, time: "2026-01-01T00:00:00Z" },
        subject: "s",
        headers: new Map(),
        payload: new TextEncoder().encode(payload),
      });
      expect(decoded.problems).toEqual([]);
      const [{ event, message } = fail()] = decoded.events;
      return writeRecord({
        owner: { kind: "EventTrigger", namespace: "", name: "all" },
        entity: { connection: "bus", source: "/s", subject: "s" },
        events: [{ event, message }],
        clusters: new Map(),
        changedAt: "",
      });
    };
    const fail = (): never => expect.fail("no event");

    it("come back", () => {
      const text = deep("1");
      expect(writeRecord(parseRecord(text, "records/x.json"))).toBe(text);
    });

    it("are not much longer than the events, however much lies at the bottom", () => {
      const inner = "0,".repeat(100_000);
      expect(deep(`${inner}0`).length).toBeLessThan(inner.length + 10_000);
    });
  });

  it("come back exactly", () => {
    fc.assert(
      fc.property(records, (record) => {
        const text = writeRecord(record);
        const back = parseRecord(text, "records/x.json");
        expect(back).toEqual(record);
        const documents = ({ events: all }: EntityRecord) => all.map(({ event }) => [...event.document]);
        expect(documents(back)).toEqual(documents(record));
        expect(writeRecord(back)).toBe(text);
        expect(text.endsWith("}\n")).toBe(true);
      }),
    );
  });
});

it("identities come back exactly", () => {
  fc.assert(
    fc.property(identities, (identity) => {
      expect(parseIdentity(writeIdentity(identity))).toEqual(identity);
    }),
  );
});

describe("checkpoints", () => {
  const passes: fc.Arbitrary<Pass> = fc.record(
    {
      owner: owners,
      clusters: fc.array(texts, { maxLength: 2 }),
      after: fc.record({ record: texts, cluster: texts }, { noNullPrototype: true }),
    },
    { requiredKeys: ["owner", "after"], noNullPrototype: true },
  ) as fc.Arbitrary<Pass>;
  const checkpoints: fc.Arbitrary<Checkpoint> = fc.record(
    {
      term: fc.record({ number: fc.nat(), holder: texts }, { noNullPrototype: true }),
      stateId: texts,
      commits: fc.nat(),
      renderer: fc.nat(),
      repository: texts,
      catalog: texts,
      catalogAt: fc.constantFrom("", "2026-11-29T21:00:00.000Z"),
      catalogRank: fc.nat(),
      nextRank: fc.nat(),
      layout: fc.record(
        { shards: fc.integer({ min: 0, max: 4 }), buckets: fc.constantFrom(1, 4, 64) },
        { noNullPrototype: true },
      ),
      pauses: fc.array(fc.record({ owner: owners, cluster: texts }, { requiredKeys: [], noNullPrototype: true }), {
        maxLength: 2,
      }),
      pending: fc.record(
        {
          passes: fc.array(passes, { maxLength: 2 }),
          reviews: fc.array(fc.record({ claims: texts, after: texts }, { noNullPrototype: true }), { maxLength: 2 }),
        },
        { noNullPrototype: true },
      ),
      counters: fc.array(fc.tuple(texts, fc.nat()), { maxLength: 3 }).map((all) => new Map(all)),
      minutes: fc.nat(),
      parts: fc.array(fc.tuple(texts, json), { maxLength: 2 }).map((all) => new Map(all)),
      positions: fc.constant(new Map()),
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Checkpoint>;

  it("come back exactly", () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(parseCheckpoint(writeCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  it("of positions are the same bytes in whatever order streams were read, and come back", () => {
    const all = fc.array(fc.tuple(texts, positions), { maxLength: 4 }).map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(all, (read) => {
        const text = writePositions(read);
        expect(writePositions(new Map([...read].reverse()))).toBe(text);
        expect(parsePositions(text, "positions/x.json")).toEqual(read);
      }),
    );
  });
});

describe("dead letters", () => {
  const delivery = {
    connection: "bus",
    stream: "bus/EVENTS",
    position: { epoch: "e", sequence: 7, time: "2026-01-01T00:00:00.000000123Z" },
    subject: "user.login",
    headers: new Map(),
    payload: new TextEncoder().encode("not JSON"),
  };
  const problem: Problem = {
    code: "EVENT_NOT_JSON",
    severity: "error",
    message: "no",
    at: { stream: "bus/EVENTS", sequence: 7 },
  };

  it("come back exactly", () => {
    fc.assert(
      fc.property(problems, fc.uint8Array(), fc.nat(), (why, payload, index) => {
        const letter = makeDeadLetter({ ...delivery, payload }, why, index);
        expect(parseDeadLetter(writeDeadLetter(letter), "dead-letters/x.json")).toEqual(letter);
        expect(Buffer.from(letter.payload, "base64")).toEqual(Buffer.from(payload));
      }),
    );
  });

  it("have one name however often the delivery is read, and another for every event of a batch", () => {
    const names = [0, 0, 1].map((index) => makeDeadLetter(delivery, problem, index).id);
    expect(names[0]).toBe(names[1]);
    expect(names[0]).not.toBe(names[2]);
  });

  it("are named in the order of their times, however many digits these have", () => {
    const times = [
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00.000000001Z",
      "2026-01-01T00:00:00.5Z",
      "2026-01-01T00:00:01Z",
    ];
    const ids = times.map(
      (time) => makeDeadLetter({ ...delivery, position: { ...delivery.position, time } }, problem, 0).id,
    );
    expect([...ids].sort()).toEqual(ids);
  });

  it("keep the start of a payload that is too long", () => {
    const payload = new Uint8Array(3_000_000).fill(65);
    const letter = makeDeadLetter({ ...delivery, payload }, problem, 0);
    expect([Buffer.from(letter.payload, "base64").length, letter.payloadBytes]).toEqual([65_536, 3_000_000]);
  });
});

it("owners come back exactly", () => {
  const all = fc.record(
    {
      owner: owners,
      stopMatchingBehavior: fc.constantFrom("WithdrawPolicies", "LeavePolicies"),
      withdrawnAt: fc.nat(),
    },
    { requiredKeys: ["owner", "stopMatchingBehavior"], noNullPrototype: true },
  ) as fc.Arbitrary<Parameters<typeof writeOwner>[0]>;
  fc.assert(
    fc.property(all, (owner) => {
      expect(parseOwner(writeOwner(owner), "owners/x.json")).toEqual(owner);
    }),
  );
});

describe("a file that is none of Sluice's", () => {
  const parsers = { parseCheckpoint, parseRecord, parseOwner, parseDeadLetter } as const;
  const files = ["", "{", "[]", "{}", '{"version": 4}', '{"version": 1.0}', "<<<<<<< HEAD\n"];
  for (const [name, parse] of Object.entries(parsers)) {
    it(`is refused by ${name}`, () => {
      for (const text of files) {
        expect(() => parse(text, "some/path.json"), text).toThrowError(
          expect.objectContaining({ problem: expect.objectContaining({ code: "STATE_INVALID" }) }),
        );
      }
    });
  }
});
