/**
 * What of a config folder is left out: the settings' `config.exclude` and `.sluiceignore` files, both in the syntax of
 * `.gitignore`. As in Git a file deeper down decides over those above it, and within one the last pattern that fits;
 * what lies in a folder that is left out can't be taken back. What the settings leave out stays out.
 */
import ignore, { type Ignore } from "ignore";

export const ignoreFileName = ".sluiceignore";

/** Patterns that hold below one folder. */
interface Layer {
  /** The folder, empty or with a slash at its end. */
  readonly prefix: string;
  readonly patterns: Ignore;
}

export class Exclusions {
  readonly #settings: Ignore;
  /** The deepest last. */
  readonly #layers: readonly Layer[];

  constructor(exclude: readonly string[], layers: readonly Layer[] = []) {
    this.#settings = ignore().add([...exclude]);
    this.#layers = layers;
  }

  /** With what the `.sluiceignore` of the folder says; `folder` is empty for the config folder itself. */
  within(folder: string, text: string): Exclusions {
    const prefix = folder === "" ? "" : `${folder}/`;
    const inner = new Exclusions([], [...this.#layers, { prefix, patterns: ignore().add(text) }]);
    inner.#settings.add(this.#settings);
    return inner;
  }

  /** Whether a file or folder is left out that is in a folder that isn't; the path is relative to the config folder. */
  excludes(path: string, kind: "file" | "folder"): boolean {
    const shown = kind === "folder" ? `${path}/` : path;
    if (this.#settings.ignores(shown)) return true;
    for (const { prefix, patterns } of [...this.#layers].reverse()) {
      const { ignored, unignored } = patterns.test(shown.slice(prefix.length));
      if (ignored || unignored) return ignored;
    }
    return false;
  }
}
