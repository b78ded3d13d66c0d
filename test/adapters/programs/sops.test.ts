/** Programs in the place of sops that fail in ways of their own: what is secret is in no message. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runProgram } from "../../../src/adapters/git/git-program.ts";
import { SopsDecrypter, SopsEncrypter } from "../../../src/adapters/programs/sops.ts";
import { SluiceError } from "../../../src/model/problem.ts";

const encoded = Buffer.from("correct horse").toString("base64");
const secret = `apiVersion: v1
data: {word: ${encoded}}
kind: Secret
metadata: {name: a}
stringData: {key: "first line\\nsecond line", password: hunter2}
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-sops-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is told of a program that is this script. */
async function failureOf(script: string, verb: "encrypt" | "decrypt"): Promise<SluiceError["problem"]> {
  const program = join(folder, "sops");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  const config = join(folder, ".sops.yaml");
  await writeFile(config, "creation_rules: [{age: somebody}]\n");
  const made =
    verb === "encrypt"
      ? new SopsEncrypter({ program, run: runProgram, config, recipients: "test" }).encrypt(secret, "rendered/a.yaml")
      : new SopsDecrypter({ program, run: runProgram }).decrypt("sops: {}\n", "config/a.yaml");
  const error: unknown = await made.catch((cause: unknown) => cause);
  if (error instanceof SluiceError) return error.problem;
  throw new Error("it did not fail", { cause: error });
}

it.each([
  // As sops 3.13 says it of a file whose `type:str` somebody has made `type:int`.
  ["quoted", "decrypt", `echo 'Could not decrypt value: strconv.Atoi: parsing "hunter2": invalid syntax' >&2; exit 25`],
  ["quoted with quotes in it", "decrypt", `echo 'parsing time "a\\" hunter2": no' >&2; exit 1`],
  ["in a quote without an end", "decrypt", `echo 'parsing "hunter2' >&2; exit 1`],
  ["as YAML's reader quotes it", "decrypt", "echo 'cannot unmarshal !!str `hunter2` into int' >&2; exit 1"],
  ["in a quote that was cut", "decrypt", `printf '"%0300d hunter2 %07900d" as "2006"' 1 1 >&2; exit 1`],
  ["as it is", "encrypt", "cat >&2; exit 1"],
  ["decoded", "encrypt", "echo bad value correct horse >&2; exit 1"],
  ["by one of its lines", "encrypt", "echo bad value second line >&2; exit 1"],
] as const)("shows nothing that is secret where it stands %s", async (_, verb, script) => {
  const problem = await failureOf(script, verb);
  expect(problem.code).toBe("SOPS_FAILED");
  expect(JSON.stringify(problem)).not.toMatch(/hunter2|correct horse|second line/);
});

it.each([
  [
    "what it says",
    "echo 'Error: no key for it' >&2; exit 128",
    "config/a.yaml can't be decrypted by sops: Error: no key for it",
  ],
  ["that it says nothing", "exit 1", "config/a.yaml can't be decrypted by sops: it did not say why"],
  [
    "that it was killed",
    "kill -9 $$",
    expect.stringMatching(/^config\/a\.yaml can't be decrypted by sops: .* it was killed$/),
  ],
])("tells %s", async (_, script, message) => {
  expect(await failureOf(script, "decrypt")).toMatchObject({ code: "SOPS_FAILED", message });
});
