import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runTemplate } from "./run-template.ts";

it.each([
  '{{ genPrivateKey "rsa" }}',
  '{{ genPrivateKey "ed25519" }}',
  '{{ genCA "ca" 365 }}',
  '{{ genSelfSignedCert "x" nil nil 365 }}',
  '{{ genSelfSignedCertWithKey "x" nil (list "a") 365 "key" }}',
])("%s always fails", (template) => {
  expect(runTemplate(template)).toEqual({ code: "TEMPLATE_FAILED" });
});

it("names a kind of key that Sprig does not know", () => {
  expect(runTemplate('{{ genPrivateKey "nope" }}')).toEqual({ prints: "Unknown type nope" });
});

const pem = (name: string) => readFileSync(new URL(`../../fixtures/sprig/${name}`, import.meta.url), "utf8");
const data = JSON.stringify({ cert: pem("certificate.pem"), key: pem("private-key.pem") });

it("builds a certificate from its parts", () => {
  const template =
    "{{ $c := buildCustomCert (b64enc .cert) (b64enc .key) }}{{ eq $c.Cert .cert }} {{ eq $c.Key .key }}";
  expect(runTemplate(template, data)).toEqual({ prints: "true true" });
});

it.each([
  '{{ buildCustomCert "%" "%" }}',
  '{{ buildCustomCert "" "" }}',
  '{{ buildCustomCert (b64enc .cert) "%" }}',
  '{{ buildCustomCert (b64enc .cert) (b64enc "no key") }}',
  "{{ buildCustomCert (b64enc .key) (b64enc .key) }}",
  "{{ buildCustomCert (b64enc .cert) (b64enc .cert) }}",
])("%s fails as in Go", (template) => {
  expect(runTemplate(template, data)).toEqual({ code: "TEMPLATE_FAILED" });
});
