/** The port to the helm program. What it does to a cluster it does with the kubeconfig that it is handed. */

export interface HelmCommand {
  /** The subcommand, its flags and what it is about; the kubeconfig and values are not among them. */
  readonly args: readonly string[];
  /** YAML, handed over in a file that nobody else may read. */
  readonly values?: string;
  readonly durationMsMax: number;
}

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
}

export interface HelmVersion {
  readonly major: number;
  readonly minor: number;
}

export interface Helm {
  /** Asked of the program once. Throws a SluiceError: PROGRAM_MISSING, PROGRAM_FAILED. */
  version(): Promise<HelmVersion>;
  /**
   * To its end, whatever the exit code. Told to end, it marks the release as failed first; with this process it ends too.
   * Throws a SluiceError: PROGRAM_MISSING, PROGRAM_FAILED, DISK_UNAVAILABLE.
   */
  run(command: HelmCommand, kubeconfig: string, signal: AbortSignal): Promise<HelmResult>;
}
