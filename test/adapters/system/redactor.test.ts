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

const awkward = 'p"ä \\s+/w%d';
const encoded: readonly { readonly name: string; readonly form: string }[] = [
  { name: "as JSON escapes it", form: JSON.stringify({ password: awkward }) },
  { name: "percent-encoded", form: encodeURIComponent(awkward) },
  {
    name: "percent-encoded in lower case",
    form: encodeURIComponent(awkward).replace(/%../g, (code) => code.toLowerCase()),
  },
  { name: "as a form's field", form: encodeURIComponent(awkward).replaceAll("%20", "+") },
  { name: "in base64", form: Buffer.from(awkward).toString("base64") },
  { name: "in base64 behind a user's name", form: Buffer.from(`ada:${awkward}`).toString("base64") },
  { name: "in base64 behind a longer one", form: Buffer.from(`linus:${awkward}:x`).toString("base64") },
  { name: "in base64 for URLs", form: Buffer.from(`me:${awkward}`).toString("base64url") },
];

for (const { name, form } of encoded) {
  it(`takes a secret out ${name}`, () => {
    const redactor = createRedactor();
    redactor.remember(awkward);
    const redacted = redactor.redact(`Authorization: ${form}`);
    expect(redacted).toContain("***");
    // What is left at the ends of base64 shares its characters with the neighbours.
    expect(redacted.replace("Authorization: ", "").length).toBeLessThan(form.length - 8);
  });
}

it("takes secrets out of values and leaves the members' names", () => {
  const redactor = createRedactor();
  redactor.remember("kind");
  const value = { kind: "what kind", list: ["kind", 1, null], deep: { kind: true } };
  expect(redactor.redactValue(value)).toEqual({ kind: "what ***", list: ["***", 1, null], deep: { kind: true } });
});

it("takes the longest first where one secret is part of another", () => {
  const redactor = createRedactor();
  redactor.remember("hunter");
  redactor.remember("hunter22");
  expect(redactor.redact("hunter22")).toBe("***");
});
