/**
 * The fields that Sveltos' own CRDs have, against the list of them that is kept in test/fixtures/sveltos-fields.json:
 * `npm run sveltos-fields` prints what differs, `-- --write` keeps what is there now.
 *
 * The modules come from the Go module proxy. It has no event-manager, so the CRD of EventTrigger is given as a file:
 * `-- --write --event-trigger FILE`; without it that list stays as it is, and what it shares with profiles is compared.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { findProjectRoot } from "./find-project-root.ts";

export interface SveltosFields {
  /** Of the modules. */
  readonly versions: Readonly<Record<string, string>>;
  /** By kind, `a.b[].c` of its spec. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  /** Kinds that Sluice does not read. */
  readonly otherKinds: readonly string[];
}

interface CrdSchema {
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
}

interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: CrdSchema } }[];
  };
}

const modules = { "addon-controller": "v1.14.0", libsveltos: "v1.14.0" } as const;
/** Kinds whose fields count; of SveltosCluster all is `.Cluster`. */
const readKinds = ["EventSource", "EventTrigger", "ClusterSet", "Set", "ClusterProfile", "Profile"];
const alsoRead = ["SveltosCluster"];

export const fieldsFile = join(findProjectRoot(), "test/fixtures/sveltos-fields.json");

export function readKeptFields(): SveltosFields {
  return JSON.parse(readFileSync(fieldsFile, "utf8")) as SveltosFields;
}

/** What the modules say now; of kinds that they have no CRD of, what is kept. Runs `go`, which may ask the proxy. */
export function readSveltosFields(kept: SveltosFields | undefined, eventTrigger?: string): SveltosFields {
  const crds = Object.entries(modules).flatMap(([name, version]) => readCrds(download(name, version)));
  if (eventTrigger !== undefined) crds.push(parse(readFileSync(eventTrigger, "utf8")) as Crd);
  const found = new Map(crds.map((crd) => [crd.spec.names.kind, listFields(crd)]));
  const fields = readKinds.map((kind) => [kind, found.get(kind) ?? kept?.fields[kind] ?? []] as const);
  const others = [...found.keys()].filter((kind) => !readKinds.includes(kind) && !alsoRead.includes(kind));
  return {
    versions: { ...kept?.versions, ...modules },
    fields: Object.fromEntries(fields),
    otherKinds: others.sort(),
  };
}

function download(name: string, version: string): string {
  const args = ["mod", "download", "-json", `github.com/projectsveltos/${name}@${version}`];
  const told = execFileSync("go", args, {
    encoding: "utf8",
    cwd: tmpdir(),
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  return join((JSON.parse(told) as { Dir: string }).Dir, "config/crd/bases");
}

/** Sveltos' own CustomResourceDefinitions, whole, of the kinds that it has modules for. Runs `go`. */
export function readSveltosCrds(): readonly Crd[] {
  return Object.entries(modules).flatMap(([name, version]) => readCrds(download(name, version)));
}

function readCrds(folder: string): Crd[] {
  return readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), "utf8")) as Crd);
}

function listFields({ spec }: Crd): readonly string[] {
  const version = spec.versions.find(({ name }) => name === "v1beta1");
  const paths: string[] = [];
  const visit = (schema: CrdSchema | undefined, prefix: string): void => {
    for (const [name, member] of Object.entries(schema?.properties ?? {})) {
      const path = prefix === "" ? name : `${prefix}.${name}`;
      paths.push(path);
      visit(member, path);
      visit(member.items, `${path}[]`);
    }
  };
  visit(version?.schema.openAPIV3Schema.properties?.spec, "");
  return paths.sort();
}

/** What is in one list and not in the other, a line each. */
export function compareFields(kept: SveltosFields, now: SveltosFields): readonly string[] {
  const lines = (one: SveltosFields) => [
    ...Object.entries(one.fields).flatMap(([kind, fields]) => fields.map((field) => `${kind} ${field}`)),
    ...one.otherKinds.map((kind) => `kind ${kind}`),
  ];
  const [before, after] = [new Set(lines(kept)), new Set(lines(now))];
  return [
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
  ];
}

function main(args: readonly string[]): void {
  const at = args.indexOf("--event-trigger");
  const isWriting = args.includes("--write");
  let kept: SveltosFields | undefined;
  try {
    kept = readKeptFields();
  } catch {
    if (!isWriting) throw new Error(`there is no ${fieldsFile}`);
  }
  const now = readSveltosFields(kept, at < 0 ? undefined : args[at + 1]);
  if (isWriting) writeFileSync(fieldsFile, `${JSON.stringify(now, undefined, 1)}\n`);
  const lines = kept === undefined ? [] : compareFields(kept, now);
  process.stdout.write(lines.length === 0 ? "nothing differs\n" : `${lines.join("\n")}\n`);
  process.exitCode = isWriting || lines.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.slice(2));
