import { expect, it } from "vitest";
import { hashPassword } from "../../../src/go-template/functions/bcrypt.ts";
import { clock, printed, runTemplate } from "./run-template.ts";

const shapes: [template: string, shape: RegExp][] = [
  ["{{ randAlphaNum 40 }}", /^[A-Za-z0-9]{40}$/],
  ["{{ randAlpha 40 }}", /^[A-Za-z]{40}$/],
  ["{{ randNumeric 40 }}", /^[0-9]{40}$/],
  ["{{ randAscii 40 }}", /^[ -~]{40}$/],
  ["{{ randAlpha 0 }}{{ randAlpha -1 }}", /^$/],
  ["{{ randBytes 16 }}", /^[A-Za-z0-9+/]{22}==$/],
  ["{{ randInt -3 4 }}", /^(-[123]|[0123])$/],
  ["{{ uuidv4 }}", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
  ['{{ shuffle "aé日" | splitList "" | sortAlpha | join "" }}', /^aé日$/],
  ['{{ bcrypt "p" }}', /^\$2a\$10\$[./A-Za-z0-9]{53}$/],
  ['{{ htpasswd "u" "p" }}', /^u:\$2a\$10\$/],
  ['{{ htpasswd "u:v" "p" }}', /^invalid username: u:v$/],
  ['{{ bcrypt (repeat 73 "p") }}', /^failed to encrypt string with bcrypt: /],
  ['{{ encryptAES "k" "text" | decryptAES "k" }}', /^text$/],
];

it.each(shapes)("%s", (template, shape) => {
  const text = printed(template);
  expect(text).toMatch(shape);
  expect(printed(template), "the same context gives the same").toBe(text);
});

it("draws anew at each call", () => {
  const [first, second] = printed("{{ randAlpha 20 }} {{ randAlpha 20 }}").split(" ");
  expect(first).not.toBe(second);
});

it.each(["{{ uuidv4 }}", "{{ randAlpha 1 }}", '{{ bcrypt "p" }}', '{{ shuffle "ab" }}', '{{ encryptAES "k" "p" }}'])(
  "%s fails without a seed key",
  (template) => {
    expect(runTemplate(template, "{}", { clock })).toEqual({ code: "TEMPLATE_FAILED" });
  },
);

it.each(["{{ randInt 5 5 }}", "{{ randInt 6 5 }}", "{{ randBytes -1 }}"])("%s fails as in Go", (template) => {
  expect(runTemplate(template)).toEqual({ code: "TEMPLATE_FAILED" });
});

it.each([
  ["", "$2a$10$./CgKyPTXlcGkYo5xL1s9uu7H2C8JgDd.nqQfbgWCL3ZPgFJbhI9i", 0],
  ["a", "$2a$10$FQ29SEDwe3QjrqdW4dmJF.rtQeXayro/vXxOTpnEGnGqNOF3/oLmG", 1],
  ["é☃😀", "$2a$10$T0f3gnsqta5d6.CQGxPDTeMN3VirDm9pGLhzo4H1tcRUr73mRf0ge", 3],
])("bcrypt of %j is what golang.org/x/crypto/bcrypt accepts", (password, hash, number) => {
  const salt = Uint8Array.from({ length: 16 }, (_, index) => (index * 17 + number * 29) & 255);
  expect(hashPassword(Buffer.from(password), salt)).toBe(hash);
});
