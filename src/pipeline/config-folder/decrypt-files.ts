/** Files of the config folder that were encrypted with sops, as they were before; what can't be read so has a fault. */
import type { ConfigFile } from "../../model/catalog.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { Turns } from "../../model/turns.ts";
import type { Decrypter } from "../../ports/encrypter.ts";

/** Programs at once. */
const atOnce = 4;

/** `decrypter` undefined: nothing is decrypted. */
export async function decryptFiles(
  files: readonly ConfigFile[],
  decrypter: Decrypter | undefined,
): Promise<readonly ConfigFile[]> {
  const turns = new Turns(atOnce);
  return Promise.all(files.map((file) => (isEncrypted(file) ? turns.take(() => decryptFile(file, decrypter)) : file)));
}

/** A sops file has a member `sops` at its root, and ciphertexts that begin so. */
function isEncrypted({ text, fault }: ConfigFile): boolean {
  return fault === undefined && text.includes("ENC[AES256_GCM,") && /^[\s{]*["']?sops["']?\s*:/m.test(text);
}

async function decryptFile(file: ConfigFile, decrypter: Decrypter | undefined): Promise<ConfigFile> {
  const { path, shown = path } = file;
  if (decrypter === undefined) {
    const hint = "Set config.decrypt: sops in the settings, and let the service have the key.";
    return withFault(file, { code: "DOCUMENT_INVALID", message: `${shown} is encrypted with sops`, hint });
  }
  try {
    return { ...file, text: await decrypter.decrypt(file.text, shown), isHidden: true };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return withFault(file, error.problem);
  }
}

function withFault(file: ConfigFile, problem: Omit<Problem, "severity">): ConfigFile {
  const { path, shown = path } = file;
  return { ...file, text: "", fault: { ...problem, severity: "error", at: { file: shown, line: 1, column: 1 } } };
}
