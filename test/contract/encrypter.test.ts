/** The contract of encrypting over the fake, and over the real sops with age; and what only the latter can show. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runProgram } from "../../src/adapters/git/git-program.ts";
import { SopsDecrypter, SopsEncrypter } from "../../src/adapters/programs/sops.ts";
import type { Decrypter, Encrypter } from "../../src/ports/encrypter.ts";
import { FakeEncrypter } from "../fakes/fake-encrypter.ts";
import { ageKeys } from "../tools/age-keys.ts";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { describeEncrypter } from "./encrypter-contract.ts";

describeEncrypter("the fake", async () => new FakeEncrypter());

// Building it takes minutes: `npm run tools -- sops`.
const isThere = process.env.SLUICE_TEST_ALL !== undefined || (await isBuilt("sops"));

describe.skipIf(!isThere)("sops with age", () => {
  let folder = "";
  let program = "";
  const before = process.env.SOPS_AGE_KEY;
  beforeAll(async () => {
    program = await buildTool("sops");
    folder = await mkdtemp(join(tmpdir(), "sluice-sops-"));
    process.env.SOPS_AGE_KEY = ageKeys[0].secret;
  }, 900_000);
  afterAll(async () => {
    if (before === undefined) delete process.env.SOPS_AGE_KEY;
    else process.env.SOPS_AGE_KEY = before;
    await rm(folder, { recursive: true, force: true });
  });

  /** `rules`: of the .sops.yaml. */
  async function open(rules: string): Promise<Encrypter & Decrypter> {
    const config = join(folder, ".sops.yaml");
    await writeFile(config, `creation_rules:\n${rules}`);
    const encrypter = new SopsEncrypter({ program, run: runProgram, config, recipients: "test" });
    const decrypter = new SopsDecrypter({ program, run: runProgram });
    return {
      recipients: encrypter.recipients,
      encrypt: (secret, path) => encrypter.encrypt(secret, path),
      decrypt: (text, path) => decrypter.decrypt(text, path),
    };
  }

  const rule = `  - {age: ${ageKeys[0].recipient}}\n`;
  describeEncrypter("as its rules have it", () => open(rule));
  // A rule that is made for other files must not leave a Secret in clear.
  describeEncrypter("whatever its rules say of which parts", () => {
    return open(`  - {age: ${ageKeys[0].recipient}, unencrypted_regex: "^(data|stringData)$"}\n`);
  });

  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {team: red}}\nstringData: {key: text}\n";

  it("signs nothing but what is encrypted, so that labels may change", async () => {
    const port = await open(rule);
    const changed = (await port.encrypt(secret, "rendered/a.yaml")).replace("team: red", "team: blue");

    expect(parse(await port.decrypt(changed, "a.yaml"))).toMatchObject({ metadata: { labels: { team: "blue" } } });
  });

  it("goes by the path below the repository where rules have one", async () => {
    const port = await open(
      `  - {path_regex: "^rendered/prod/", age: ${ageKeys[1].recipient}}\n  - {path_regex: "^rendered/dev/", age: ${ageKeys[0].recipient}}\n`,
    );
    const recipientOf = async (path: string) => parse(await port.encrypt(secret, path)).sops.age[0].recipient;

    expect(await recipientOf("rendered/prod/eu/a.yaml")).toBe(ageKeys[1].recipient);
    expect(await recipientOf("rendered/dev/eu/a.yaml")).toBe(ageKeys[0].recipient);
    const none = port.encrypt(secret, "rendered/test/eu/a.yaml");
    await expect(none).rejects.toMatchObject({
      problem: { code: "SOPS_FAILED", message: expect.stringContaining("no matching creation rules") },
    });
  });

  it("says that it is not installed", async () => {
    const decrypter = new SopsDecrypter({ program: "no-such-sops", run: runProgram });
    await expect(decrypter.decrypt("a: b\n", "a.yaml")).rejects.toMatchObject({ problem: { code: "PROGRAM_MISSING" } });
  });
});
