/**
 * The schemas of Flux' and Argo CD's own CRDs, for what Sluice makes of theirs: read from their Go modules, and kept in
 * test/fixtures/crds without their descriptions. `npm run delivery-crds` prints which differ, `-- --write` keeps what is
 * there now.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { findProjectRoot } from "./find-project-root.ts";

interface CrdSource {
  /** Of the Go module proxy. */
  readonly module: string;
  /** In the module. */
  readonly file: string;
  readonly version: string;
}

const flux = "config/crd/bases";
/** By `<apiVersion>/<kind>`. */
const sources: Readonly<Record<string, CrdSource>> = {
  "helm.toolkit.fluxcd.io/v2/HelmRelease": {
    module: "github.com/fluxcd/helm-controller@v1.6.1",
    file: `${flux}/helm.toolkit.fluxcd.io_helmreleases.yaml`,
    version: "v2",
  },
  "kustomize.toolkit.fluxcd.io/v1/Kustomization": {
    module: "github.com/fluxcd/kustomize-controller@v1.9.6",
    file: `${flux}/kustomize.toolkit.fluxcd.io_kustomizations.yaml`,
    version: "v1",
  },
  "source.toolkit.fluxcd.io/v1/HelmRepository": {
    module: "github.com/fluxcd/source-controller@v1.9.6",
    file: `${flux}/source.toolkit.fluxcd.io_helmrepositories.yaml`,
    version: "v1",
  },
  "source.toolkit.fluxcd.io/v1/OCIRepository": {
    module: "github.com/fluxcd/source-controller@v1.9.6",
    file: `${flux}/source.toolkit.fluxcd.io_ocirepositories.yaml`,
    version: "v1",
  },
  "argoproj.io/v1alpha1/Application": {
    module: "github.com/argoproj/argo-cd/v3@v3.5.7",
    file: "manifests/crds/application-crd.yaml",
    version: "v1alpha1",
  },
};

export const deliveryKinds = Object.keys(sources);

type Schema = Record<string, unknown>;

function keptFile(kind: string): string {
  return join(findProjectRoot(), "test/fixtures/crds", `${kind.replace(/\//g, "_")}.json`);
}

export function readKeptCrd(kind: string): Schema {
  return JSON.parse(readFileSync(keptFile(kind), "utf8")) as Schema;
}

interface Definition {
  readonly spec: {
    readonly versions: readonly { readonly name: string; readonly schema: { openAPIV3Schema: Schema } }[];
  };
}

/** The CustomResourceDefinition as the module has it. Runs `go`, which may ask the module proxy. */
export function readModuleDefinition(kind: string): Definition {
  const { module, file } = sources[kind]!;
  const told = execFileSync("go", ["mod", "download", "-json", module], {
    encoding: "utf8",
    cwd: tmpdir(),
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  return parse(readFileSync(join((JSON.parse(told) as { Dir: string }).Dir, file), "utf8")) as Definition;
}

export function readModuleCrd(kind: string): Schema {
  const { version } = sources[kind]!;
  const found = readModuleDefinition(kind).spec.versions.find(({ name }) => name === version)!.schema.openAPIV3Schema;
  const { spec } = found.properties as Record<string, Schema>;
  return strip(spec!) as Schema;
}

/** Without what is for people. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null) return value;
  const isProperties = (members: object) => Object.values(members).every((member) => typeof member === "object");
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      if (key === "description" && typeof member === "string") return [];
      if (key === "x-kubernetes-validations") return [];
      return [
        [key, key === "properties" && isProperties(member as object) ? stripMembers(member as object) : strip(member)],
      ];
    }),
  );
}

/** Of properties, where `description` may be the name of one. */
function stripMembers(members: object): unknown {
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, strip(member)]));
}

/**
 * Validates a `spec`: types, patterns, enums, lengths, what is required; and as an API server with strict validation does,
 * no field that the schema does not have.
 */
export function compileCrd(schema: Schema): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  return ajv.compile(closed(schema) as object);
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const node = Object.fromEntries(
    Object.entries(schema as Schema).map(([key, member]) => [
      key,
      key === "properties"
        ? Object.fromEntries(Object.entries(member as Schema).map(([name, one]) => [name, closed(one)]))
        : closed(member),
    ]),
  ) as Schema;
  const isOpen = node["x-kubernetes-preserve-unknown-fields"] === true || node.additionalProperties !== undefined;
  if (node["x-kubernetes-int-or-string"] === true) return {};
  return node.properties === undefined || isOpen ? node : { ...node, additionalProperties: false };
}

function main(args: readonly string[]): void {
  let differ = 0;
  mkdirSync(join(findProjectRoot(), "test/fixtures/crds"), { recursive: true });
  for (const kind of deliveryKinds) {
    const text = `${JSON.stringify(readModuleCrd(kind))}\n`;
    let kept = "";
    try {
      kept = readFileSync(keptFile(kind), "utf8");
    } catch {
      // Not kept yet.
    }
    if (text === kept) continue;
    differ++;
    process.stdout.write(`${kind} differs\n`);
    if (args.includes("--write")) writeFileSync(keptFile(kind), text);
  }
  if (differ === 0) process.stdout.write("nothing differs\n");
  process.exitCode = differ > 0 && !args.includes("--write") ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.slice(2));
