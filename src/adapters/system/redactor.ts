/**
 * The one place where secrets are taken out of what leaves the process: logs, errors, tables.
 *
 * Every secret that is read is told to it; whatever prints asks it. A secret is known in the forms that it leaves in:
 * as it is, as JSON escapes it, percent-encoded, and as base64 at any offset (a Basic credential has the user in front).
 * Credentials inside URLs go too, known or not.
 */
import type { Redactor } from "../../ports/system.ts";

const secretCharactersMin = 4;
/** A shorter stretch of base64 may well be somebody's word. */
const base64CharactersMin = 8;
/** Bounded at both ends: events can make texts of any length, and this runs over all of them. */
const urlCredentials = /([a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@"']{1,512}@/gi;
const mark = "***";

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  /** Longest first, so that no form is left in part because another one is part of it. */
  let forms: readonly string[] = [];

  function redact(text: string): string {
    let redacted = text.replace(urlCredentials, `$1${mark}@`);
    for (const form of forms) {
      if (redacted.includes(form)) redacted = redacted.replaceAll(form, mark);
    }
    return redacted;
  }

  function redactValue(value: unknown): unknown {
    if (typeof value === "string") return redact(value);
    if (Array.isArray(value)) return value.map(redactValue);
    if (value instanceof Map) return new Map([...value].map(([key, member]) => [key, redactValue(member)]));
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redactValue(member)]));
  }

  return {
    remember(secret) {
      const known = secrets.size;
      // A key of several lines may be printed line by line.
      for (const part of [secret.trim(), ...secret.split("\n")]) {
        if (part.trim().length >= secretCharactersMin) secrets.add(part.trim());
      }
      if (secrets.size === known) return;
      forms = [...new Set([...secrets].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    },
    redact,
    redactValue,
  };
}

/** The secret as it may stand in a text that leaves. */
function formsOf(secret: string): readonly string[] {
  const percent = encodeAll(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll("%20", "+"),
    ...base64Forms(secret),
  ];
}

function encodeAll(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair has no such form.
    return text;
  }
}

/** What is certain of the secret's base64 whatever stands in front of it or behind, for each offset within three bytes. */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const forms: string[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    const certain = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    if (certain.length < base64CharactersMin) continue;
    forms.push(certain, certain.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}
