/** Settings that are valid but not built yet: using one is a warning at its place. A line goes when its feature comes. */
import type { Path } from "./yaml-document.ts";

export interface SettingWithoutEffect {
  /** `*` stands for every index of a list. */
  readonly path: Path;
  /** A value that means what happens anyway, and so needs no warning. */
  readonly unless?: string | boolean;
}

export const settingsWithoutEffect: readonly SettingWithoutEffect[] = [];
