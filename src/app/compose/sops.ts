/** What encrypts Secrets and decrypts documents, as the settings ask for it. */
import { runProgram } from "../../adapters/git/git-program.ts";
import { SopsDecrypter, SopsEncrypter, type SopsOptions } from "../../adapters/programs/sops.ts";
import { assert } from "../../model/assert.ts";
import type { Settings } from "../../model/settings.ts";
import { Sealer } from "../../pipeline/seal-secrets.ts";
import type { Decrypter } from "../../ports/encrypter.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";

/** Undefined where no Secrets are encrypted. */
export function composeSealer({ output }: Settings, hidden: HiddenTexts): Sealer | undefined {
  const { secrets, sops, path: outputPath } = output;
  if (secrets !== "sops") return undefined;
  const { config, recipients } = sops;
  assert(config !== undefined && recipients !== undefined, "settings with sops say whom to encrypt for");
  const encrypter = new SopsEncrypter({ ...sopsProgram(), config, recipients });
  return new Sealer({ encrypter, digestOf: (text) => hidden.digestOf(text), outputPath });
}

/** Undefined where encrypted documents are errors. */
export function composeDecrypter({ config }: Settings): Decrypter | undefined {
  return config.decrypt === undefined ? undefined : new SopsDecrypter(sopsProgram());
}

function sopsProgram(): SopsOptions {
  return { program: process.env.SOPS || "sops", run: runProgram };
}
