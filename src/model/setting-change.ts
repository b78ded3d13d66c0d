/** A setting that differs between two versions of `sluice.yaml`. */
export interface SettingChange {
  /** As in `output.shards`, `connections[bus].clusters.matchLabels.env`. */
  readonly key: string;
  /** As written, or the default; undefined: there is none, or it is not shown because it may be a secret. */
  readonly before?: string;
  readonly after?: string;
  /** Whether it decides which manifests there are, what is in them, or where they stand. */
  readonly isPlacing: boolean;
}
