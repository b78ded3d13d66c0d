import fc from "fast-check";
import { expect, it } from "vitest";
import { toDnsName } from "../../src/render/dns-name.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const hashed = /-[a-z2-7]{16}$/;

it.each(["a", "0", "team-a", "x--y", "a".repeat(63), "responsibilities"])("keeps the label %s", (name) => {
  expect(toDnsName(name)).toBe(name);
});

const changed: { text: string; prefix: string }[] = [
  { text: "", prefix: "x-" },
  { text: "Alice", prefix: "alice-" },
  { text: "alice@example.com", prefix: "alice-example-com-" },
  { text: "-a", prefix: "a-" },
  { text: "a-", prefix: "a-" },
  { text: "日本", prefix: "x-" },
  { text: "\udcff", prefix: "x-" },
  { text: "a".repeat(64), prefix: `${"a".repeat(46)}-` },
  { text: `${"a".repeat(45)}.${"b".repeat(45)}`, prefix: `${"a".repeat(45)}-` },
];

it.each(changed)("gives $text a hash", ({ text, prefix }) => {
  const name = toDnsName(text);
  expect(name).toMatch(label);
  expect(name).toMatch(hashed);
  expect(name.slice(0, -16)).toBe(prefix);
});

it("keeps a label that looks like the name of another string apart from it", () => {
  const name = toDnsName("Alice");
  expect(toDnsName(name)).not.toBe(name);
});

it("is stable: names are in Git", () => {
  expect(toDnsName("alice@example.com")).toBe("alice-example-com-76gzqgp4byjl6dje");
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^[a-z0-9-]{0,70}$/),
  fc.stringMatching(/^[A-Za-z.@]{0,20}$/),
  fc.stringMatching(/^[a-z]{1,3}-[a-z2-7]{16}$/),
);

it("gives a label for any string", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(toDnsName(text)).toMatch(label);
    }),
  );
});

it("gives two strings two names", () => {
  fc.assert(
    fc.property(anyText, anyText, (left, right) => {
      fc.pre(left !== right);
      expect(toDnsName(left)).not.toBe(toDnsName(right));
    }),
  );
});

it("gives the name of a string a name of its own", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const name = toDnsName(text);
      if (name !== text) expect(toDnsName(name)).not.toBe(name);
    }),
  );
});
