import { expect, it } from "vitest";
import { createRedactor } from "../../../src/adapters/system/redactor.ts";

const cases: readonly { readonly name: string; readonly text: string; readonly redacted: string }[] = [
  { name: "a secret it was told", text: "password hunter22 refused", redacted: "password *** refused" },
  { name: "a key, line by line", text: "bad line MIIEvQIBADANBg", redacted: "bad line ***" },
  {
    name: "credentials in a URL it was never told",
    text: "fetch https://me:pw@git.example.com/x",
    redacted: "fetch https://***@git.example.com/x",
  },
  {
    name: "nothing else",
    text: "ok: a@example.com, https://example.com/@scope",
    redacted: "ok: a@example.com, https://example.com/@scope",
  },
  { name: "words that a short secret is part of", text: "abacus", redacted: "abacus" },
];

for (const { name, text, redacted } of cases) {
  it(`takes out ${name}`, () => {
    const redactor = createRedactor();
    for (const secret of ["hunter22", "-----BEGIN KEY-----\nMIIEvQIBADANBg\n", "ab"]) redactor.remember(secret);
    expect(redactor.redact(text)).toBe(redacted);
  });
}

it("takes steps in proportion to the text, whatever an event put there", () => {
  // Quadratic, any of these would keep the test busy for minutes.
  for (const text of ["A".repeat(1_000_000), "a://".repeat(250_000), "://x".repeat(250_000)]) {
    expect(createRedactor().redact(text)).toBe(text);
  }
});
