/** Ids that nobody else has. */
import type { Chance } from "../ports/system.ts";

/** 128 random bits as hex digits. */
export function randomId(chance: Chance): string {
  const digits = () =>
    Math.floor(chance.next() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return digits() + digits() + digits() + digits();
}
