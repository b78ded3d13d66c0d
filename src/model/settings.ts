/** `sluice.yaml`, validated and with defaults filled in. */
import type { ClusterKey, LabelSelector } from "./cluster.ts";
import type { CaptureSettings } from "./connection.ts";
import type { HubDelivery } from "./hub-delivery.ts";
import type { GuardSettings } from "./mass-change.ts";
import type { PolicyRule } from "./policy.ts";
import type { SourcePlace } from "./problem.ts";
import type { ReviewGrouping } from "./review.ts";
import type { SecretsPolicy } from "./secrets-policy.ts";
import type { TemplateSource } from "./template.ts";

/** A value that may be kept outside the file. Read when it is used, again when it changes. */
export type SecretRef =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "env"; readonly name: string; readonly at: SourcePlace }
  /** Absolute: relative paths are resolved against the settings file. */
  | { readonly kind: "file"; readonly path: string; readonly at: SourcePlace };

export type RepositoryAuth =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: SecretRef; readonly password: SecretRef }
  | { readonly kind: "bearer"; readonly token: SecretRef }
  | { readonly kind: "ssh"; readonly key: SecretRef; readonly knownHosts?: SecretRef }
  | GithubAppAuth;

export interface GithubAppAuth {
  readonly kind: "githubApp";
  readonly appId: string;
  /** Undefined: the App's installation for the repository. */
  readonly installationId?: string;
  /** PEM. */
  readonly privateKey: SecretRef;
  readonly place: ForgePlace;
}

/** A repository on a forge. */
export interface ForgePlace {
  /** Without a slash at its end. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
}

export type ReviewSettings =
  | { readonly mode: "push" }
  | {
      readonly mode: "pull-request";
      readonly grouping: ReviewGrouping;
      readonly forge: "github" | "gitea";
      readonly place: ForgePlace;
      readonly auth: { readonly kind: "token"; readonly token: SecretRef } | GithubAppAuth;
      readonly labels: readonly string[];
      readonly reviewers: readonly string[];
      readonly assignees: readonly string[];
      readonly isDraft: boolean;
      /** `approved`: what comes after an approval waits for the next request. */
      readonly hold: "never" | "approved";
      /** Undefined: people merge. */
      readonly autoMerge?: "merge" | "squash" | "rebase";
      readonly requestsMax: number;
      readonly intervalMsMin: number;
      readonly pollMs: number;
    };

export interface WebhookSettings {
  readonly host: string;
  readonly port: number;
  readonly secret: SecretRef;
}

export interface RepositorySettings {
  /** https, http, ssh, scp-like, file, or the path of a bare repository (absolute). */
  readonly url: string;
  readonly branch: string;
  /** How often to look whether people have pushed to the target. */
  readonly pollMs: number;
  readonly auth: RepositoryAuth;
  /** PEM bundle of further authorities for https. */
  readonly caFile?: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly signing?: { readonly format: "ssh" | "openpgp"; readonly key: SecretRef };
}

export type ConfigSettings = (
  | { readonly kind: "target"; readonly path: string }
  /** Absolute. */
  | { readonly kind: "directory"; readonly directory: string }
) & {
  /** What is left out, in the syntax of `.gitignore`, relative to the config folder. */
  readonly exclude: readonly string[];
  /** How encrypted documents are decrypted; absent: they are errors. */
  readonly decrypt?: "sops";
};

export interface SopsSettings {
  /** The absolute path of the `.sops.yaml` that says whom to encrypt for; given where Secrets are encrypted. */
  readonly config?: string;
  /** Names the rules in it; absent where they were not read. */
  readonly recipients?: string;
  /** The key of the digests that stand for secret texts; absent: one that is kept in `state.directory`. */
  readonly hmacKey?: SecretRef;
  /** The Secret on the hub with the private key, beside Flux's Kustomizations. */
  readonly decryptionSecret?: string;
}

export interface ConnectionSettings {
  readonly name: string;
  /** Absolute: the seed's JSON, or the Secret that holds it. */
  readonly file: string;
  readonly clusters?: LabelSelector;
  /** `host:port` as configured to the `host:port` to dial instead. */
  readonly connectTo: ReadonlyMap<string, string>;
  /** The JetStream domain that the streams are in; absent: the server's own. */
  readonly domain?: string;
  /** The servers want the TLS handshake before they say anything. */
  readonly handshakeFirst?: boolean;
  /** What the subjects of answers begin with; absent: `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Absent: what is published on core subjects while nobody listens is lost. */
  readonly capture?: CaptureSettings;
  /** Which of 16 partitions of its entities it brings; absent: all of them. */
  readonly partition?: number;
  readonly at: SourcePlace;
}

/** Connections that profiles describe: each Secret projectsveltos/sveltos-nats that one renders is its cluster's. */
export interface FromSecretsSettings
  extends Pick<ConnectionSettings, "name" | "clusters" | "domain" | "handshakeFirst" | "inboxPrefix" | "at"> {
  /** As of any connection; the `host:port` to dial is a template over `.Cluster`. */
  readonly connectTo: ReadonlyMap<string, TemplateSource>;
}

/** The status page. */
export interface PageSettings {
  /** Names that it may be asked by, besides localhost and addresses. */
  readonly hosts: readonly string[];
}

/** That there may be a second instance; whose turn it is to lead is kept in a NATS KV bucket. */
export interface LeaseSettings {
  /** The name of the connection that leads to the bucket. */
  readonly connection: string;
  readonly bucket: string;
  /** Who has not renewed it for so long has lost it. */
  readonly durationMs: number;
}

/** The management cluster, which is only read: where the Secrets with clusters' kubeconfigs are. */
export interface HubSettings {
  /** Absolute. */
  readonly kubeconfigFile: string;
}

/** Where it is told what became of events. */
export interface OutcomesSettings {
  /** The name of the connection that leads there. */
  readonly connection: string;
  readonly subject: string;
  /** The JetStream stream that keeps them, and has to acknowledge each; undefined: told over core NATS. */
  readonly stream?: string;
  /** The subject's place. */
  readonly at: SourcePlace;
}

export interface ApplierSettings {
  readonly kind: "applier";
  /** The absolute path of each cluster's kubeconfig, before what the hub has. */
  readonly kubeconfigs: ReadonlyMap<ClusterKey, string>;
  /** Objects of a cluster that are watched for drift; what is beyond is looked at in full passes. */
  readonly watchedMax: number;
}

export interface Settings {
  /** The file they were read from, absolute. */
  readonly file: string;
  /** Of this Sluice among several in one repository or cluster: the label `sluice.dev/instance`. */
  readonly name: string;
  readonly repository: RepositorySettings;
  readonly config: ConfigSettings;
  readonly connections: readonly ConnectionSettings[];
  /** Connections that are made of Secrets, by the names that theirs begin with. */
  readonly fromSecrets: readonly FromSecretsSettings[];
  readonly output: {
    readonly path: string;
    /** Levels of two hex digits between an owner's folder and its objects. */
    readonly shards: number;
    readonly secrets: SecretsPolicy;
    readonly sops: SopsSettings;
    readonly records: "full" | "identity";
  };
  readonly commit: {
    readonly eventsMax: number;
    readonly intervalMsMin: number;
    readonly per: "batch" | "event";
  };
  readonly compatibility: "strict" | "sveltos";
  /** What triggers may render: the first rule that matches, then the built-in ones. */
  readonly policy: readonly PolicyRule[];
  readonly checks: {
    /** What becomes of an object that the schema of its kind does not take. */
    readonly kubernetes: "refuse" | "warn" | "off";
  };
  readonly review: ReviewSettings;
  readonly guard: GuardSettings;
  /** What brings the target to clusters; undefined: nothing of Sluice's. */
  readonly delivery?: ApplierSettings | HubDelivery;
  readonly hub?: HubSettings;
  readonly webhooks?: WebhookSettings;
  /** Where probes and metrics are served, and the status page where it is asked for. */
  readonly server?: { readonly host: string; readonly port: number; readonly page?: PageSettings };
  readonly lease?: LeaseSettings;
  readonly outcomes?: OutcomesSettings;
  readonly render: { readonly seedKey?: SecretRef };
  readonly state: {
    readonly branch: string;
    /** Absolute. */
    readonly directory: string;
    /** How old the branch's history may become, in minutes during which a leader ran; absent: all of it is kept. */
    readonly historyMinutesMax?: number;
  };
}

/** What is made for a hub; undefined: nothing. */
export function hubDeliveryOf({ delivery }: Pick<Settings, "delivery">): HubDelivery | undefined {
  return delivery?.kind === "applier" ? undefined : delivery;
}

/** Whether releases of charts are on the target: the applier has helm install them. */
export function deliversReleases({ delivery }: Pick<Settings, "delivery">): boolean {
  return delivery?.kind === "applier";
}

/** What the bundled applier works with; undefined: it does not work at all. */
export function applierOf(settings: Pick<Settings, "delivery" | "hub"> | undefined): ApplierSettings | undefined {
  const delivery = settings?.delivery;
  if (delivery?.kind !== "applier") return undefined;
  return delivery.kubeconfigs.size > 0 || settings?.hub !== undefined ? delivery : undefined;
}
