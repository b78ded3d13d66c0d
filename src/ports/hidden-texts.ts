/** What documents say that must stand on no branch: kept on this machine, by a digest that a branch may have. */

export interface HiddenTexts {
  /** An HMAC of a text, in hex digits. The same for equal texts, for as long as the key is the same. */
  digestOf(text: string): string;
  /** Undefined: no text of that digest is on this machine. */
  read(digest: string): Promise<string | undefined>;
  /** Keeps texts, by their digests. Throws a SluiceError (DISK_UNAVAILABLE). */
  keep(texts: ReadonlyMap<string, string>): Promise<void>;
  /** Forgets all texts but those of these digests. */
  keepOnly(digests: ReadonlySet<string>): Promise<void>;
}
