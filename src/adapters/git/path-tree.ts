/** Paths arranged by folder, so that each tree has to be gone through only once. */

/** By name what is wanted below it; nothing: the name itself. */
export type PathTree = Map<string, PathTree>;

export function makePathTree(paths: readonly string[]): PathTree {
  const root: PathTree = new Map();
  for (const path of paths) {
    let folder = root;
    for (let start = 0; start <= path.length; ) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      const name = path.slice(start, end);
      let below = folder.get(name);
      if (below === undefined) {
        below = new Map();
        folder.set(name, below);
      }
      folder = below;
      start = end + 1;
    }
  }
  return root;
}
