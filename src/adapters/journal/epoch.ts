/**
 * A journal's epochs: one for each time that it was opened.
 *
 * While the disk fails entries are handed on from memory, and after a crash nothing tells how many: the next process gives
 * their sequences once more. So a sequence says something within its opening alone. An epoch is the journal (16 random
 * bytes), which of its openings (4 bytes), and 4 random bytes, as one that left nothing on disk is not counted by the next;
 * all in hex digits.
 */
import { crc32 } from "node:zlib";

const journalDigits = 32;
const openingDigits = 8;

/** The first opening of a journal that begins. `random`: the journal. */
export function firstOpening(random: string): string {
  return openingEpoch(random, 1, random);
}

/** The opening behind one that has left something on disk. `random`: ends with 8 hex digits that no other opening has. */
export function nextOpening(epoch: string, random: string): string {
  return openingEpoch(journalOf(epoch), openingOf(epoch) + 1, random);
}

function openingEpoch(journal: string, opening: number, random: string): string {
  return journal + opening.toString(16).padStart(openingDigits, "0") + random.slice(-openingDigits);
}

export function journalOf(epoch: string): string {
  return epoch.slice(0, journalDigits);
}

/** From 1; 0: it is of before openings were told apart. */
export function openingOf(epoch: string): number {
  return Number.parseInt(epoch.slice(journalDigits, journalDigits + openingDigits) || "0", 16);
}

/**
 * What checksums of a journal start from, so that neither what is left of another journal nor bytes inside a payload pass
 * for its records.
 */
export function checksumSeed(epoch: string): number {
  return crc32(journalOf(epoch));
}
