/**
 * The sops program as Encrypter and Decrypter. Keys are found as sops finds them: in its own variables and files, which are
 * this process's. Texts go through pipes; none stands in an argument or in a file.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { parse } from "yaml";
import { describeFileError } from "../../model/describe-file-error.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Decrypter, Encrypter } from "../../ports/encrypter.ts";
import type { ProgramRunner } from "../../ports/program-runner.ts";
import { SecretFiles } from "../git/secret-files.ts";

/** Key services on the network take their time. */
const durationMsMax = 60_000;
/** Files whose decrypted text is remembered, so that a look at documents that did not change starts no program. */
const rememberedMax = 1000;

export interface SopsOptions {
  /** A path, or a name on PATH. */
  readonly program: string;
  readonly run: ProgramRunner;
}

export interface SopsEncrypterOptions extends SopsOptions {
  /** The absolute path of the `.sops.yaml` whose creation rules say whom to encrypt for. */
  readonly config: string;
  /** Names these rules. */
  readonly recipients: string;
}

export class SopsEncrypter implements Encrypter {
  readonly recipients: string;
  readonly #sops: SopsOptions;
  readonly #config: string;

  constructor({ config, recipients, ...sops }: SopsEncrypterOptions) {
    this.recipients = recipients;
    this.#sops = sops;
    this.#config = config;
  }

  async encrypt(secret: string, path: string): Promise<string> {
    const files = new SecretFiles();
    try {
      const config = files.write("sops.yaml", readRules(this.#config));
      // The rules' path_regex is about paths below the folder of the file that they stand in.
      const name = join(dirname(config), path);
      const args = ["--config", config, "encrypt", ...formatOf(".yaml"), "--filename-override", name];
      return await runSops(this.#sops, "encrypt", args, secret, path);
    } finally {
      files.remove();
    }
  }
}

/** What a rule may say of which parts are encrypted: that is not for it to decide. */
const scopeKeys = new Set([
  "encrypted_regex",
  "unencrypted_regex",
  "encrypted_suffix",
  "unencrypted_suffix",
  "encrypted_comment_regex",
  "unencrypted_comment_regex",
  "mac_only_encrypted",
]);

/** The configuration, with rules that encrypt what a Secret holds and nothing else, and sign nothing else either. */
function readRules(file: string): string {
  try {
    const config = parse(readFileSync(file, "utf8")) as { readonly creation_rules: readonly Record<string, unknown>[] };
    const rules = config.creation_rules.map((rule) => ({
      ...Object.fromEntries(Object.entries(rule).filter(([key]) => !scopeKeys.has(key))),
      encrypted_regex: "^(data|stringData)$",
      mac_only_encrypted: true,
    }));
    return JSON.stringify({ ...config, creation_rules: rules });
  } catch (cause) {
    const message = `output.sops.config ${file} can't be read: ${describeFileError(cause).split("\n")[0]}`;
    throw new SluiceError({ code: "SOPS_FAILED", message }, cause);
  }
}

export class SopsDecrypter implements Decrypter {
  readonly #sops: SopsOptions;
  readonly #remembered = new Map<string, string>();

  constructor(sops: SopsOptions) {
    this.#sops = sops;
  }

  async decrypt(text: string, path: string): Promise<string> {
    const key = createHash("sha256").update(text).digest("hex");
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const args = ["decrypt", ...formatOf(extname(path)), "--filename-override", path];
    const decrypted = await runSops(this.#sops, "decrypt", args, text, path);
    this.#remembered.set(key, decrypted);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > rememberedMax) this.#remembered.delete(oldest!);
    return decrypted;
  }
}

function formatOf(extension: string): readonly string[] {
  const format = extension.toLowerCase() === ".json" ? "json" : "yaml";
  return ["--input-type", format, "--output-type", format];
}

async function runSops(
  { program, run }: SopsOptions,
  verb: "encrypt" | "decrypt",
  args: readonly string[],
  input: string,
  path: string,
): Promise<string> {
  const env = { ...process.env, LC_ALL: "C" };
  let why: string;
  try {
    const { code, stdout, stderr } = await run(program, args, { env, input, durationMsMax });
    if (code === 0) return stdout.toString();
    why = explain(stderr, verb === "encrypt" ? secretsIn(input) : []);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.problem.code !== "PROGRAM_FAILED") throw error;
    why = error.problem.message;
  }
  throw new SluiceError({
    code: "SOPS_FAILED",
    message: `${path} can't be ${verb}ed by sops: ${why}`,
    hint: `Try sops ${verb} by hand. Keys are looked for where this process's user and variables have them.`,
  });
}

/** What is longer has been cut, perhaps within what it quotes. */
const saidCharsMax = 4000;

/**
 * What sops says goes over many lines, framed. It quotes what it can't take: a value that is said to be a number, and is
 * decrypted to a password, would be printed. So nothing that is quoted is shown, and nothing at all where a secret is.
 */
function explain(stderr: string, secrets: readonly string[]): string {
  if (stderr.length > saidCharsMax) return "what it said is too long to be shown";
  const unquoted = stderr.replace(/"(?:[^"\\]|\\.)*(?:"|$)|`[^`]*(?:`|$)/gs, '"…"');
  if (secrets.some((secret) => unquoted.includes(secret))) return "what it said quotes the Secret, and is not shown";
  const lines = unquoted.split("\n").map((line) => line.replace(/^[\s|-]+|[\s|]+$/g, ""));
  const said = lines.filter((line) => line !== "").join("; ");
  return said === "" ? "it did not say why" : said.slice(0, 500);
}

/** Shorter ones stand in what anybody says. */
const secretCharsMin = 4;

/** What is to be encrypted, line by line, as it is and decoded. */
function secretsIn(manifest: string): readonly string[] {
  const { data = {}, stringData = {} } = parse(manifest) as Partial<Record<"data" | "stringData", object>>;
  const encoded = Object.values(data).map(String);
  const values = [...Object.values(stringData).map(String), ...encoded];
  const decoded = encoded.map((value) => Buffer.from(value, "base64").toString());
  return [...values, ...decoded]
    .flatMap((value) => value.split("\n").map((line) => line.trim()))
    .filter((line) => line.length >= secretCharsMin);
}
