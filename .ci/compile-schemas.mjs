/**
 * A step of the build: compiles the JSON Schemas, and puts the result where `src/config/compile-shape.ts` stands
 * in `dist`, with the same function. Without it everything works and starts later.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { root } from "./prepare.mjs";

const dist = join(root, "dist", "src", "config");
const { ajvOptions } = await import(pathToFileURL(join(dist, "ajv-options.js")).href);
const ajv = new Ajv({ ...ajvOptions, code: { source: true, esm: true } });
/** By the schema's $id (the seed's has but a title) and the definition's name, the name of the function. */
const functions = new Map();

function add(key, schema) {
  const name = `shape${functions.size}`;
  ajv.addSchema(schema, name);
  functions.set(key, name);
}

for (const file of readdirSync(join(root, "schemas")).filter((name) => name.endsWith(".schema.json"))) {
  const schema = JSON.parse(readFileSync(join(root, "schemas", file), "utf8"));
  const key = schema.$id ?? schema.title;
  // The seed's has no $id, and a title with blanks can't be one.
  const $id = `https://sluice.dev/schemas/${file}`;
  ajv.addSchema({ ...schema, $id });
  // Documents are checked by kind, so that what is wrong is said of the kind; all else as a whole.
  const kinds = schema.properties?.kind?.enum;
  if (kinds === undefined) add(`${key}#`, { $ref: `${$id}#` });
  else for (const kind of kinds) add(`${key}#${kind}`, { $ref: `${$id}#/definitions/${kind}` });
}
const names = [...functions.values()];
const code = standalone.default(ajv, Object.fromEntries(names.map((name) => [name, name])));
const table = [...functions].map(([key, name]) => `  [${JSON.stringify(key)}, ${name}],\n`).join("");
// As imports, so that a bundle has them in it; of a CommonJS module all exports are the default one.
const modules = [...new Set([...code.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name))];
const imports = modules.map((name, index) => `import module${index} from "${name}.js";\n`).join("");
const linked = code.replaceAll(/require\("([^"]+)"\)/g, (_, name) => `module${modules.indexOf(name)}`);
writeFileSync(
  join(dist, "compile-shape.js"),
  `/** Made by .ci/compile-schemas.mjs of the JSON Schemas. */
${imports}${linked}
const functions = new Map([
${table}]);
export function compileShape({ $id, title }, definition = "") {
  return functions.get(\`\${$id ?? title}#\${definition}\`);
}
`,
);
