/** Packs and indexes as they are written and read again. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { addObject, type ObjectSet } from "../../../src/adapters/git/object-writer.ts";
import { encodePackIndex, layOutPack, type PackObject } from "../../../src/adapters/git/pack-bytes.ts";
import { PackFile } from "../../../src/adapters/git/pack-file.ts";
import { casesOf } from "../../tools/cases-of.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-pack-"));
afterAll(() => rmSync(folder, { recursive: true }));

let packs = 0;
function storePack(objects: readonly PackObject[], ofsDelta = true): PackFile {
  const layout = layOutPack(objects, ofsDelta);
  const { checksum, entries } = layout;
  const name = join(folder, `pack-${packs++}`);
  writeFileSync(`${name}.pack`, Buffer.concat([...layout.pieces()]));
  writeFileSync(`${name}.idx`, encodePackIndex(entries, checksum));
  return new PackFile(`${name}.idx`);
}

it.each([true, false])("gives back every object, deltas included (by offset: %s)", (ofsDelta) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 6000 }), { minLength: 1, maxLength: 20 }),
      fc.nat(),
      (bodies, seed) => {
        const objects: ObjectSet = new Map();
        const written = new Map<string, Buffer>();
        for (const [index, bytes] of bodies.entries()) {
          const body = Buffer.from(bytes);
          const id = addObject(objects, "blob", body);
          written.set(id, body);
          // An edit of it: the same with something in between.
          const at = seed % (body.length + 1);
          const edited = Buffer.concat([body.subarray(0, at), Buffer.from(`edit ${index}`), body.subarray(at)]);
          const segments = [
            { start: 0, end: at },
            { bytes: Buffer.from(`edit ${index}`) },
            { start: at, end: body.length },
          ];
          written.set(addObject(objects, "blob", edited, { id, size: body.length, segments }), edited);
        }
        const pack = storePack([...objects.values()], ofsDelta);
        for (const [id, body] of written) expect(pack.read(id, () => undefined)?.body.equals(body)).toBe(true);
        expect(pack.index.findOffset("f".repeat(40))).toBeUndefined();
        pack.close();
      },
    ),
    { numRuns: casesOf(50) },
  );
});

it("finds each of many objects, and none that is not there", () => {
  const objects: ObjectSet = new Map();
  for (let index = 0; index < 30_000; index++) addObject(objects, "blob", Buffer.from(`object ${index}`));
  const pack = storePack([...objects.values()]);
  const { ids, offsets } = layOutPack([...objects.values()]).entries;
  const places = new Map(ids.map((id, place) => [id, offsets[place]!]));
  const others = ids.map((id) => id.slice(0, 39) + (id.endsWith("0") ? "1" : "0"));
  const asked = [...ids, ...others];
  expect(asked.filter((id) => pack.index.findOffset(id) !== places.get(id))).toEqual([]);
  pack.close();
});

it("writes a pack in pieces, twice the same, an object larger than a piece included", () => {
  const objects: ObjectSet = new Map();
  // Neither compresses to much less.
  const large = randomBytes(1_000_000);
  const bodies = [...Array.from({ length: 400 }, () => randomBytes(1000)), large, randomBytes(1000)];
  const ids = bodies.map((body) => addObject(objects, "blob", body));
  const layout = layOutPack([...objects.values()]);
  const [first, second] = [[...layout.pieces()], [...layout.pieces()]];
  expect(first.length).toBeGreaterThan(3);
  expect(Buffer.concat(first).equals(Buffer.concat(second))).toBe(true);
  expect(Buffer.concat(first).length).toBe(layout.length);
  const pack = storePack([...objects.values()]);
  expect(ids.filter((id, index) => !pack.read(id, () => undefined)?.body.equals(bodies[index]!))).toEqual([]);
  pack.close();
});

it("keeps chains of deltas short", () => {
  const objects: ObjectSet = new Map();
  let body = Buffer.from("x".repeat(500));
  let id = addObject(objects, "blob", body);
  for (let index = 0; index < 100; index++) {
    const extra = Buffer.from(`${index}`);
    const next = Buffer.concat([body, extra]);
    id = addObject(objects, "blob", next, {
      id,
      size: body.length,
      segments: [{ start: 0, end: body.length }, { bytes: extra }],
    });
    body = next;
  }
  const depths = [...objects.values()].map(({ depth }) => depth);
  expect(Math.max(...depths)).toBeGreaterThan(5);
  expect(Math.max(...depths)).toBeLessThanOrEqual(50);
});
