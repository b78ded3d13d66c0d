/**
 * Makes src/render/manifests/schema/kubernetes-openapi.ts of Kubernetes' own OpenAPI: `node .ci/kubernetes-schema.mjs`.
 *
 * The version is the one that test/tools/kube-apiserver/go.mod pins. What that API server serves is taken rather than the
 * module's `api/openapi-spec/v3`, which is the same without enums. Descriptions, examples and what only clients need are
 * left out; see schema/schema-set.ts for the form.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.mjs";

const target = "src/render/manifests/schema/kubernetes-openapi.ts";

/** Types that are written in another way than their schema says. */
const special = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "t",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "o",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "o",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "*",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "*",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "*",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "*",
};
/** Marked as required, and taken by the API server without them all the same. */
const notRequired = new Set([
  "core.v1.HTTPHeader.value",
  "core.v1.ISCSIPersistentVolumeSource.lun",
  "core.v1.ISCSIVolumeSource.lun",
  "core.v1.Sysctl.value",
  "apps.v1.ControllerRevision.revision",
  "storage.v1.CSIDriver.spec",
  "storage.v1.TokenRequest.audience",
]);
const isNotRequired = (owner, name, schema) =>
  // A boolean that is not there is false; specs of resource.k8s.io may be empty.
  schema.type === "boolean" || notRequired.has(`${owner}.${name}`) || (name === "spec" && owner.startsWith("resource."));

function shorten(name) {
  return name
    .replace(/^io\.k8s\.api\./, "")
    .replace(/^io\.k8s\.apimachinery\.pkg\.apis\./, "")
    .replace(/^io\.k8s\.[a-z-]+\.pkg\.apis\./, "");
}

function refOf(schema) {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0].$ref : undefined);
  return ref?.slice(ref.lastIndexOf("/") + 1);
}

function nodeOf(schema, definitions) {
  const ref = refOf(schema);
  if (ref !== undefined) return special[ref] ?? (isScalar(definitions[ref]) ? nodeOf(definitions[ref], definitions) : `#${shorten(ref)}`);
  if (schema["x-kubernetes-int-or-string"]) return "x";
  switch (schema.type) {
    case "string":
      if (schema.enum !== undefined) return { e: [...schema.enum].sort() };
      return { byte: "y", "date-time": "t" }[schema.format] ?? "s";
    case "integer":
      return schema.format === "int32" ? "i" : "l";
    case "number":
      return "n";
    case "boolean":
      return "b";
    case "array": {
      const node = { a: nodeOf(schema.items, definitions) };
      const type = schema["x-kubernetes-list-type"];
      if (type === "set") node.u = 1;
      if (type === "map") {
        const item = definitions[refOf(schema.items)];
        node.k = schema["x-kubernetes-list-map-keys"].map((key) => {
          const fallback = item.properties[key].default;
          return fallback === undefined || fallback === "" || (fallback === 0 && item.required?.includes(key)) ? key : [key, fallback];
        });
      }
      return node;
    }
    case "object":
      if (schema.additionalProperties !== undefined) return { m: nodeOf(schema.additionalProperties, definitions) };
      return schema.properties === undefined ? "o" : objectOf(schema, definitions);
    default:
      return "*";
  }
}

function isScalar(schema) {
  return schema.type !== "object" && schema.type !== undefined;
}

function objectOf(schema, definitions) {
  const node = { p: {} };
  for (const name of Object.keys(schema.properties).sort()) {
    // What is written there is the cluster's: the API server passes over it.
    node.p[name] = name === "status" && schema.isKind ? "o" : nodeOf(schema.properties[name], definitions);
  }
  const required = (schema.required ?? []).filter((name) => !isNotRequired(schema.name, name, schema.properties[name])).sort();
  if (required.length > 0) node.r = required;
  return node;
}

prepare();
const { startKubeApiServer } = await import(join(root, "dist/test/tools/start-kube-apiserver.js"));
const server = await startKubeApiServer(["--runtime-config=api/all=true"]);
const get = async (path) => (await server.request("GET", path)).body;
// A program that is built from its module does not know its version.
const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(root, "test/tools/kube-apiserver/go.mod"), "utf8"))[1];
const files = [];
try {
  const { paths } = await get("/openapi/v3");
  for (const path of Object.keys(paths).filter((name) => /^apis?\/(?:.+\/)?v[0-9a-z]+$/.test(name)).sort()) {
    files.push(await get(paths[path].serverRelativeURL));
  }
} finally {
  await server.stop();
}

const lines = new Map();
const kinds = new Map();
for (const { paths, components } of files) {
  const definitions = components.schemas;
  for (const [path, operations] of Object.entries(paths)) {
    const operation = operations.post ?? operations.put;
    const gvk = operation?.["x-kubernetes-group-version-kind"];
    if (gvk === undefined || /\{name\}\//.test(path)) continue;
    const scope = path.includes("/namespaces/{namespace}/") ? "n" : "c";
    const key = `${gvk.group}/${gvk.version}/${gvk.kind}`;
    if (scope === "n" || !kinds.has(key)) kinds.set(key, scope);
  }
  for (const [name, schema] of Object.entries(definitions)) {
    if (special[name] !== undefined || isScalar(schema)) continue;
    const own = (schema["x-kubernetes-group-version-kind"] ?? []).filter(({ group, version, kind }) => kinds.has(`${group}/${version}/${kind}`));
    const node = nodeOf({ ...schema, name: shorten(name), isKind: own.length > 0 }, definitions);
    const text = JSON.stringify(node);
    const before = lines.get(shorten(name));
    if (before !== undefined && before !== text) throw new Error(`${name} differs between files`);
    lines.set(shorten(name), text);
    if (own.length === 1 && !name.endsWith("List")) {
      const { group, version, kind } = own[0];
      const key = `${group}/${version}/${kind}`;
      kinds.set(key, `${kinds.get(key)[0]} ${shorten(name)}`);
    }
  }
}
const kindLines = [...kinds].filter(([, value]) => value.includes(" ")).sort().map(([key, value]) => `${key} ${value}`);
const dropped = [...kinds].filter(([, value]) => !value.includes(" ")).map(([key]) => key);
// Only what a kind leads to.
const used = new Set();
const visit = (name) => {
  if (used.has(name)) return;
  used.add(name);
  for (const [, ref] of lines.get(name).matchAll(/"#([^"]+)"/g)) visit(ref);
};
for (const line of kindLines) visit(line.split(" ")[2]);
const text = `${kindLines.join("\n")}\n\n${[...used].sort().map((name) => `${name} ${lines.get(name)}`).join("\n")}\n`;

writeFileSync(
  join(root, target),
  `/** Generated by .ci/kubernetes-schema.mjs from the OpenAPI of k8s.io/kubernetes ${version}: not to be edited. */

/** The Kubernetes that built-in kinds are checked against. */
export const kubernetesVersion = ${JSON.stringify(version)};

/** Lines \`<group>/<version>/<kind> <n|c> <definition>\`, an empty line, then \`<definition> <schema node>\`. */
export const kubernetesOpenapi: string = ${JSON.stringify(text)};
`,
);
process.stdout.write(`${version}: ${kindLines.length} kinds, ${used.size} definitions, ${text.length} characters; not described: ${dropped.join(" ")}\n`);
