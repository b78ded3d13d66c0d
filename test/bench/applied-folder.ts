/** A repository with one cluster's folder, as Sluice writes it, and `sluice apply` of that folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { git } from "./run-timed.ts";

const program = join(findProjectRoot(), "dist", "program", "sluice.js");
const clusterFile = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-benchbench00, namespace: default}\n";

export class AppliedFolder {
  /** Throwaway; gone after `close`. */
  readonly directory = mkdtempSync(join(tmpdir(), "sluice-bench-apply-"));
  readonly #checkout = join(this.directory, "fleet");
  #watching: ChildProcess | undefined;

  /** `catalog`: files of the state branch. */
  static async create(
    files: Readonly<Record<string, string>>,
    catalog: Readonly<Record<string, string>> = {},
  ): Promise<AppliedFolder> {
    const folder = new AppliedFolder();
    const checkout = folder.#checkout;
    mkdirSync(checkout);
    await git(checkout, "init", "--quiet", "--initial-branch=sluice/state");
    if (Object.keys(catalog).length > 0) {
      for (const [path, text] of Object.entries(catalog)) writeBelow(checkout, path, text);
      await folder.#commit();
    }
    await git(checkout, "checkout", "--quiet", "--orphan", "main");
    if (Object.keys(catalog).length > 0) await git(checkout, "rm", "-rfq", ".");
    const settings = `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${checkout}/.git, branch: main, pollInterval: 1s}
connections: []
state: {directory: ${folder.directory}/state}
`;
    writeFileSync(folder.settingsFile, settings);
    await folder.commit({ "base/sluice-cluster.yaml": clusterFile, ...files });
    return folder;
  }

  get settingsFile(): string {
    return join(this.directory, "sluice.yaml");
  }

  /** Files of the cluster's folder change. */
  async commit(files: Readonly<Record<string, string>>): Promise<void> {
    const cluster = join(this.#checkout, "rendered", "fleet", "c-0");
    for (const [path, text] of Object.entries(files)) writeBelow(cluster, path, text);
    await this.#commit();
  }

  /** As a shell has it. */
  commandOf(kubeconfigFile: string, ...more: readonly string[]): readonly [string, ...string[]] {
    const args = ["--file", this.settingsFile, "--cluster", "fleet/c-0", "--kubeconfig", kubeconfigFile];
    return [process.execPath, program, "apply", ...args, ...more];
  }

  /** Keeps the cluster in line with the folder; returns the process, which ends with `close`. */
  watch(kubeconfigFile: string): ChildProcess {
    const [node, ...args] = this.commandOf(kubeconfigFile, "--watch");
    this.#watching = spawn(node, args, { stdio: "ignore" });
    return this.#watching;
  }

  async close(): Promise<void> {
    const child = this.#watching;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #commit(): Promise<void> {
    await git(this.#checkout, "add", "--all");
    await git(this.#checkout, "commit", "--quiet", "--message=Render");
  }
}

export function writeBelow(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
