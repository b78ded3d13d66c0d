/** `npm run vectors -- FILE.jsonl ...`: runs conformance vectors, and prints those that fail. */
import { readFileSync } from "node:fs";
import { isAsWanted, readVectors, runVector } from "./vectors/run-vector.ts";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: npm run vectors -- FILE.jsonl ...");
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const file of files) {
  for (const vector of readVectors(readFileSync(file, "utf8"))) {
    const got = runVector(vector);
    if (isAsWanted(vector.wanted, got)) {
      passed++;
      continue;
    }
    failed++;
    console.log(`${vector.id}\n  wanted ${JSON.stringify(vector.wanted)}\n  got    ${JSON.stringify(got)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
