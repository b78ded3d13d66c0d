/** The conformance vectors, and more of our own for the engine: what Go itself printed, group by group. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isAsWanted, readVectors, runVector, type Vector } from "../tools/vectors/run-vector.ts";

const groups = new Map<string, Vector[]>();
for (const name of ["go-templates.jsonl", "engine.jsonl"]) {
  const file = new URL(`../fixtures/vectors/${name}`, import.meta.url);
  for (const vector of readVectors(readFileSync(file, "utf8"))) {
    groups.set(vector.group, [...(groups.get(vector.group) ?? []), vector]);
  }
}

describe("vectors", () => {
  for (const [group, vectors] of groups) {
    it(`${group}: ${vectors.length}`, () => {
      for (const vector of vectors) {
        const got = runVector(vector);
        if (!isAsWanted(vector.wanted, got))
          expect({ ...vector, got }, vector.id).toEqual({ ...vector, got: vector.wanted });
      }
    });
  }
});
