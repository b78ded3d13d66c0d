/** Answers of `upload-pack`, good and hostile. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  encodeCatchUpRequest,
  encodeFetchRequest,
  readFetchResponse,
} from "../../../src/adapters/git/fetch-objects.ts";
import { addObject, type ObjectSet } from "../../../src/adapters/git/object-writer.ts";
import { layOutPack } from "../../../src/adapters/git/pack-bytes.ts";
import { encodePacket, flushPacket } from "../../../src/adapters/git/pkt-line.ts";

const band = (number: number, bytes: Buffer) => encodePacket(Buffer.concat([Buffer.from([number]), bytes]));

/** An answer with that pack, cut into packets of at most `size` bytes. */
function answer(pack: Buffer, size = 1000): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < pack.length; at += size) pieces.push(band(1, pack.subarray(at, at + size)));
  return Buffer.concat([encodePacket("packfile\n"), band(2, Buffer.from("Counting\n")), ...pieces, flushPacket]);
}

const objects: ObjectSet = new Map();
const text = Buffer.from("a file's text, long enough for a delta. ".repeat(20));
const first = addObject(objects, "blob", text);
const edit = { id: first, size: text.length, segments: [{ start: 0, end: text.length }, { bytes: Buffer.from("!") }] };
const second = addObject(objects, "blob", Buffer.concat([text, Buffer.from("!")]), edit);
addObject(objects, "blob", Buffer.alloc(0));

function packOf(ofsDelta: boolean, some: ObjectSet = objects): Buffer {
  return Buffer.concat([...layOutPack([...some.values()], ofsDelta).pieces()]);
}

it.each([true, false])("reads whole objects and deltas (by offset: %s)", (ofsDelta) => {
  const found = readFetchResponse(answer(packOf(ofsDelta)));
  expect([...found.keys()]).toEqual([...objects.keys()]);
  expect(found.get(first)?.body.equals(text)).toBe(true);
  expect(found.get(second)?.body.toString()).toBe(`${text}!`);
});

it("asks for each object", () => {
  const request = encodeFetchRequest([first, second]).toString();
  expect(request.startsWith("0012command=fetch\n")).toBe(true);
  expect(request).toContain(`0032want ${second}\n`);
  expect(request.endsWith("0009done\n0000")).toBe(true);
});

it("takes deltas of what is here already, and passes over those of what is not, where it is told to", () => {
  // By id: the first one, which the second is a delta of, is left out.
  const thin = packOf(false, new Map([...objects].filter(([id]) => id !== first)));
  const find = (id: string) => (id === first ? { type: "blob" as const, body: text } : undefined);
  const told = Buffer.concat([encodePacket("shallow-info\n"), encodePacket(`shallow ${first}\n`), answer(thin)]);
  expect(readFetchResponse(told, { find, skipsOthers: false }).get(second)?.body.toString()).toBe(`${text}!`);
  const without = readFetchResponse(told, { find: () => undefined, skipsOthers: true });
  expect([...without.keys()]).toEqual([...objects.keys()].slice(2));
  expect(() => readFetchResponse(told)).toThrow();
});

it("asks for what commits bring beyond others, without the commits before either", () => {
  const lines = encodeCatchUpRequest([second], [first]).toString();
  for (const line of [`want ${second}`, `have ${first}`, `shallow ${first}`, "deepen 1", "thin-pack"])
    expect(lines).toContain(`${line}\n`);
});

const pack = packOf(true);

it.each<[string, Buffer]>([
  ["nothing", Buffer.alloc(0)],
  ["an error", encodePacket("ERR upload-pack: not our ref")],
  ["a fatal error in between", Buffer.concat([encodePacket("packfile\n"), band(3, Buffer.from("out of memory"))])],
  ["half a pack", answer(pack.subarray(0, pack.length / 2))],
  ["a web page", Buffer.from("<html></html>")],
])("throws for %s", (_name, bytes) => expect(() => readFetchResponse(bytes)).toThrow());

it("gives no object a wrong name, whatever bytes come", () => {
  fc.assert(
    fc.property(fc.nat(pack.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(pack);
      bytes[at]! ^= flip;
      try {
        const found = readFetchResponse(answer(bytes));
        for (const id of [first, second]) {
          const body = found.get(id)?.body.toString();
          if (body !== undefined) expect(body).toBe(id === first ? `${text}` : `${text}!`);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
