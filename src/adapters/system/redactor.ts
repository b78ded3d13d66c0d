/**
 * The one place where secrets are taken out of what leaves the process: logs, errors, tables.
 *
 * Every secret that is read is told to it; whatever prints asks it. Credentials inside URLs go too, known or not.
 */

import type { Redactor } from "../../ports/system.ts";

const secretCharactersMin = 4;
/** Bounded at both ends: events can make texts of any length, and this runs over all of them. */
const urlCredentials = /([a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@"']{1,512}@/gi;
const mark = "***";

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  return {
    remember(secret) {
      // A key of several lines may be printed line by line.
      for (const part of [secret.trim(), ...secret.split("\n")]) {
        if (part.trim().length >= secretCharactersMin) secrets.add(part.trim());
      }
    },
    redact(text) {
      let redacted = text.replace(urlCredentials, `$1${mark}@`);
      for (const secret of secrets) {
        if (redacted.includes(secret)) redacted = redacted.replaceAll(secret, mark);
      }
      return redacted;
    },
  };
}
