/**
 * Documents of which nothing that is secret may stand on a branch: Secrets from outside the repository, and what was
 * encrypted in it. Of such a one the state keeps whose it is, its labels and a digest, so that it is told whether it
 * changed; what it says is kept on the machine.
 */
import { createHash } from "node:crypto";
import type { ConfigFile } from "../model/catalog.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import { writeCanonicalYaml } from "../render/yaml/write-canonical-yaml.ts";
import type { ReadDocument } from "./read-document.ts";
import { memberObject } from "./yaml-document.ts";

/** An HMAC of a text, by a key that stands on no branch. */
export type DigestText = (text: string) => string;

/** `isCommitted`: the files are of the repository that they are rendered to, and what they say stands there anyway. */
export function hideDocument(
  read: ReadDocument,
  file: Pick<ConfigFile, "isHidden" | "withheld">,
  isCommitted: boolean,
  digestOf: DigestText,
): ReadDocument {
  const { raw, content, problems } = read;
  // A cluster Secret of Argo CD is kept without its credentials already.
  const isSecret = raw?.kind === "Secret" && content?.kind !== "cluster";
  if (raw === undefined || (file.isHidden !== true && (isCommitted || !isSecret))) return read;
  const { withheld } = file;
  const digest = withheld ?? digestOf(writeJson(raw.value));
  const text = `# sluice.dev/hmac: ${digest}\n${writeCanonicalYaml(outlineOf(raw.value))}`;
  const hash = createHash("sha256").update(text).digest("hex");
  const hidden = { digest, text: withheld === undefined ? raw.text : undefined };
  return {
    ...read,
    raw: { ...raw, text, hidden },
    hash,
    problems: withheld === undefined ? problems : [...problems, withheldProblem(read)],
  };
}

/** A document of a file that was encrypted, or of which the state keeps a digest: only what is rendered can be one. */
export function markHidden(read: ReadDocument): ReadDocument {
  const { raw, content, problems, at } = read;
  if (content?.kind === "content") {
    return { ...read, content: { ...content, content: { ...content.content, isHidden: true } } };
  }
  const isCluster = content?.kind === "cluster" && raw?.kind === "Secret";
  if (raw === undefined || isCluster || content === undefined) return read;
  const message = `${raw.kind} ${raw.name} is encrypted: only Secrets and ConfigMaps can be`;
  const problem: Problem = { code: "DOCUMENT_INVALID", severity: "error", message, at };
  return { ...read, content: undefined, problems: [...problems, problem] };
}

/** Whose it is, and its labels. Annotations may have all of it, as kubectl's do. */
function outlineOf(value: JsonObject): JsonObject {
  const outline = new Map<string, Json>();
  for (const key of ["apiVersion", "kind"]) if (value.has(key)) outline.set(key, value.get(key)!);
  const metadata = memberObject(value, "metadata") ?? new Map<string, Json>();
  const kept = ["name", "namespace", "labels"].flatMap((key): [string, Json][] => {
    const member = metadata.get(key);
    return member === undefined || (key === "labels" && !isJsonObject(member)) ? [] : [[key, member]];
  });
  return outline.set("metadata", new Map(kept));
}

function withheldProblem({ raw, at }: ReadDocument): Problem {
  const { kind, namespace, name } = raw!;
  return {
    code: "SECRET_UNREADABLE",
    severity: "error",
    message: `what ${kind} ${namespace}/${name} says is kept in state.directory alone, and is not there`,
    at,
    hint: "What refers to it waits, as it stands, until the config folder can be read again.",
  };
}
