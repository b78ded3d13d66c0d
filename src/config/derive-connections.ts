/**
 * Connections that profiles describe (design-delivery.md, fromSecrets): where one puts the Secret projectsveltos/sveltos-nats
 * on a cluster, that Secret is the cluster's connection. A function of the catalog, as the seed's End to End flow has it.
 */
import type { Catalog, ContentDocument, Profile } from "../model/catalog.ts";
import { type Cluster, type ClusterKey, clusterKey } from "../model/cluster.ts";
import { type Connection, endpointsOf } from "../model/connection.ts";
import { derivedConnectionName } from "../model/connection-clusters.ts";
import { mayRefer } from "../model/document-ref.ts";
import { isCoreKind, type Manifest } from "../model/manifest.ts";
import type { Owner } from "../model/owner.ts";
import { type Checked, type Problem, SluiceError } from "../model/problem.ts";
import { profileClusters } from "../model/profile-clusters.ts";
import { selectorMatches } from "../model/select-clusters.ts";
import type { FromSecretsSettings } from "../model/settings.ts";
import type { TemplateSource } from "../model/template.ts";
import { compileTemplate } from "../render/compile-template.ts";
import { renderProfile } from "../render/render-profile.ts";
import { parseConnection } from "./parse-connection.ts";

const secret = { namespace: "projectsveltos", name: "sveltos-nats" } as const;

/** A connection, and the object that it is made of. */
export interface DerivedConnection {
  readonly connection: Connection;
  readonly cluster: ClusterKey;
  readonly owner: Owner;
  readonly manifest: Manifest;
}

export interface DerivedConnections extends Checked<readonly DerivedConnection[]> {
  /** Names of those that can't be told: what is rendered for them fails, or is no connection. As they were, they stay. */
  readonly unknown: ReadonlySet<string>;
}

/** Those that can be used, and what is wrong with the others. Every rendering that fails is told by its profile's record. */
export function deriveConnections(catalog: Catalog, settings: readonly FromSecretsSettings[]): DerivedConnections {
  const problems: Problem[] = [];
  const found: DerivedConnection[] = [];
  const unknown = new Set<string>();
  const { secrets, failed } = settings.length === 0 ? noSecrets : findSecrets(catalog);
  for (const one of settings) {
    const dialled = new Map<string, string>();
    for (const { cluster, owner, manifest } of secrets) {
      const name = derivedConnectionName(one.name, clusterKey(cluster));
      if (one.clusters !== undefined && !selectorMatches(one.clusters, cluster.labels)) continue;
      const { value: connection, problems: faults, isTaken } = readDerived(one, name, cluster, manifest, dialled);
      problems.push(...faults);
      if (connection === undefined && isTaken !== true) unknown.add(name);
      if (connection !== undefined) found.push({ connection, cluster: clusterKey(cluster), owner, manifest });
    }
    for (const cluster of failed) {
      if (one.clusters !== undefined && !selectorMatches(one.clusters, cluster.labels)) continue;
      unknown.add(derivedConnectionName(one.name, clusterKey(cluster)));
    }
  }
  return { value: found, problems, unknown };
}

interface FoundSecrets {
  readonly secrets: readonly FoundSecret[];
  /** Clusters without one, for which a profile fails that may render it. */
  readonly failed: readonly Cluster[];
}

const noSecrets: FoundSecrets = { secrets: [], failed: [] };

interface FoundSecret {
  readonly cluster: Cluster;
  readonly owner: Owner;
  readonly manifest: Manifest;
}

/**
 * By cluster; of several profiles that render it the first one. What is paused or bad renders nothing new: the Secret stays
 * as it was, and so does what is connected to.
 */
function findSecrets(current: Catalog): FoundSecrets {
  const catalog = withoutStops(current);
  const found = new Map<ClusterKey, FoundSecret>();
  const failed = new Map<ClusterKey, Cluster>();
  const likely = [...catalog.contents].filter(([, content]) => mayHold(content));
  for (const [key, profile] of catalog.profiles) {
    if (profile.syncMode === "DryRun" || !likely.some(([document]) => refersTo(profile, document))) continue;
    const clusters = [...profileClusters(catalog).get(key)!].map((one) => catalog.clusters.get(one)!);
    const settings = { instance: "", secrets: "plain" } as const;
    for (const rendering of renderProfile(catalog, profile, clusters, "", settings)) {
      const cluster = catalog.clusters.get(rendering.cluster)!;
      if (rendering.action === "fail") failed.set(rendering.cluster, cluster);
      if (rendering.action !== "Create" || found.has(rendering.cluster)) continue;
      const manifest = rendering.manifests.find(({ identity }) => !identity.isLocal && isConnectionSecret(identity));
      if (manifest !== undefined) found.set(rendering.cluster, { cluster, owner: profile.owner, manifest });
    }
  }
  const secrets = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return { secrets, failed: [...failed].flatMap(([key, cluster]) => (found.has(key) ? [] : [cluster])) };
}

/** The catalog with nothing paused, and its bad documents as they were last good. */
function withoutStops({ pauses: _, profiles, contents, clusters, ...rest }: Catalog): Catalog {
  const each = <K, V>(map: ReadonlyMap<K, V>, without: (value: V) => V) =>
    new Map([...map].map(([key, value]) => [key, without(value)] as const));
  return {
    ...rest,
    profiles: each(profiles, ({ broken: _broken, isPaused: _paused, ...profile }) => profile),
    contents: each(contents, ({ broken: _broken, ...content }) => content),
    clusters: each(clusters, ({ isPaused: _paused, ...cluster }) => cluster),
  };
}

/** Only what names it is rendered to look for it. */
function mayHold({ entries }: ContentDocument): boolean {
  return entries.some(({ content }) => content.source.text.includes(secret.name));
}

function refersTo({ policyRefs }: Profile, document: string): boolean {
  return policyRefs.some((ref) => mayRefer(ref, document));
}

function isConnectionSecret(identity: Manifest["identity"]): boolean {
  return isCoreKind(identity, "Secret") && identity.namespace === secret.namespace && identity.name === secret.name;
}

/** `dialled`: by address, the cluster whose connection it is already; `isTaken`: it is another's. */
function readDerived(
  { connectTo, clusters: _, ...settings }: FromSecretsSettings,
  name: string,
  cluster: Cluster,
  { text, at }: Manifest,
  dialled: Map<string, string>,
): Checked<Connection | undefined> & { readonly isTaken?: boolean } {
  try {
    const addresses = new Map([...connectTo].map(([from, source]) => [from, renderAddress(source, cluster)]));
    const options = { ...settings, name, connectTo: addresses, file: at.file };
    const { value: connection, problems } = parseConnection(text, `Secret ${name}`, options, refuseReference);
    // Places within what was rendered mean nothing to people: the document that it stands in does.
    const placed = problems.map(({ code, severity, message }) => ({
      code,
      severity,
      message: `connection ${name}: ${message}`,
      at: { file: at.file, line: at.line, column: at.column },
    }));
    if (connection === undefined) return { value: undefined, problems: placed };
    for (const address of addressesOf(connection)) {
      const own = clusterKey(cluster);
      const other = dialled.get(address);
      const fault = faultOfAddress(address, other, own);
      if (fault !== undefined) {
        return { value: undefined, problems: [invalid(name, fault, settings.at)], isTaken: other !== undefined };
      }
      dialled.set(address, own);
    }
    return { value: connection, problems: placed };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { value: undefined, problems: [invalid(name, error.problem.message, settings.at)] };
  }
}

function renderAddress(source: TemplateSource, cluster: Cluster): string {
  const { template, problems } = compileTemplate(source);
  if (template === undefined) throw new SluiceError(problems[0]!);
  return template.render(new Map([["Cluster", cluster.document]]), { clock: 0 }).text.trim();
}

/** A Secret in Git can't point to what stands beside the settings. */
function refuseReference(): never {
  const message = "{env} and {file} belong to the settings: a Secret that a profile brings has its values in it";
  throw new SluiceError({ code: "CONNECTION_INVALID", message });
}

/** `host:port` to dial. */
function addressesOf(connection: Connection): ReadonlySet<string> {
  const urls = endpointsOf(connection).flatMap(({ url }) => url.split(","));
  return new Set(
    urls.map((url) => {
      const address = url
        .trim()
        .replace(/^[a-z]+:\/\//i, "")
        .replace(/^[^@/]*@/, "")
        .replace(/\/$/, "");
      const configured = /:\d+$/.test(address) ? address : `${address}:4222`;
      return connection.connectTo.get(configured) ?? configured;
    }),
  );
}

const withinCluster = /\.(?:svc|cluster\.local):\d+$/;

function faultOfAddress(address: string, other: ClusterKey | undefined, own: ClusterKey): string | undefined {
  if (withinCluster.test(address))
    return `only the cluster itself knows ${address}; map it by connectTo to where it is reached from here`;
  if (other === undefined || other === own) return undefined;
  return `it dials ${address}, and so does that of ${other}; have connectTo say another for each, with .Cluster`;
}

function invalid(name: string, fault: string, at: FromSecretsSettings["at"]): Problem {
  return { code: "CONNECTION_INVALID", severity: "error", message: `connection ${name}: ${fault}`, at };
}
