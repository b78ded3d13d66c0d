/** What Sluice writes on the state branch it reads back exactly, whatever events have put into it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/model/json.ts";
import type { Place, Problem } from "../../src/model/problem.ts";
import { parseCheckpoint, writeCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { makeDeadLetter, parseDeadLetter, writeDeadLetter } from "../../src/plan/dead-letter-file.ts";
import { parseOwner, writeOwner } from "../../src/plan/owner-file.ts";
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
const held = fc.array(fc.tuple(clusters, fc.array(identities, { maxLength: 3 })), { maxLength: 3 });
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
  const records = fc.record(
    {
      trigger: texts,
      entity: fc.record({ connection: texts, source: texts, subject: texts }, { noNullPrototype: true }),
      last: fc.record({ event: events, message: messages }, { noNullPrototype: true }),
      objects: held.map((all) => new Map(all)),
      waiting: held.map((all) => new Map(all)),
      failures: fc.array(fc.tuple(clusters, problems), { maxLength: 3 }).map((all) => new Map(all)),
      changedAt: texts,
    },
    { requiredKeys: ["trigger", "entity", "objects", "waiting", "failures", "changedAt"], noNullPrototype: true },
  );

  it("come back exactly", () => {
    fc.assert(
      fc.property(records, (record) => {
        const text = writeRecord(record);
        const back = parseRecord(text, "records/x.json");
        expect(back).toEqual(record);
        expect([...(back.last?.event.document ?? [])]).toEqual([...(record.last?.event.document ?? [])]);
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
  const checkpoints = fc.record(
    {
      catalog: texts,
      positions: fc.array(fc.tuple(texts, positions), { maxLength: 4 }).map((all) => new Map(all)),
      paused: fc.boolean(),
      shards: fc.integer({ min: 0, max: 4 }),
      pending: fc.record(
        {
          triggers: fc.array(fc.record({ trigger: texts, after: texts }, { noNullPrototype: true }), { maxLength: 3 }),
          records: fc.array(texts, { maxLength: 3 }),
        },
        { noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  );

  it("come back exactly", () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(parseCheckpoint(writeCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  it("are the same bytes in whatever order streams were read", () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const reversed = new Map([...checkpoint.positions].reverse());
        expect(writeCheckpoint({ ...checkpoint, positions: reversed })).toBe(writeCheckpoint(checkpoint));
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
  const owners = fc.record(
    { trigger: texts, fingerprint: texts, stopMatchingBehavior: fc.constantFrom("WithdrawPolicies", "LeavePolicies") },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Parameters<typeof writeOwner>[0]>;
  fc.assert(
    fc.property(owners, (owner) => {
      expect(parseOwner(writeOwner(owner), "owners/x.json")).toEqual(owner);
    }),
  );
});

describe("a file that is none of Sluice's", () => {
  const parsers = { parseCheckpoint, parseRecord, parseOwner, parseDeadLetter } as const;
  const files = ["", "{", "[]", "{}", '{"version": 2}', '{"version": 1.0}', "<<<<<<< HEAD\n"];
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
