/** Random data for templates: always the same keys, so that templates find something, with values of every kind. */
import type { Json, JsonObject } from "../../../src/model/json.ts";
import type { Random } from "./random.ts";

export const strings: readonly string[] = [
  "",
  "a",
  "Hello, World",
  "foo bar-baz_qux",
  "camelCaseString",
  "HTTPServer2Go",
  " padded \t",
  "line1\nline2\n",
  "naïve café",
  "日本語テキスト",
  "😀 ok",
  'it\'s "quoted" \\ `raw`',
  "<b>&amp;</b>",
  "10",
  "-7",
  "3.25",
  "0x1f",
  "010",
  "1e3",
  "true",
  "null",
  "yes",
  "~",
  "2024-02-29",
  "2024-02-29T12:34:56Z",
  "1.2.3",
  "v1.29.4-gke.1+b5",
  "^1.2 || >=3.0.0-0",
  "https://user:pw@example.com:8080/a%20b/../c?x=1&y=2#frag",
  "/usr/local/../bin/app.tar.gz",
  "a,b,c,,d",
  "[a-z]+",
  "(o+)(?P<name>b)?",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a replacement in Go's regular expressions
  "$1-${name}",
  "aGVsbG8=",
  "NBSWY3DP",
  '{"k": [1, 2.5, "x", null]}',
  "a: 1\nb: [x, y]\n",
  "[1, two, 3.0]",
  "k = 1\n[t]\nv = 'x'\n",
  "1h30m",
  "2006-01-02 15:04:05 MST",
  "Mon Jan _2",
  "\u0000\u001f\u007f",
  "tab\there",
  "é".repeat(40),
  "the quick brown fox jumps over the lazy dog and runs away from it all again and again",
  "x: y # z",
  "- item",
  "metadata.name",
  "a.b",
];
const integers = [0n, 1n, -1n, 2n, 3n, 7n, 42n, 100n, -13n, 255n, 1700000000n];
const floats = [0, 1.5, -2.25, 0.1, 3, 1e6, 1234567.5, 1e21, 1e-7, -0.5, 100];
const keys = ["a", "b", "c", "k-1", "Name", "é", "zz", "0", "true", "on"];

export function randomData(random: Random): JsonObject {
  const data = new Map<string, Json>([
    ["s", random.pick(strings)],
    ["t", random.pick(strings)],
    ["n", random.pick(integers)],
    ["f", random.pick(floats)],
    ["yes", random.chance(0.5)],
    ["nil", null],
    ["l", randomList(random, 2)],
    ["words", Array.from({ length: random.below(5) }, () => random.pick(strings))],
    ["m", randomObject(random, 3)],
    ["o", randomManifest(random)],
  ]);
  return data;
}

function randomManifest(random: Random): Json {
  return new Map<string, Json>([
    ["kind", "Service"],
    [
      "metadata",
      new Map<string, Json>([
        ["name", random.pick(strings)],
        ["uid", "1-2"],
        ["resourceVersion", "7"],
        ["labels", randomObject(random, 1)],
      ]),
    ],
    ["spec", randomObject(random, 2)],
  ]);
}

function randomValue(random: Random, depth: number): Json {
  const kind = random.below(depth > 0 ? 8 : 6);
  if (kind < 2) return random.pick(strings);
  if (kind === 2) return random.pick(integers);
  if (kind === 3) return random.pick(floats);
  if (kind === 4) return random.chance(0.5);
  if (kind === 5) return random.chance(0.5) ? null : random.pick(strings);
  return kind === 6 ? randomList(random, depth - 1) : randomObject(random, depth - 1);
}

function randomList(random: Random, depth: number): Json {
  return Array.from({ length: random.below(4) }, () => randomValue(random, depth));
}

function randomObject(random: Random, depth: number): JsonObject {
  const object = new Map<string, Json>();
  for (let count = random.below(4); count > 0; count--) object.set(random.pick(keys), randomValue(random, depth));
  return object;
}
