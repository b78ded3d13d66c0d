/** Objects as the cluster's folder wants them. */
import { parseYaml11Stream, YamlError, YamlToJsonError } from "../go-template/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import { identityPath, readOwnedPath } from "../plan/paths.ts";
import type { BlobReader, ObjectId } from "../ports/git.ts";
import { ownerLabel } from "../render/manifests/provenance.ts";
import { listAt, textAt, textsAt } from "./members.ts";

/** A file of the folder. */
export interface DesiredFile {
  /** Relative to the cluster's folder. */
  readonly path: string;
  readonly id: ObjectId;
}

export interface DesiredObject {
  readonly identity: ObjectIdentity;
  /** Of its apiVersion, without the group. */
  readonly version: string;
  readonly object: JsonObject;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** The label that says whose it is; empty: nobody's. */
  readonly owner: string;
  readonly file: DesiredFile;
}

/** `<scope>/<kind>[.<group>]/<name>`, case folded and encoded: the same for a file's path and an object in the cluster. */
export type ObjectKey = string;

export function objectKey(identity: ObjectIdentity): ObjectKey {
  return identityPath(identity);
}

/** The key of the one object in a file that stands where Sluice puts files; undefined: the file has to be read. */
export function keyOfPath(path: string): ObjectKey | undefined {
  const file = readOwnedPath(path)?.file;
  return file?.endsWith(".yaml") ? file.slice(0, -".yaml".length) : undefined;
}

export function isManifestPath(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** The objects in these files; what can't be read is a problem at its file, and nothing else is held up by it. */
export async function readDesired(blobs: BlobReader, files: readonly DesiredFile[]): Promise<Checked<DesiredObject[]>> {
  const found = await blobs.readBlobs(files.map(({ id }) => id));
  const decoder = new TextDecoder();
  const problems: Problem[] = [];
  const value = files.flatMap((file) => {
    const bytes = found.get(file.id);
    if (bytes === undefined) {
      throw new SluiceError({ code: "GIT_UNAVAILABLE", message: `${file.path} can't be read from the repository` });
    }
    try {
      const objects = parseYaml11Stream(decoder.decode(bytes)).flatMap((document) => readObjects(document, file));
      checkPlace(file, objects);
      return objects;
    } catch (error) {
      const isSyntax = error instanceof YamlError || error instanceof YamlToJsonError;
      if (!isSyntax && !(error instanceof NotAnObject)) throw error;
      const code = isSyntax ? "MANIFEST_SYNTAX" : "MANIFEST_INVALID";
      // What the parser says may quote a Secret's text.
      const message = isSyntax ? "this is no YAML that an API server reads" : error.message;
      problems.push({ code, severity: "error", message, at: { file: file.path, line: 1, column: 1 } });
      return [];
    }
  });
  return { value, problems };
}

class NotAnObject extends Error {}

/** Where Sluice puts files, a path says what is in them; a full pass goes by that, without reading them all. */
function checkPlace({ path }: DesiredFile, objects: readonly DesiredObject[]): void {
  const key = keyOfPath(path);
  const isThere = objects.length === 1 && objectKey(objects[0]!.identity) === key;
  if (key !== undefined && !isThere) throw new NotAnObject("this is not the object whose place this is");
}

/** Whether it stays one in the path of a request; what does not would lead to another object, or to all of a kind. */
function isPathSegment(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/%]/.test(name);
}

/** One object, or those of a List. */
function readObjects(document: Json, file: DesiredFile): DesiredObject[] {
  if (document === null) return [];
  const apiVersion = textAt(document, "apiVersion");
  const kind = textAt(document, "kind");
  if (!isJsonObject(document) || apiVersion === undefined || kind === undefined) {
    throw new NotAnObject("this is no Kubernetes object");
  }
  if (apiVersion === "v1" && kind === "List") {
    return listAt(document, "items").flatMap((item) => readObjects(item, file));
  }
  // Its ciphertext would take the place of what the cluster has.
  if (apiVersion === "v1" && kind === "Secret" && isJsonObject(document.get("sops"))) {
    throw new NotAnObject("this Secret is encrypted, and nothing is decrypted here");
  }
  const name = textAt(document, "metadata", "name");
  const namespace = textAt(document, "metadata", "namespace") ?? "";
  if (name === undefined || !isPathSegment(name)) throw new NotAnObject(`this ${kind} has no name that there can be`);
  if (namespace !== "" && !isPathSegment(namespace)) throw new NotAnObject(`this ${kind} names no namespace`);
  const slash = apiVersion.indexOf("/");
  return [
    {
      identity: { group: slash < 0 ? "" : apiVersion.slice(0, slash), kind, namespace, name },
      version: apiVersion.slice(slash + 1),
      object: document,
      labels: textsAt(document, "metadata", "labels"),
      annotations: textsAt(document, "metadata", "annotations"),
      owner: textAt(document, "metadata", "labels", ownerLabel) ?? "",
      file,
    },
  ];
}
