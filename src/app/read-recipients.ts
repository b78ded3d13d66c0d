/** Whom Secrets are encrypted for: the creation rules of a `.sops.yaml`, comments and layout apart. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { describeFileError } from "../model/describe-file-error.ts";
import { SluiceError } from "../model/problem.ts";

/** A hash that changes with the rules. Throws a SluiceError (SOPS_FAILED). */
export async function readRecipients(config: string): Promise<string> {
  let rules: unknown;
  try {
    rules = (parse(await readFile(config, "utf8")) as { creation_rules?: unknown } | null)?.creation_rules;
  } catch (cause) {
    const message = `output.sops.config ${config} can't be read: ${describeFileError(cause).split("\n")[0]}`;
    throw new SluiceError({ code: "SOPS_FAILED", message }, cause);
  }
  if (Array.isArray(rules) && rules.length > 0) {
    return createHash("sha256").update(JSON.stringify(rules)).digest("hex").slice(0, 16);
  }
  const message = `output.sops.config ${config} has no creation_rules: nobody is encrypted for`;
  throw new SluiceError({ code: "SOPS_FAILED", message, hint: "See https://getsops.io for what a .sops.yaml says." });
}
