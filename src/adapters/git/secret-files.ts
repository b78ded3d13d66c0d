/**
 * Secrets as files, for programs that take them no other way: in a folder of their own that only this user can read. It goes with the
 * repository, and with the process, however that ends in order; what a kill leaves is removed by who has the parent folder next.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SluiceError } from "../../model/problem.ts";

/** Sockets that gpg puts into its folder have paths of at most 108 bytes. */
const shortBytesMax = 80;

/** Folders that exist now. */
const open = new Set<SecretFiles>();
process.on("exit", () => {
  for (const files of open) files.remove();
});

export class SecretFiles {
  readonly #parent: string | undefined;
  #folder: string | undefined;
  /** A short way to it. */
  #link: string | undefined;
  readonly #written = new Map<string, string>();

  /** `parent`: where the folder is made; where that can't be written, or is not given, in the temporary folder. */
  constructor(parent?: string) {
    this.#parent = parent;
  }

  /** Throws a SluiceError (DISK_UNAVAILABLE). */
  get folder(): string {
    this.#folder ??= this.#make();
    return this.#folder;
  }

  /** The folder by a path that is short enough for the sockets in it. */
  get shortFolder(): string {
    const { folder } = this;
    if (Buffer.byteLength(folder) <= shortBytesMax) return folder;
    if (this.#link === undefined) {
      this.#link = mkdtempSync(join(tmpdir(), "sluice-"));
      symlinkSync(folder, join(this.#link, "s"));
    }
    return join(this.#link, "s");
  }

  /** Path of a file with that text; written again when the text is another. Throws a SluiceError (DISK_UNAVAILABLE). */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    if (this.#written.get(name) === text) return path;
    try {
      rmSync(path, { force: true });
      writeFileSync(path, text, { mode: 0o600 });
    } catch (error) {
      this.remove();
      throw diskError(error);
    }
    this.#written.set(name, text);
    return path;
  }

  /** Whether the file was written with just that text. */
  holds(name: string, text: string): boolean {
    return this.#written.get(name) === text;
  }

  remove(): void {
    for (const path of [this.#link, this.#folder]) {
      // A gpg that was ended may still write a last file.
      if (path !== undefined) rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    }
    this.#link = undefined;
    this.#folder = undefined;
    this.#written.clear();
    open.delete(this);
  }

  #make(): string {
    let last: unknown;
    for (const parent of [this.#parent, tmpdir()]) {
      if (parent === undefined) continue;
      try {
        mkdirSync(parent, { recursive: true, mode: 0o700 });
        const folder = mkdtempSync(join(parent, "sluice-"));
        open.add(this);
        return folder;
      } catch (error) {
        last = error;
      }
    }
    throw diskError(last);
  }
}

function diskError(cause: unknown): SluiceError {
  const { code } = cause as NodeJS.ErrnoException;
  return new SluiceError(
    {
      code: "DISK_UNAVAILABLE",
      message: `a secret can't be handed to the program that needs it: its file can't be written (${code})`,
      hint: "Make room in state.directory or in the temporary folder.",
    },
    cause,
  );
}
