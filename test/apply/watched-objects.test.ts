/** What is watched is kept small, and comes back as it was. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { WatchedObjects } from "../../src/apply/watched-objects.ts";
import { casesOf } from "../tools/cases-of.ts";

// Made once: an arbitrary of strings costs far more to make than to draw from.
const [id, mark] = [40, 16].map((length) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)));
const part = fc.stringMatching(/^[a-z0-9%.-]{1,20}$/);
const key = fc.tuple(part, part, part).map((parts) => parts.join("/"));
/** Given the key, the path of its file. */
const pathOf = fc.oneof(
  fc.array(part, { maxLength: 3 }).map((folders) => (of: string) => [...folders, `${of}.yaml`].join("/")),
  part.map((name) => () => `${name}.yaml`),
  part.map((name) => (of: string) => `${name}${of}.yaml`),
);
const entry = fc.tuple(key, pathOf, id!, mark!).map(([of, path, ...rest]) => [of, path(of), ...rest] as const);

it("every object has the file and the mark that were set last", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      const objects = new WatchedObjects();
      const wanted = new Map<string, object>();
      for (const [one, file, id, mark] of entries) {
        objects.set(one, { file: { path: file, id }, mark });
        wanted.set(one, { file: { path: file, id }, mark });
      }
      expect(objects.size).toBe(wanted.size);
      for (const [one, object] of wanted) expect(objects.get(one)).toEqual(object);
      const [first] = wanted.keys();
      if (first !== undefined) objects.delete(first);
      expect(first === undefined || objects.get(first) === undefined).toBe(true);
    }),
    { numRuns: casesOf(40) },
  );
});

it("objects in more folders than a character has values keep their paths", () => {
  const objects = new WatchedObjects();
  const fileOf = (number: number) => ({
    path: `triggers/t/${number}/ns/configmap/a${number}.yaml`,
    id: "0".repeat(40),
  });
  const keyOf = (number: number) => `ns/configmap/a${number}`;
  const count = 65_537;
  for (let number = 0; number < count; number++) objects.set(keyOf(number), { file: fileOf(number), mark: "00" });
  for (const number of [0, 255, 256, 65_535, 65_536]) expect(objects.get(keyOf(number))?.file).toEqual(fileOf(number));
});
