/**
 * Texts that must stand on no branch, as files of `state.directory` that only this user can read, each named by its digest.
 * The key of the digests is the settings', or one that is drawn once and kept beside them.
 */
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import { withDisk } from "./disk-trouble.ts";

const folderName = "hidden";
const keyName = "hmac-key";
const keyBytes = 32;

export interface HiddenTextsOptions {
  /** `state.directory`. */
  readonly directory: string;
  /** Undefined: the one that is kept in the directory. */
  readonly key?: string;
  /** Whether a key may be drawn and kept where there is none; a command that only reads goes by one that it forgets. */
  readonly mayKeep: boolean;
}

export class DiskHiddenTexts implements HiddenTexts {
  readonly #options: HiddenTextsOptions;
  readonly #folder: string;
  #key: string | Buffer | undefined;

  constructor(options: HiddenTextsOptions) {
    this.#options = options;
    this.#folder = join(options.directory, folderName);
    this.#key = options.key;
  }

  digestOf(text: string): string {
    this.#key ??= this.#readKey();
    return createHmac("sha256", this.#key).update(text).digest("hex").slice(0, 40);
  }

  async read(digest: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, digest), "utf8");
    } catch {
      return undefined;
    }
  }

  async keep(texts: ReadonlyMap<string, string>): Promise<void> {
    await withDisk(`what must stand on no branch can't be kept in ${this.#folder}`, async () => {
      if (texts.size > 0) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (const [digest, text] of texts) {
        const path = join(this.#folder, digest);
        if ((await this.read(digest)) === text) continue;
        // Whole or not at all: another process may read it, and this one may be killed.
        const unfinished = `${path}.${process.pid}`;
        await writeFile(unfinished, text, { mode: 0o600 });
        await rename(unfinished, path);
      }
    });
  }

  async keepOnly(digests: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) if (!digests.has(name)) await rm(join(this.#folder, name), { force: true });
  }

  #readKey(): Buffer {
    const { directory, mayKeep } = this.#options;
    const path = join(directory, keyName);
    const kept = readKept(path);
    if (kept !== undefined) return kept;
    const key = randomBytes(keyBytes);
    if (!mayKeep) return key;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(path, key.toString("hex"), { mode: 0o600, flag: "wx" });
    } catch {
      // Another process was quicker; or the disk does not take it, and the next start has another key.
      return readKept(path) ?? key;
    }
    return key;
  }
}

function readKept(path: string): Buffer | undefined {
  try {
    const key = Buffer.from(readFileSync(path, "utf8").trim(), "hex");
    return key.length === keyBytes ? key : undefined;
  } catch {
    return undefined;
  }
}
