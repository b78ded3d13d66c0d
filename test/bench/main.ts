/** `npm run bench -- NAME ...`: runs benches by name, all of them without one. */
import { benchManifests } from "./manifests.ts";
import { benchTemplates } from "./templates.ts";

const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  templates: benchTemplates,
  manifests: benchManifests,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches);
for (const name of names) {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    console.error(`no bench ${name}; there are: ${Object.keys(benches).join(", ")}`);
    process.exit(2);
  }
  await bench();
}
