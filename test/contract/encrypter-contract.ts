/** What every Encrypter and Decrypter promises: over the fake in every run, over the sops program too. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SluiceError } from "../../src/model/problem.ts";
import type { Decrypter, Encrypter } from "../../src/ports/encrypter.ts";

const secret = `apiVersion: v1
kind: Secret
metadata:
  name: a
  namespace: default
data:
  key: aHVudGVyMg==
  long: ${Buffer.alloc(2000, "x").toString("base64")}
stringData:
  a.yaml: |
    several: lines
    "of": 'text'
  blank: "  "
  number: "0123"
`;

export function describeEncrypter(name: string, open: () => Promise<Encrypter & Decrypter>): void {
  describe(name, () => {
    const path = "rendered/mgmt/one/triggers/t/default/secret/a.yaml";

    it("encrypts what a Secret holds, and nothing else of it", async () => {
      const encrypted = await (await open()).encrypt(secret, path);
      const [before, after] = [parse(secret), parse(encrypted)];

      expect({ ...after, data: undefined, stringData: undefined, sops: undefined }).toEqual({
        ...before,
        data: undefined,
        stringData: undefined,
        sops: undefined,
      });
      for (const member of ["data", "stringData"]) {
        expect(Object.keys(after[member])).toEqual(Object.keys(before[member]));
        for (const value of Object.values(after[member])) expect(value).toMatch(/^ENC\[/);
      }
      expect(after.sops).toMatchObject({ mac: expect.stringMatching(/^ENC\[/) });
    });

    it("gives it back as it was, and another text each time", async () => {
      const port = await open();
      const [one, other] = [await port.encrypt(secret, path), await port.encrypt(secret, path)];

      expect(one).not.toBe(other);
      for (const text of [one, other]) expect(parse(await port.decrypt(text, "a.yaml"))).toEqual(parse(secret));
    });

    it("says so where something was never encrypted", async () => {
      const port = await open();
      const failure = await port.decrypt(secret, "a.yaml").catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(SluiceError);
      expect((failure as SluiceError).problem).toMatchObject({ code: "SOPS_FAILED" });
      expect((failure as SluiceError).problem.message).not.toContain("hunter2");
    });
  });
}
