/**
 * Secrets encrypted on the way from rendering to planning. Rendering is pure and planning is too; in between, what a Secret
 * holds is exchanged for its ciphertext, so that planning, records, claims and branches know nothing else.
 *
 * Encrypting the same twice gives two texts. So a manifest says by an HMAC what it is the ciphertext of, and for whom, and
 * what is on file under the same one is taken as it is: only what changed is encrypted again, labels may change without,
 * and claimants who want the same want one text. A chart's values that are a Secret's are encrypted as a Secret of them.
 */
import { assert } from "../model/assert.ts";
import { isChart, sealedValues } from "../model/chart.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import { memberOf } from "../model/json-members.ts";
import { type ClusterRendering, identityKey, type Manifest, type ObjectIdentity } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import { chartsFolder, desiredFolder, objectPath, targetPath } from "../plan/paths.ts";
import type { PlanInput, PlanRules } from "../plan/state-fold.ts";
import type { Encrypter } from "../ports/encrypter.ts";
import { encryptedMembers, parseSecret } from "../render/unseal-secret.ts";
import { writeCanonicalYaml } from "../render/yaml/write-canonical-yaml.ts";

/** On an encrypted Secret: an HMAC of what it holds, of whom it is encrypted for, and of which object it is. */
const sealedAnnotation = "sluice.dev/sealed";

/** Ciphertexts that are remembered, so that a batch which is planned again starts no program again. */
const rememberedMax = 2000;
/** Programs at once. */
const atOnce = 4;

export interface SealerParts {
  readonly encrypter: Encrypter;
  readonly digestOf: (text: string) => string;
  /** `output.path`: the encrypter is told where a manifest will stand. */
  readonly outputPath: string;
}

/** Where a manifest goes. */
interface Destination {
  readonly cluster: ClusterKey;
  readonly owner: Owner;
  readonly layout: PlanRules["layout"];
}

/** Every manifest of an object that is on file, whoever wants it. */
export type ReadOnFile = (cluster: ClusterKey, owner: Owner, identity: ObjectIdentity) => Promise<readonly string[]>;

/** Members of a Secret that was encrypted: `data`, `stringData` and `sops`. */
type Sealed = JsonObject;

export class Sealer {
  readonly #parts: SealerParts;
  readonly #remembered = new Map<string, Sealed>();

  constructor(parts: SealerParts) {
    this.#parts = parts;
  }

  /** One that encrypts nothing, and says why. */
  static refusing(problem: Omit<Problem, "severity">): Sealer {
    const encrypt = async () => {
      throw new SluiceError(problem);
    };
    return new Sealer({ encrypter: { recipients: "", encrypt }, digestOf: (text) => text, outputPath: "" });
  }

  /** The same, encrypting nothing: what is not on file is masked. For what is counted, compared or shown. */
  asDry(): Sealer {
    return new Sealer({ ...this.#parts, encrypter: { recipients: this.#parts.encrypter.recipients, encrypt: mask } });
  }

  /** Encrypts ahead, several at a time, what these inputs bring that is not on file. */
  async prepare(inputs: readonly PlanInput[], layout: PlanRules["layout"], readOnFile: ReadOnFile): Promise<void> {
    const work: (() => Promise<void>)[] = [];
    const seen = new Set<string>();
    for (const input of inputs) {
      // Nearly all have no Secret at all.
      if (!hasUnsealed(input)) continue;
      for (const { cluster, owner, manifest } of manifestsOf(input)) {
        if (manifest.unsealed === undefined) continue;
        const digest = this.#digest(manifest, cluster);
        if (seen.has(digest) || this.#remembered.has(digest)) continue;
        seen.add(digest);
        work.push(async () => {
          await this.#find(digest, manifest, { cluster, owner, layout }, readOnFile);
        });
      }
    }
    const next = async (): Promise<void> => {
      for (let one = work.shift(); one !== undefined; one = work.shift()) await one();
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, work.length) }, next));
  }

  /** The input with every Secret encrypted. Throws what the encrypter throws. */
  async seal(input: PlanInput, layout: PlanRules["layout"], readOnFile: ReadOnFile): Promise<PlanInput> {
    if (!hasUnsealed(input)) return input;
    const sealAll = async (rendering: ClusterRendering, owner: Owner): Promise<ClusterRendering> => {
      if (rendering.action !== "Create") return rendering;
      const manifests: Manifest[] = [];
      for (const manifest of rendering.manifests) {
        const { cluster } = rendering;
        const isDone = manifest.unsealed === undefined;
        manifests.push(isDone ? manifest : await this.#seal(manifest, { cluster, owner, layout }, readOnFile));
      }
      return { ...rendering, manifests };
    };
    return mapRenderings(input, sealAll);
  }

  async #seal(manifest: Manifest, to: Destination, readOnFile: ReadOnFile): Promise<Manifest> {
    const { unsealed, ...rest } = manifest;
    assert(unsealed !== undefined, `${identityKey(manifest.identity)} is encrypted once`);
    const digest = this.#digest(manifest, to.cluster);
    const sealed = await this.#find(digest, manifest, to, readOnFile);
    const object = withSealed(manifest, sealed);
    const metadata = new Map(memberOf(object, "metadata"));
    metadata.set("annotations", new Map(memberOf(metadata, "annotations")).set(sealedAnnotation, digest));
    object.set("metadata", metadata);
    return { ...rest, text: writeCanonicalYaml(object) };
  }

  async #find(digest: string, manifest: Manifest, to: Destination, readOnFile: ReadOnFile): Promise<Sealed> {
    const remembered = this.#remembered.get(digest);
    if (remembered !== undefined) return remembered;
    for (const text of await readOnFile(to.cluster, to.owner, manifest.identity)) {
      if (!text.includes(digest)) continue;
      const object = parseSecret(text);
      const annotations = memberOf(memberOf(object, "metadata"), "annotations");
      if (annotations.get(sealedAnnotation) === digest) return this.#remember(digest, sealedIn(object, manifest));
    }
    const path = this.#pathOf(manifest, to);
    const encrypted = await this.#parts.encrypter.encrypt(writeCanonicalYaml(plainOf(manifest)), path);
    return this.#remember(digest, readSealed(encrypted, manifest, path));
  }

  /** Where a Secret will stand on the target; a chart's values: where they would if they were an object of the cluster. */
  #pathOf({ identity }: Manifest, { layout, owner, cluster }: Destination): string {
    const path = objectPath(cluster, owner, identity, layout);
    const rendered = isChart(identity) ? desiredFolder + path.slice(chartsFolder.length) : path;
    return targetPath(rendered, this.#parts.outputPath);
  }

  #remember(digest: string, sealed: Sealed): Sealed {
    this.#remembered.set(digest, sealed);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > rememberedMax) this.#remembered.delete(oldest!);
    return sealed;
  }

  #digest({ unsealed, identity }: Manifest, cluster: ClusterKey): string {
    const held = encryptedMembers.map((key) => [key, memberOf(unsealed!.object, key)] as const);
    const { encrypter, digestOf } = this.#parts;
    return digestOf(JSON.stringify([encrypter.recipients, cluster, identityKey(identity), writeJson(new Map(held))]));
  }
}

/** What is encrypted: nothing but what tells whose it is, and what it holds, so that all else may change. */
function plainOf({ unsealed }: Manifest): JsonObject {
  const { object } = unsealed!;
  const kept = ["apiVersion", "kind", ...encryptedMembers];
  const plain = new Map([...object].filter(([key]) => kept.includes(key)));
  const metadata = [...memberOf(object, "metadata")].filter(([key]) => key === "name" || key === "namespace");
  return plain.set("metadata", new Map(metadata));
}

/** The object with what is encrypted in place of what it holds: a chart has it among its spec. */
function withSealed({ identity, text, unsealed }: Manifest, sealed: Sealed): Map<string, Json> {
  if (isChart(identity)) {
    const chart = parseSecret(text);
    return new Map([...chart, ["spec", new Map([...memberOf(chart, "spec"), [sealedValues, sealed]])]]);
  }
  const object = new Map<string, Json>(unsealed!.object);
  for (const key of encryptedMembers) object.delete(key);
  for (const [key, member] of sealed) object.set(key, member);
  return object;
}

/** What of an object that is on file is encrypted. */
function sealedIn(object: JsonObject, { identity }: Manifest): Sealed {
  return sealedPart(isChart(identity) ? memberOf(memberOf(object, "spec"), sealedValues) : object);
}

function sealedPart(object: JsonObject): Sealed {
  const members: readonly string[] = [...encryptedMembers, "sops"];
  return new Map([...object].filter(([key]) => members.includes(key)));
}

/**
 * What an encrypter printed, and nothing else than that: what it leaves in clear must not come on a branch, whatever its
 * configuration says. Throws a SluiceError (SOPS_FAILED), which quotes nothing of it.
 */
function readSealed(encrypted: string, { unsealed }: Manifest, path: string): Sealed {
  let sealed: Sealed;
  try {
    sealed = sealedPart(parseSecret(encrypted));
  } catch {
    throw notEncrypted(path, "it is no YAML");
  }
  for (const key of encryptedMembers) {
    const [plain, cipher] = [memberOf(unsealed!.object, key), memberOf(sealed, key)];
    if (plain.size !== cipher.size) throw notEncrypted(path, `${key} has not the keys that it had`);
    for (const [name, value] of plain) {
      const text = cipher.get(name);
      // There is nothing to encrypt of an empty text, and sops leaves it.
      const isSealed = typeof text === "string" && (value === "" || /^ENC\[.*\]$/s.test(text) || text === masked);
      if (!isSealed) throw notEncrypted(path, `a value of ${key} is not encrypted`);
    }
  }
  return sealed;
}

function notEncrypted(path: string, why: string): SluiceError {
  return new SluiceError({
    code: "SOPS_FAILED",
    message: `what sops made of ${path} is no encrypted Secret: ${why}`,
    hint: "Is the sops on the PATH, or that SOPS names, the program itself, in a version of 3.9 or later?",
  });
}

/** In place of values that are only counted, compared or shown. */
const masked = "(to be encrypted)";

async function mask(secret: string): Promise<string> {
  const object = new Map<string, Json>(parseSecret(secret));
  for (const key of encryptedMembers) {
    const member = object.get(key);
    if (isJsonObject(member)) object.set(key, new Map([...member.keys()].map((name) => [name, masked])));
  }
  return writeCanonicalYaml(object);
}

interface PlacedManifest {
  readonly cluster: ClusterKey;
  readonly owner: Owner;
  readonly manifest: Manifest;
}

function hasUnsealed(input: PlanInput): boolean {
  return renderingsIn(input).some(
    (rendering) => rendering.action === "Create" && rendering.manifests.some(({ unsealed }) => unsealed !== undefined),
  );
}

function manifestsOf(input: PlanInput): readonly PlacedManifest[] {
  return renderingsIn(input).flatMap((rendering) =>
    rendering.action !== "Create" || !("owner" in input)
      ? []
      : rendering.manifests.map((manifest) => ({ cluster: rendering.cluster, owner: input.owner, manifest })),
  );
}

function renderingsIn(input: PlanInput): readonly ClusterRendering[] {
  switch (input.kind) {
    case "entity":
      return input.renderings;
    case "replay":
      return input.clusters.flatMap(({ rendering }) => ("cluster" in rendering ? [rendering] : []));
    case "aggregate":
      return "cluster" in input.rendering ? [input.rendering] : [];
    default:
      return [];
  }
}

async function mapRenderings(
  input: PlanInput,
  change: (rendering: ClusterRendering, owner: Owner) => Promise<ClusterRendering>,
): Promise<PlanInput> {
  switch (input.kind) {
    case "entity": {
      const renderings: ClusterRendering[] = [];
      for (const rendering of input.renderings) renderings.push(await change(rendering, input.owner));
      return { ...input, renderings };
    }
    case "replay": {
      const clusters = [];
      for (const { rendering, ...on } of input.clusters) {
        clusters.push({ ...on, rendering: "cluster" in rendering ? await change(rendering, input.owner) : rendering });
      }
      return { ...input, clusters };
    }
    case "aggregate": {
      const { rendering } = input;
      return { ...input, rendering: "cluster" in rendering ? await change(rendering, input.owner) : rendering };
    }
    default:
      return input;
  }
}
