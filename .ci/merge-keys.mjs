/**
 * Makes src/render/patches/merge-keys.ts of the OpenAPI that kustomize goes by: `node .ci/merge-keys.mjs`. The version of
 * kyaml is the one that test/tools/merge-keys/go.mod pins.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./prepare.mjs";

const folder = join(root, "test", "tools", "merge-keys");
const { kinds, definitions } = JSON.parse(execFileSync("go", ["run", "."], { cwd: folder, maxBuffer: 1 << 24 }));
const shorten = (name) => name.replace(/^io\.k8s\.(?:api|apimachinery\.pkg\.apis|[a-z-]+\.pkg\.apis)\./, "");

/** One line a definition: its fields, each `name[=keys][>definition]`; `+` stands for a list of scalars that is merged. */
const lines = Object.entries(definitions).map(([name, fields]) => {
  const written = Object.entries(fields).map(([field, { keys, merged, type }]) => {
    const how = merged ? `=${keys?.join("+") ?? ""}` : "";
    return `${field}${how}${type ? `>${shorten(type)}` : ""}`;
  });
  return `${shorten(name)} ${written.sort().join(" ")}`;
});
const roots = Object.entries(kinds).map(([kind, name]) => `${kind} ${shorten(name)}`);
const text = `/** How kustomize merges lists of Kubernetes' own kinds. Made by .ci/merge-keys.mjs of kyaml's OpenAPI: see there. */

/** By apiVersion and kind, the definition. */
export const kindLines = ${JSON.stringify(roots.sort())};

/** By definition its fields: \`name[=keys][>definition]\`; no keys: a list of scalars that is merged. */
export const definitionLines = ${JSON.stringify(lines.sort())};
`;
writeFileSync(join(root, "src", "render", "patches", "merge-keys.ts"), text);
