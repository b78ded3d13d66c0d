/** `connections.*.capture`: that core subjects are kept in a stream, and for how long. */
import type { CaptureSettings } from "../model/connection.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import { parseDuration } from "../model/parse-duration.ts";
import { memberText } from "./yaml-document.ts";

const unitBytes: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** Undefined: they are not. The schema has checked the form. */
export function readCapture(capture: Json | undefined): CaptureSettings | undefined {
  if (capture !== true && !isJsonObject(capture)) return undefined;
  const given = capture === true ? undefined : capture;
  const stream = memberText(given, "stream");
  const replicas = given?.get("replicas");
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(replicas === undefined ? {} : { replicas: Number(replicas) }),
    maxAgeMs: parseDuration(memberText(given, "maxAge") ?? "72h"),
    maxBytes: parseBytes(memberText(given, "maxBytes") ?? "1GiB"),
  };
}

function parseBytes(text: string): number {
  const [, amount = "", unit = ""] = /^([0-9]+)([KMGT]iB)$/.exec(text) ?? [];
  return Number(amount) * (unitBytes[unit] ?? 1);
}
