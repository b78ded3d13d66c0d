/** What the host is made of: everything that it opens, so that tests can put fakes in its place. */
import type { Checked, Problem } from "../../model/problem.ts";
import type { ConnectionSettings, SecretRef, Settings } from "../../model/settings.ts";
import type { OriginClaim } from "../../pipeline/branches/state-origin.ts";
import type { ControlCommand } from "../../pipeline/execute-command.ts";
import type { Lead } from "../../pipeline/loop/leading.ts";
import type { Look } from "../../pipeline/loop/look.ts";
import type { TakeDerived } from "../../pipeline/loop/secret-connections.ts";
import type { LeadingSnapshot } from "../../pipeline/loop/snapshot.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Lease } from "../../ports/lease.ts";
import type { Clock, Log } from "../../ports/system.ts";
import type { StatusSource } from "../http/status-server.ts";
import type { ServiceConfig } from "../read-config.ts";
import type { ApplierSnapshot } from "./applier-snapshot.ts";

export interface Closable {
  close(): Promise<void>;
}

/** A connection with the settings that it was read by; one that a profile's Secret describes has none. */
export interface ConnectionConfig extends Pick<ServiceConfig["connections"][number], "connection"> {
  readonly settings?: ConnectionSettings;
}

/** A connection's streams, which outlive whoever reads them. */
export interface OpenConnection extends Closable {
  readonly streams: readonly EventStream[];
  /**
   * Follows other settings of the same connection. Streams that stay as they are remain the same objects. Returns what is
   * no longer among them, to be closed once nobody reads it.
   */
  change(next: ConnectionConfig): readonly EventStream[];
  /** What it keeps goes to the folder of these settings, beside whatever reads it. */
  move(settings: Settings): void;
}

/** Settings that are ready to take over from others that lead; nothing is written yet. */
export interface PreparedChange {
  /** Takes over between two batches. `takeStreams` is called once nothing can fail any more. */
  exchange(takeStreams: () => readonly EventStream[]): Promise<void>;
}

/** A service that leads, with the repository that it has open. */
export interface Leader extends Closable {
  /** Runs until the signal aborts; throws what it can't go on with. */
  run(signal: AbortSignal): Promise<void>;
  execute(command: ControlCommand): Promise<string>;
  /** Something has changed on the forge, perhaps. */
  hint(): void;
  snapshot(): LeadingSnapshot;
  readonly look: Look;
  readonly lead: Lead;
  /** For how many milliseconds the push under way has had no answer; 0: there is none. */
  readonly unansweredMs: number;
  /** Another instance leads: what is under way is given up, and what is not pushed is dropped. */
  abandon(): void;
  /** Throws a SluiceError where these settings can't take over. */
  prepare(config: ServiceConfig): Promise<PreparedChange>;
}

/** How a leader is told about, and what it asks before it acts. */
export interface LeaderWindows {
  readonly log: Log;
  readonly onReady: () => void;
  /** Before anything is done on the outside that the state does not fence: whether it is still this process's turn. */
  readonly mayAct?: () => Promise<boolean>;
  /** Opens connections that profiles describe beside those of the settings. */
  readonly takeDerived?: TakeDerived;
}

/** A service with its repository open, that could lead. */
export interface Standby extends Closable {
  /** Looks at the repository until the signal aborts. Throws what it can't go on with. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined: there is no state yet. */
  readonly stateId: string | undefined;
  readonly mayCompete: boolean;
  /** Why it may not. */
  readonly problem: Problem | undefined;
  /** Takes the lead; from then on the leader is what is to be closed. Throws where the signal aborts before that. */
  lead(streams: readonly EventStream[], windows: LeaderWindows, signal: AbortSignal): Promise<Leader>;
}

export interface ListenerHandlers {
  /** Of the settings in force then. */
  readonly secret: () => SecretRef | undefined;
  readonly onHint: () => void;
}

export interface HostParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** What the bundled applier says of clusters; undefined: there is none. */
  readonly applier?: () => ApplierSnapshot | undefined;
  /** Reads the settings, and with `isStrict` refuses them where a connection can't be read. Never throws a SluiceError. */
  readonly readConfig: (isStrict: boolean) => Promise<Checked<ServiceConfig | undefined>>;
  /** Another text whenever one of the files may have changed. */
  readonly fingerprint: (files: readonly string[]) => Promise<string>;
  /** The settings file itself, which is watched also where it can't be read. */
  readonly settingsFile: string;
  /** Throws a SluiceError (JOURNAL_LOCKED) where another service has the folder. */
  readonly lockState: (directory: string) => Promise<Closable>;
  readonly openControl: (directory: string, answer: (request: unknown) => Promise<string>) => Promise<Closable>;
  /** Throws a SluiceError (SETTINGS_INVALID) where it can't listen. */
  readonly openListener: (host: string, port: number, handlers: ListenerHandlers) => Promise<Closable>;
  /** Probes, metrics and the page. Throws a SluiceError (SETTINGS_INVALID) where it can't listen. */
  readonly openStatus: (host: string, port: number, source: StatusSource) => Promise<Closable>;
  /** `lead` is asked whenever something is bound that belongs to who leads. */
  readonly openConnection: (settings: Settings, connection: ConnectionConfig, lead: () => Lead) => OpenConnection;
  /** Reads all secrets that these settings name, and compiles what they hold. Throws a SluiceError. */
  readonly checkSettings: (config: ServiceConfig) => Promise<void>;
  /**
   * Sees whether another database can be read, and has a state; what it has fetched is there for the start with it. What it has in
   * common with the one before is taken from there. `onReached` is called when the repository has answered: fetching it may take
   * long. Throws a SluiceError.
   */
  readonly checkDatabase: (
    config: ServiceConfig,
    before: ServiceConfig,
    onReached: () => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Sees whether journals of these connections can be moved to the settings' folder. Throws a SluiceError. */
  readonly checkJournals: (settings: Settings, connections: readonly string[]) => Promise<void>;
  /** Opens the repository, waits for it, and takes the lead. Throws where the signal aborts before that. */
  readonly startLeader: (
    config: ServiceConfig,
    streams: readonly EventStream[],
    windows: LeaderWindows,
    signal: AbortSignal,
  ) => Promise<Leader>;
  /** Opens the repository, to stand by with. */
  readonly openStandby: (config: ServiceConfig, log: Log) => Promise<Standby>;
  /** The lease that the settings ask for, and this process's name in it; `stateId` is asked at each call. */
  readonly openLease: (
    config: ServiceConfig,
    stateId: () => string | undefined,
  ) => { readonly lease: Lease; readonly holder: string; readonly address: string };
  /** A person says what became of the repository, where a leader waits for that; undefined: nothing is open yet. */
  readonly claimState: (claim: OriginClaim) => string | undefined;
  /** Pushes the state branch that was last known here, also while a leader waits for it; undefined: nothing is open yet. */
  readonly restoreState: () => Promise<string | undefined>;
}
