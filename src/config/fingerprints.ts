/** Hashes that tell what changed between two catalogs, so that only what is concerned is rendered anew. */
import { createHash } from "node:crypto";
import type { ContentDocument, PolicyRef } from "../model/catalog.ts";
import type { LabelSelector } from "../model/cluster.ts";
import type { Problem } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import { crdKind } from "../render/manifests/schema/read-crd.ts";
import type { Compatibility } from "./compile-pattern.ts";
import { type DocumentKey, documentKey } from "./document-key.ts";
import type { ReadDocument } from "./read-document.ts";
import type { TriggerDraft } from "./read-event-trigger.ts";
import { literalNames } from "./references.ts";

export class Fingerprints {
  readonly #inForce: ReadonlyMap<DocumentKey, ReadDocument>;
  readonly #compatibility: Compatibility;
  readonly #contents: readonly ContentDocument[];
  /** By what may be referred to: hashes over all documents that a template may come to name. */
  readonly #candidateHashes = new Map<string, string>();
  /** Over all that define kinds: where an object lives, and whether it is taken, may depend on any. */
  readonly #customKinds: string;

  constructor(inForce: ReadonlyMap<DocumentKey, ReadDocument>, compatibility: Compatibility) {
    this.#inForce = inForce;
    this.#compatibility = compatibility;
    this.#contents = [...inForce.values()].flatMap(({ content }) =>
      content?.kind === "content" ? [content.content] : [],
    );
    const defining = [...inForce].filter(([, { raw }]) => raw?.text.includes(crdKind) === true);
    this.#customKinds =
      defining.length === 0 ? "" : hashAll(defining.map(([key, { hash }]) => `${key} ${hash}`).sort());
  }

  /** Over the trigger and everything it refers to or, where a reference is a template, may come to refer to. */
  ofTrigger(key: DocumentKey, trigger: TriggerDraft): string {
    const { text } = trigger.eventSourceName.source;
    return hashAll([
      this.#compatibility,
      this.#hashOf(key),
      isLiteral(text) ? this.#hashOf(documentKey({ kind: "EventSource", namespace: "", name: text })) : "",
      ...trigger.clusterSetRefs.map((name) => this.#hashOf(documentKey({ kind: "ClusterSet", namespace: "", name }))),
      ...trigger.policyRefs.map((ref) => this.#ofPolicyRef(ref)),
      this.#customKinds,
    ]);
  }

  /** Over everything in the catalog. */
  ofCatalog(connectionClusters: ReadonlyMap<string, LabelSelector>, broken: ReadonlyMap<string, Problem>): string {
    const documents = [...this.#inForce].map(([key, { hash }]) => `${key} ${hash}`).sort();
    const connections = [...connectionClusters].map(([name, selector]) => `${name} ${JSON.stringify(selector)}`).sort();
    return hashAll([this.#compatibility, ...documents, "", ...connections, "", ...[...broken.keys()].sort()]);
  }

  #ofPolicyRef(ref: PolicyRef): string {
    const { namespace, name } = literalNames(ref);
    if (namespace && name) return this.#hashOf(documentKey({ kind: ref.kind, namespace, name }));
    const slot = JSON.stringify([ref.kind, namespace, name]);
    let hash = this.#candidateHashes.get(slot);
    if (hash === undefined) {
      const isCandidate = (content: ContentDocument): boolean =>
        content.kind === ref.kind &&
        (namespace === undefined || namespace === "" || content.namespace === namespace) &&
        (name === undefined || content.name === name);
      const candidates = this.#contents.filter(isCandidate).map((content) => documentKey(content));
      hash = hashAll(candidates.sort().map((key) => `${key} ${this.#hashOf(key)}`));
      this.#candidateHashes.set(slot, hash);
    }
    return hash;
  }

  /** Empty for what isn't there. */
  #hashOf(key: DocumentKey): string {
    return this.#inForce.get(key)?.hash ?? "";
  }
}

function hashAll(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
