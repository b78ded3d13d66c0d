/** Signs commits with `ssh-keygen` or `gpg`. Fails closed: a commit that can't be signed is not made. */
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";
import type { ProgramEnv } from "../../ports/program-runner.ts";
import { gitEnv, runProgram } from "./git-program.ts";
import { SecretFiles } from "./secret-files.ts";

export interface SigningOptions {
  readonly format: "ssh" | "openpgp";
  /**
   * ssh: the private key, without passphrase, or the public key of one that the agent holds. openpgp: the armored private key, or
   * the id of one in the user's keyring.
   */
  key(): Promise<string>;
}

const signMsMax = 30_000;

export class CommitSigner {
  readonly #options: SigningOptions;
  readonly #files: SecretFiles;

  /** `secretsFolder`: where keys are put for the programs. */
  constructor(options: SigningOptions, secretsFolder?: string) {
    this.#options = options;
    this.#files = new SecretFiles(secretsFolder);
  }

  /** The armored signature of a commit's body. Throws a SluiceError (PROGRAM_FAILED, PROGRAM_MISSING). */
  async sign(body: Buffer): Promise<string> {
    const key = (await this.#options.key()).trim();
    const armored =
      this.#options.format === "ssh" ? await this.#signBySsh(key, body) : await this.#signByGpg(key, body);
    if (!/^-----BEGIN (SSH|PGP) SIGNATURE-----\n/.test(armored)) throw cannotSign("no signature came back");
    return armored;
  }

  async close(): Promise<void> {
    if (this.#files.holds("imported", "yes")) {
      // gpg leaves an agent running for its folder.
      const env = gitEnv({ GNUPGHOME: this.#files.shortFolder });
      await runProgram("gpgconf", ["--kill", "all"], { env, durationMsMax: signMsMax }).catch(() => undefined);
    }
    this.#files.remove();
  }

  async #signBySsh(key: string, body: Buffer): Promise<string> {
    const isPublic = /^(ssh-|ecdsa-|sk-)/.test(key);
    const file = this.#files.write(isPublic ? "signing.pub" : "signing", `${key}\n`);
    const args = ["-Y", "sign", "-n", "git", "-f", file, ...(isPublic ? ["-U"] : [])];
    return this.#run("ssh-keygen", args, { SSH_ASKPASS_REQUIRE: "never" }, body);
  }

  async #signByGpg(key: string, body: Buffer): Promise<string> {
    const common = ["--batch", "--no-tty", "--quiet"];
    if (!key.startsWith("-----BEGIN PGP PRIVATE KEY BLOCK-----")) {
      return this.#run("gpg", [...common, "--detach-sign", "--armor", "--local-user", key], {}, body);
    }
    const home = { GNUPGHOME: this.#files.shortFolder };
    if (!this.#files.holds("key", key)) {
      await this.#run("gpg", [...common, "--import", this.#files.write("key", key)], home, Buffer.alloc(0));
      this.#files.write("imported", "yes");
    }
    return this.#run("gpg", [...common, "--detach-sign", "--armor"], home, body);
  }

  async #run(program: string, args: readonly string[], extra: ProgramEnv, input: Buffer): Promise<string> {
    const result = await runProgram(program, args, { env: gitEnv(extra), input, durationMsMax: signMsMax });
    if (result.code === 0) return result.stdout.toString();
    // Where its files are is nobody's concern, and they are written anew the next time.
    const { folder, shortFolder } = this.#files;
    const said = [shortFolder, folder].reduce((text, path) => text.replaceAll(join(path, "/"), ""), result.stderr);
    this.#files.remove();
    throw cannotSign(said);
  }
}

function cannotSign(why: string): SluiceError {
  return new SluiceError({
    code: "PROGRAM_FAILED",
    message: `the commit can't be signed: ${why}`,
    hint: "Check repository.signing: the key must be usable without a passphrase, and fit the format.",
  });
}
