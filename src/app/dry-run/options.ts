/** What `diff` and the Action are asked to compare. */
export interface DryRunOptions {
  /** The settings file. */
  readonly file: string;
  /** The config folder, where it is not the one that the settings name. */
  readonly config?: string;
  readonly base?: string;
  readonly event?: readonly string[];
  readonly connection?: string;
  readonly subject?: string;
  /** Leaves the state on the server alone. */
  readonly isOffline: boolean;
  readonly isUntrusted: boolean;
}
