/** The catalog from the files of the config folder; files that did not change since the last one are not read again. */
import { createHash } from "node:crypto";
import type { Catalog, ConfigFile } from "../model/catalog.ts";
import type { LabelSelector } from "../model/cluster.ts";
import type { Connection } from "../model/connection.ts";
import type { DocumentKey } from "../model/document-key.ts";
import type { HubDelivery } from "../model/hub-delivery.ts";
import { defaultGuard, type GuardLimits, limitsOf } from "../model/mass-change.ts";
import type { PolicyRule } from "../model/policy.ts";
import type { Checked } from "../model/problem.ts";
import type { SecretsPolicy } from "../model/secrets-policy.ts";
import type { FromSecretsSettings } from "../model/settings.ts";
import type { KubernetesChecks } from "../render/manifests/schema/check-schema.ts";
import { CatalogBuilder } from "./catalog-builder.ts";
import type { Compatibility } from "./compile-pattern.ts";
import { type DigestText, hideDocument, markHidden } from "./hide-document.ts";
import { type ReadDocument, readDocuments } from "./read-document.ts";
import { parseYaml } from "./yaml-document.ts";

export interface CatalogOptions {
  readonly compatibility: Compatibility;
  /** The settings' connections; without them nothing is said of subjects that nobody subscribes to. */
  readonly connections?: readonly { readonly connection: Connection; readonly clusters?: LabelSelector }[];
  /** How strictly objects are held against the schemas of their kinds; default `refuse`. */
  readonly checks?: KubernetesChecks;
  /** What triggers may render; default: what the built-in rules allow. */
  readonly policy?: readonly PolicyRule[];
  /** What becomes of a Secret that a template renders; default `refuse`. */
  readonly secrets?: SecretsPolicy;
  /** Names whom Secrets are encrypted for, where they are. */
  readonly recipients?: string;
  /** What may change without anybody's approval; default: the settings' default. */
  readonly guard?: GuardLimits;
  /** Connections that profiles describe: they subscribe too, and what is wrong with them is told. */
  readonly fromSecrets?: readonly FromSecretsSettings[];
  /** What the settings keep of events; default `full`. */
  readonly records?: "full" | "identity";
  /** Whether the files are of the repository that they are rendered to: what they say stands there in clear anyway. */
  readonly isCommitted?: boolean;
  /** For a catalog that the state keeps: what stands there for documents that must stand on no branch. */
  readonly digestText?: DigestText;
  /** What is made for a hub; absent: nothing. */
  readonly delivery?: HubDelivery;
  /** The catalog in force: documents that are bad now stay as they are in it. */
  readonly previous?: Catalog;
}

interface ReadFile {
  readonly text: string;
  readonly isHidden: ConfigFile["isHidden"];
  readonly withheld: ConfigFile["withheld"];
  readonly options: ReadOptions;
  readonly documents: readonly ReadDocument[];
}

type ReadOptions = Pick<CatalogOptions, "compatibility" | "isCommitted" | "digestText">;

/** What the next catalog wants to know of the last. */
interface Memory {
  readonly files: ReadonlyMap<string, ReadFile>;
  readonly inForce: ReadonlyMap<DocumentKey, ReadDocument>;
}

const memories = new WeakMap<Catalog, Memory>();

/** Never fails as a whole: the value is what can be in force, the problems are everything there is to tell. */
export function loadCatalog(files: readonly ConfigFile[], options: CatalogOptions): Checked<Catalog> {
  const { compatibility, checks = "refuse", records = "full", isCommitted = false, connections = [] } = options;
  const { policy = [], fromSecrets = [], delivery, previous, secrets = "refuse", guard = defaultGuard } = options;
  const memory = previous === undefined ? undefined : memories.get(previous);
  const builder = new CatalogBuilder(files, memory?.inForce ?? new Map(), previous?.clusterSets);
  const readFiles = new Map<string, ReadFile>();
  for (const file of [...files].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))) {
    if (file.fault !== undefined) continue;
    const name = nameOf(file);
    const before = memory?.files.get(name);
    const isUnchanged = before !== undefined && before.text === file.text && isReadAlike(before, file, options);
    const read = isUnchanged ? before : readFile(file, options);
    readFiles.set(name, read);
    for (const document of read.documents) builder.add(document);
    if (file.broken !== undefined) builder.rememberFault(read.documents, file.broken);
    if (file.chosen !== undefined) builder.remember(read.documents, file.chosen);
  }
  const { value: built, problems } = builder.build({
    compatibility,
    checks,
    policy,
    secrets,
    guard: limitsOf(guard),
    records,
    isCommitted,
    connections,
    fromSecrets,
  });
  const { recipients } = options;
  const catalog = recipients === undefined ? built : { ...built, recipients };
  const value = delivery === undefined ? catalog : withDelivery(catalog, delivery);
  memories.set(value, { files: readFiles, inForce: builder.inForce });
  return { value, problems };
}

/** The same documents delivered in another way are another catalog: files of the state differ. */
function withDelivery(catalog: Catalog, delivery: HubDelivery): Catalog {
  const revision = createHash("sha256")
    .update(`${catalog.revision} ${JSON.stringify(delivery)}`)
    .digest("hex");
  return { ...catalog, delivery, revision };
}

function nameOf({ path, shown = path }: ConfigFile): string {
  return shown;
}

function isReadAlike(before: ReadFile, file: ConfigFile, options: ReadOptions): boolean {
  const { isHidden, withheld } = before;
  const isSameFile = isHidden === file.isHidden && withheld === file.withheld;
  const { compatibility, isCommitted, digestText } = before.options;
  const areSameOptions = compatibility === options.compatibility && isCommitted === options.isCommitted;
  return isSameFile && areSameOptions && digestText === options.digestText;
}

function readFile(file: ConfigFile, options: ReadOptions): ReadFile {
  const { path, text, isHidden, withheld } = file;
  const { compatibility, isCommitted = false, digestText } = options;
  const documents = parseYaml(text, { file: nameOf(file), confidential: isHidden === true }).flatMap((document) =>
    readDocuments(document, path, compatibility).map((written) => {
      const read = isHidden === true ? markHidden(written) : written;
      return digestText === undefined ? read : hideDocument(read, file, isCommitted, digestText);
    }),
  );
  return { text, isHidden, withheld, options, documents };
}
