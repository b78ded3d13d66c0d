import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseDocument } from "yaml";
import { isJsonObject, type Json } from "../../../src/model/json.ts";
import { readValue } from "../../../src/render/manifests/read-value.ts";
import type { Position } from "../../../src/render/manifests/string-positions.ts";
import { parseYaml } from "../../../src/render/yaml/parse-yaml.ts";
import { writeCanonicalYaml } from "../../../src/render/yaml/write-canonical-yaml.ts";
import { casesOf } from "../../tools/cases-of.ts";

/** Texts that some reader takes for something else, or that are hard to write. */
const treacherous = [
  ..."y n Y N yes No ON off true False NULL ~ null nan .nan .inf -.inf +.INF Infinity 0 -0 1 010 0o17 0x1f 0b11".split(
    " ",
  ),
  ..."1_000 1e3 1E+3 1. .5 5e-1 -1 +1 1:30 190:20:30 2020-01-01 2020-1-1T1:1:1Z 500m 1Gi 1E 12e3 1.2.3 10.0.0.0/24".split(
    " ",
  ),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: one of the values is just that.
  ..."- -a --- ... ? : :a a: a:b # #a & &a * *a ! !a | > % @ ` ' \" [ ] { } , << = $ ${a} _ _1 / . a#".split(" "),
  ...[
    "",
    " ",
    " a",
    "a ",
    "a b",
    "a  b",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "a :b",
    "\t",
    "a\tb",
    "it's",
    '"a"',
    "\\",
    "a\\n",
  ],
  ...[
    "\n",
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\n",
    "\na",
    "\n\na\n",
    " a\nb",
    "a\n b\n",
    "a \nb",
    "a\n  \nb",
    "a\n  ",
    "a\n\t",
    "\ta\nb",
  ],
  ...[
    "- a\n- b\n",
    "a: b\nc: d",
    "# a\nb",
    "---\na",
    "a\n---\n",
    "%a\nb",
    "\r",
    "a\r\nb",
    "a\rb",
    "\0",
    "\x07",
    "\x1b",
    "\x7f",
  ],
  ...[
    "\x85",
    "a\x85b",
    "\u2028",
    "a\u2029\nb",
    "\ufeff",
    "\ufeffa\nb",
    "\ufffe",
    "\uffff",
    "é",
    "日本",
    "😀",
    "a\n😀\n",
    "\u00a0",
  ],
  ...["\x80\n", "\ud800", "a\udc00\nb", "x".repeat(1025), `${"long ".repeat(300)}`, "__proto__", "constructor"],
];

const text = fc.oneof(
  fc.constantFrom(...treacherous),
  fc.string({ unit: fc.constantFrom(..." \n\t:-#'\"ab1_.,[]{}&*!|>%@\\~=\u2028é😀y0x") }),
  fc.string({ unit: "binary" }),
);
const scalar: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
);
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(text.map(wholeCharacters), tie("value")), { maxLength: 4 }).map((members) => new Map(members)),
  ),
})).value;

function wholeCharacters(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** What JSON has after it went to a file: whole numbers are integers, no half characters, keys in no order. */
function asRead(json: Json): unknown {
  if (typeof json === "string") return wholeCharacters(json);
  if (typeof json === "bigint") return Number(json);
  if (isJsonObject(json)) return new Map([...json].map(([key, member]) => [key, asRead(member)]));
  if (Array.isArray(json)) return (json as readonly Json[]).map(asRead);
  return json;
}

const byLooks: Position = {
  scalar: "byLooks",
  members: new Map(),
  isOpen: false,
  get otherMembers() {
    return byLooks;
  },
  get items() {
    return byLooks;
  },
};

it.each(["1.1", "1.2"] as const)("is read back as it was by readers of YAML %s", (version) => {
  fc.assert(
    fc.property(value, (json) => {
      const written = writeCanonicalYaml(json);
      const document = parseDocument(written, { version, merge: false, strict: true });
      expect(document.errors, written).toEqual([]);
      expect(document.toJS({ mapAsMap: true, maxAliasCount: 0 }), written).toEqual(asRead(json));
    }),
    { numRuns: casesOf(1000) },
  );
});

it("is read back as it was by Sluice's own reader, and written again alike", () => {
  fc.assert(
    fc.property(value, (json) => {
      const written = writeCanonicalYaml(json);
      const read = readValue(parseYaml(written)[0]!, byLooks);
      expect(asRead(read)).toEqual(asRead(json));
      expect(writeCanonicalYaml(read)).toBe(written);
    }),
    { numRuns: casesOf(1000) },
  );
});

it("orders keys, and keeps to the plainest form that is safe", () => {
  const object = new Map<string, Json>([
    [
      "spec",
      new Map<string, Json>([
        [
          "b",
          [
            1n,
            new Map([
              ["y", null],
              ["a", "x"],
            ]),
            [true, []],
          ],
        ],
        ["a", new Map()],
      ]),
    ],
    [
      "metadata",
      new Map<string, Json>([
        ["uid", "u"],
        ["annotations", new Map([["note", "two\nlines\n"]])],
        [
          "labels",
          new Map([
            ["b", "yes"],
            ["a", "010"],
          ]),
        ],
        ["namespace", "shop"],
        ["name", "cart"],
      ]),
    ],
    ["kind", "Deployment"],
    ["apiVersion", "apps/v1"],
    [
      "data",
      new Map([
        ["image", "nginx:1.25"],
        ["script", "a\n b"],
        ["cpu", "500m"],
        ["ratio", 1e21],
        ["half", 0.5],
      ] as [string, Json][]),
    ],
  ]);

  expect(writeCanonicalYaml(object)).toBe(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
  labels:
    a: "010"
    b: "yes"
  annotations:
    note: |
      two
      lines
  uid: u
data:
  cpu: 500m
  half: 0.5
  image: nginx:1.25
  ratio: 1.0e+21
  script: |-
    a
     b
spec:
  a: {}
  b:
  - 1
  - a: x
    "y": null
  - - true
    - []
`);
});
