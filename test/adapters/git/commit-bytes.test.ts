import { expect, it } from "vitest";
import { encodeCommit, formatIdentity, parseCommit } from "../../../src/adapters/git/commit-bytes.ts";

const parts = {
  tree: "1".repeat(40),
  parents: ["2".repeat(40), "3".repeat(40)],
  author: { name: "Ada Lovelace", email: "ada@example.com" },
  committer: { name: "sluice", email: "sluice@example.com" },
  time: 1_800_000_000_999,
  message: "Grüße\n\n- one\n",
};

it("reads what it wrote, signed or not", () => {
  for (const signature of [undefined, "-----BEGIN SSH SIGNATURE-----\n\nabc\n-----END SSH SIGNATURE-----\n"]) {
    const { committer: _, ...expected } = parts;
    const id = "4".repeat(40);
    expect(parseCommit(id, encodeCommit(parts, signature))).toEqual({ ...expected, id, time: 1_800_000_000_000 });
  }
});

it.each([
  [{ name: "A <b> C", email: "a b@<c>" }, "A b C <ab@c>"],
  [{ name: " x\n", email: "\ny" }, "x <y>"],
  [{ name: "", email: "" }, " <>"],
])("makes of %j an identity that fsck takes", (identity, text) => expect(formatIdentity(identity)).toBe(text));

it("lets nothing in the message end it early", () => {
  expect(parseCommit("", encodeCommit({ ...parts, message: "a\0b\n\n\n" })).message).toBe("a\ufffdb\n");
});
