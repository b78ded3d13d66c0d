/** The Action's inputs: a word that is none of theirs is refused before anything is done. */
import { expect, it } from "vitest";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { runAction } from "../../src/app/action.ts";

async function run(environment: Readonly<Record<string, string>>) {
  let out = "";
  const code = await runAction(
    {
      out: (text) => {
        out += text;
      },
      err: () => undefined,
      isTerminal: false,
      workingDirectory: "/nowhere",
      stop: new AbortController().signal,
      stopInOrder: () => undefined,
      redactor: createRedactor(),
    },
    environment,
  );
  return { code, out };
}

it.each(["UNTRUSTED", "OFFLINE", "FAIL_ON_DELETIONS", "COMMENT"])("%s is true or false", async (name) => {
  for (const word of ["yes", "1", "on"]) {
    const { code, out } = await run({ [`SLUICE_${name}`]: word });
    expect(code).toBe(2);
    expect(out).toContain(`the input ${name.toLowerCase().replaceAll("_", "-")} is "${word}"`);
  }
});
