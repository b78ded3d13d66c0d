/** Secrets as files, for programs that take them no other way: in a folder of their own that only this user can read. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class SecretFiles {
  #folder: string | undefined;
  readonly #written = new Map<string, string>();

  /** The folder, short enough for the sockets that gpg puts into its own. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "sluice-"));
    return this.#folder;
  }

  /** Path of a file with that text; written again when the text is another. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    if (this.#written.get(name) !== text) {
      rmSync(path, { force: true });
      writeFileSync(path, text, { mode: 0o600 });
      this.#written.set(name, text);
    }
    return path;
  }

  /** Whether the file was written with just that text. */
  holds(name: string, text: string): boolean {
    return this.#written.get(name) === text;
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#written.clear();
  }
}
