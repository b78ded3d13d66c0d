/**
 * The rules of the house, as tests: who may import what, which rooms are pure, how files are named and opened.
 *
 * Plain text search over the sources: fast, and whoever writes an import so that this does not see it has to mean it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { findProjectRoot } from "./tools/find-project-root.ts";

interface Rule {
  /** Rooms of ours that it may import besides itself. */
  readonly ours: readonly string[];
  /** What else; `node:crypto` with the names that may be taken from it. */
  readonly others: readonly (string | RegExp)[] | "anything";
}

/** Functions of node:crypto that give the same bytes for the same input. */
const pureCrypto = new Set([
  "createHash",
  "createHmac",
  "hash",
  "createCipheriv",
  "createDecipheriv",
  "createPrivateKey",
  "createPublicKey",
  "scryptSync",
  "X509Certificate",
]);

const rules: Readonly<Record<string, Rule>> = {
  model: { ours: [], others: [] },
  "go-template": { ours: [], others: ["re2js", "moment-timezone", "node:crypto"] },
  render: {
    ours: ["model", "go-template"],
    others: ["re2js", "handlebars", "node:crypto"],
  },
  // node:path's functions over text; reading files is not among them.
  config: { ours: ["model", "render"], others: ["yaml", /^ajv/, "re2js", "ignore", "node:crypto", "node:path"] },
  events: { ours: ["model", "render"], others: [/^cloudevents/] },
  plan: { ours: ["model"], others: ["node:crypto"] },
  // Canonical YAML and dnsName are rendering's.
  delivery: { ours: ["model", "plan", "render"], others: [] },
  ports: { ours: ["model"], others: [] },
  adapters: { ours: ["model", "ports"], others: "anything" },
  // How the label of an owner is written is rendering's.
  apply: { ours: ["model", "go-template", "plan", "ports", "render"], others: ["node:crypto"] },
  pipeline: { ours: ["model", "config", "events", "render", "plan", "delivery", "ports"], others: [] },
  app: {
    ours: ["model", "config", "events", "render", "plan", "delivery", "ports", "pipeline", "apply"],
    others: [
      "commander",
      "string-width",
      /^fastify/,
      "handlebars",
      "yaml",
      /^node:(crypto|module|fs|fs\/promises|path|process|url|os|http|net)$/,
    ],
  },
};

/** The composition root: the only one that knows adapters. */
const compositionRoot = "app/compose/";
const pureRooms = new Set(["model", "go-template", "config", "events", "render", "plan", "delivery"]);

const src = join(findProjectRoot(), "src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort()
  .map((file) => ({ file, room: file.split("/")[0]!, text: readFileSync(join(src, file), "utf8") }));

interface Import {
  readonly from: string;
  readonly names: string;
}

function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(?:([^"';]*?)\s+from\s+)?["']([^"']+)["']/gm);
  const calls = text.matchAll(/\bimport\(\s*(["'])([^"']+)\1\s*\)/g);
  return [...statements, ...calls].map(([, names = "", from = ""]) => ({ from, names }));
}

/** The code without comments and with empty strings; good enough to look for names that should not be there. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/(^|[^:])\/\/.*$/gm, "$1");
}

/** Names what breaks the rule, so that a failure says all there is to mend. */
function collect(check: (file: (typeof files)[number]) => readonly string[]): string[] {
  return files.flatMap((file) => check(file).map((fault) => `src/${file.file}: ${fault}`));
}

it("finds the sources, and every room has a rule", () => {
  expect(files.length).toBeGreaterThan(50);
  expect([...new Set(files.map(({ room }) => room))].filter((room) => rules[room] === undefined)).toEqual([]);
});

it("rooms import only the rooms that they may", () => {
  const faults = collect(({ file, room, text }) =>
    importsOf(text).flatMap(({ from }) => {
      if (!from.startsWith(".") || isSchema(room, file, from)) return [];
      const target = normalize(join(dirname(file), from)).split("/")[0]!;
      const mayImport = target === room || rules[room]?.ours.includes(target);
      const isComposition = file.startsWith(compositionRoot) && target === "adapters";
      // The library has one door, for us as for others.
      if (target === "go-template" && room !== target && !from.endsWith("/go-template/index.ts"))
        return [`imports ${from}`];
      return mayImport || isComposition ? [] : [`imports ${from}`];
    }),
  );
  expect(faults).toEqual([]);
});

/** The JSON Schemas that are shipped for editors are what config validates with. */
function isSchema(room: string, file: string, from: string): boolean {
  return room === "config" && /^\.\.\/schemas\/[a-z0-9.-]+\.json$/.test(normalize(join(dirname(file), from)));
}

it("rooms import only the libraries that they may", () => {
  const faults = collect(({ file, room, text }) =>
    importsOf(text).flatMap(({ from }) => {
      const { others } = rules[room]!;
      if (from.startsWith(".") || others === "anything" || file.startsWith(compositionRoot)) return [];
      return others.some((other) => (typeof other === "string" ? other === from : other.test(from)))
        ? []
        : [`imports ${from}`];
    }),
  );
  expect(faults).toEqual([]);
});

it("pure rooms have no clock, chance, environment, console or file system", () => {
  const forbidden = [
    /\bDate\.now\b/,
    /\bnew Date\(\s*\)/,
    /\bDate\(\s*\)/,
    /\bMath\.random\b/,
    /\bprocess\./,
    /\bconsole\./,
    /\bperformance\./,
    /\bset(?:Timeout|Interval|Immediate)\(/,
    /\bcrypto\.(?:random|getRandom|subtle)/,
    /\bfetch\(/,
  ];
  const faults = collect(({ room, text }) => {
    if (!pureRooms.has(room)) return [];
    const code = codeOf(text);
    const impure = forbidden.flatMap((pattern) => pattern.exec(code)?.[0] ?? []);
    const chance = importsOf(text)
      .filter(({ from }) => from === "node:crypto")
      .flatMap(({ names }) => names.replace(/[{}]|\btype\b/g, "").split(","))
      .map((name) => name.trim().split(/\s+as\s+/)[0]!)
      .filter((name) => name !== "" && !pureCrypto.has(name));
    return [...impure, ...chance].map((name) => `uses ${name}`);
  });
  expect(faults).toEqual([]);
});

it("ports are types: an interface has nothing to run", () => {
  const faults = collect(({ room, text }) =>
    room === "ports" && /^(?:export )?(?:const|let|function|class|async)\b/m.test(text) ? ["has code"] : [],
  );
  expect(faults).toEqual([]);
});

it("relative imports name the file, and no module is imported for its effect", () => {
  const faults = collect(({ room, file, text }) =>
    importsOf(text).flatMap(({ from, names }) => [
      ...(from.startsWith(".") && !from.endsWith(".ts") && !isSchema(room, file, from)
        ? [`imports ${from} without .ts`]
        : []),
      ...(from.startsWith("../test") ? [`imports ${from}`] : []),
      ...(names === "" && !text.includes(`import("${from}")`) ? [`imports ${from} for its effect`] : []),
    ]),
  );
  expect(faults).toEqual([]);
});

it("every file opens with what it is for", () => {
  const faults = collect(({ text }) => (/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(text) ? [] : ["has no opening comment"]));
  expect(faults).toEqual([]);
});

it("files are kebab-case, and there is no drawer for leftovers", () => {
  const faults = collect(({ file }) => [
    ...(/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(basename(file)) ? [] : ["is not kebab-case"]),
    ...(/(?:^|\/)(?:utils?|common|misc)(?:\/|\.ts$)/.test(file) ? ["is a drawer"] : []),
  ]);
  expect(faults).toEqual([]);
});

it("exports have names", () => {
  const faults = collect(({ text }) => (/^export default\b/m.test(text) ? ["has a default export"] : []));
  expect(faults).toEqual([]);
});

it("nothing is left for later", () => {
  const faults = collect(({ text }) => /\b(?:TODO|FIXME|XXX)\b/.exec(text)?.slice(0, 1) ?? []);
  expect(faults).toEqual([]);
});

/** What an `export` statement makes known outside: declarations, lists, and what is passed on from another file. */
function exportsOf(text: string): readonly string[] {
  const declared = [
    ...text.matchAll(
      /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+([A-Za-z_$][\w$]*)/gm,
    ),
  ].map(([, name = ""]) => name);
  const listed = [...text.matchAll(/^export\s+(?:type\s+)?\{([^}]*)\}/gm)].flatMap(([, names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim().replace(/^type\s+/, ""))
      .filter((name) => name !== "")
      .map((name) => name.split(/\s+as\s+/).at(-1)!),
  );
  return [...declared, ...listed];
}

/** Names that other files take from a file, by its path below the root; `*` where all of it is taken. */
function namesTaken(): ReadonlyMap<string, ReadonlySet<string>> {
  const taken = new Map<string, Set<string>>();
  const root = findProjectRoot();
  const all = ["src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );
  for (const file of all) {
    const text = readFileSync(join(root, file), "utf8");
    for (const { from, names } of importsOf(text)) {
      if (!from.startsWith(".")) continue;
      const target = normalize(join(dirname(file), from));
      const set = taken.get(target) ?? new Set<string>();
      taken.set(target, set);
      const list = /\{([^}]*)\}/.exec(names)?.[1];
      if (list === undefined) set.add("*");
      else
        for (const name of list.split(","))
          set.add(
            name
              .trim()
              .replace(/^type\s+/, "")
              .split(/\s+as\s+/)[0]!,
          );
    }
    // `await import("./x.ts")).name`, and destructured.
    for (const [, from = "", name = ""] of text.matchAll(/import\(\s*"(\.[^"]+)"\s*\)\)\.([A-Za-z_$][\w$]*)/g)) {
      const target = normalize(join(dirname(file), from));
      taken.set(target, (taken.get(target) ?? new Set()).add(name));
    }
  }
  return taken;
}

/** Files that others outside this repository import, or that are programs. */
const doors = /^(?:app\/(?:main|action-main)|go-template\/index)\.ts$/;

/** A type that the file itself uses: it is part of what its functions take and give, and may be named. */
function isInSignature(text: string, name: string): boolean {
  const isType = new RegExp(`^export\\s+(?:interface|type)\\s+${name}\\b`, "m").test(text);
  return isType && (text.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0) > 1;
}

it("nothing is exported that nobody imports", () => {
  const taken = namesTaken();
  const faults = collect(({ file, text }) => {
    if (doors.test(file)) return [];
    const names = taken.get(`src/${file}`) ?? new Set();
    return exportsOf(text)
      .filter((name) => !names.has(name) && !isInSignature(text, name))
      .map((name) => `exports ${name}, which nobody imports`);
  });
  expect(faults).toEqual([]);
});

it("every import that a room may make is made by one of its files", () => {
  const used = new Map<string, Set<string>>();
  for (const { file, room, text } of files) {
    const set = used.get(room) ?? new Set<string>();
    used.set(room, set);
    for (const { from } of importsOf(text)) {
      set.add(from.startsWith(".") ? normalize(join(dirname(file), from)).split("/")[0]! : from);
    }
  }
  const faults = Object.entries(rules).flatMap(([room, { ours, others }]) => {
    const made = used.get(room);
    if (made === undefined) return [`${room} is no room`];
    const idle = ours.filter((other) => !made.has(other)).map((other) => `${room} may import ${other}, and does not`);
    const libraries = others === "anything" ? [] : others;
    const unused = libraries.filter((library) =>
      typeof library === "string" ? !made.has(library) : ![...made].some((from) => library.test(from)),
    );
    return [...idle, ...unused.map((library) => `${room} may import ${library}, and does not`)];
  });
  expect(faults).toEqual([]);
});
