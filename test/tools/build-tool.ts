/**
 * Programs that tests, benches and the demo run: built from their Go modules when first needed, and kept.
 *
 * A tool is a line in the table below and a folder `test/tools/<name>` with a go.mod and go.sum that pin its version.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { findProjectRoot } from "./find-project-root.ts";

interface Tool {
  /** The Go package that is the program. */
  readonly package: string;
  /** Environment variable that names a program to use instead. */
  readonly variable: string;
  /** Makes the program print its version. */
  readonly versionArguments: readonly string[];
  /** The lowest version that is used from PATH. */
  readonly versionMin: readonly [major: number, minor: number];
  /** Build tags, where the program needs some. */
  readonly tags?: string;
  /** Parts of it are in C. */
  readonly usesCgo?: true;
}

const tools = {
  "nats-server": {
    package: "github.com/nats-io/nats-server/v2",
    variable: "NATS_SERVER",
    versionArguments: ["--version"],
    versionMin: [2, 12],
  },
  act: {
    package: "github.com/nektos/act",
    variable: "ACT",
    versionArguments: ["--version"],
    versionMin: [0, 2],
  },
  gitea: {
    package: "code.gitea.io/gitea",
    variable: "GITEA",
    versionArguments: ["--version"],
    versionMin: [1, 26],
    tags: "sqlite sqlite_unlock_notify",
    usesCgo: true,
  },
  etcd: {
    package: ".",
    variable: "ETCD",
    versionArguments: ["--version"],
    versionMin: [3, 6],
  },
  "kube-apiserver": {
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    variable: "KUBE_APISERVER",
    versionArguments: ["--version"],
    versionMin: [1, 36],
  },
  kubectl: {
    package: "k8s.io/kubernetes/cmd/kubectl",
    variable: "KUBECTL",
    versionArguments: ["version", "--client"],
    versionMin: [1, 36],
  },
  "flux-build": {
    package: ".",
    variable: "FLUX_BUILD",
    versionArguments: [],
    versionMin: [0, 0],
  },
  "kustomize-controller": {
    package: "github.com/fluxcd/kustomize-controller",
    variable: "KUSTOMIZE_CONTROLLER",
    versionArguments: ["--version"],
    versionMin: [1, 9],
  },
  sops: {
    package: "github.com/getsops/sops/v3/cmd/sops",
    variable: "SOPS",
    versionArguments: ["--version", "--check-for-updates=false"],
    versionMin: [3, 9],
  },
  // The command line, for what pages tell people to type.
  nats: {
    package: "github.com/nats-io/natscli/nats",
    variable: "NATS_CLI",
    versionArguments: ["--version"],
    versionMin: [0, 2],
  },
  actionlint: {
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    variable: "ACTIONLINT",
    versionArguments: ["--version"],
    versionMin: [1, 7],
  },
  helm: {
    package: "helm.sh/helm/v3/cmd/helm",
    variable: "HELM",
    versionArguments: ["version", "--short"],
    versionMin: [3, 16],
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as readonly ToolName[];

const run = promisify(execFile);
const builds = new Map<ToolName, Promise<string>>();

/**
 * Path of the tool's program: what its environment variable names, else one on PATH that is new enough, else built with
 * `go build` into `${XDG_CACHE_HOME:-~/.cache}/sluice/tools`, once for each version. Throws an Error of one line where
 * that can't be done.
 */
export function buildTool(name: ToolName): Promise<string> {
  let build = builds.get(name);
  if (build === undefined) {
    build = findOrBuild(name, tools[name]);
    builds.set(name, build);
    build.catch(() => builds.delete(name));
  }
  return build;
}

/**
 * Whether the tool is there without building it: programs that take minutes to build are built by `npm run tools`, and
 * suites that need them are skipped by name where they are not.
 */
export async function isBuilt(name: ToolName): Promise<boolean> {
  const tool: Tool = tools[name];
  const named = process.env[tool.variable];
  if (named !== undefined && named !== "") return true;
  return (await findOnPath(name, tool)) !== undefined || (await isExecutable((await placeOf(name)).program));
}

/** Where a tool is kept once it is built; by its pins, so that another version has another place. */
async function placeOf(name: ToolName): Promise<{ folder: string; cache: string; program: string }> {
  const folder = join(findProjectRoot(), "test", "tools", name);
  const pins = createHash("sha256").update(await readFile(join(folder, "go.sum")));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice", "tools");
  return { folder, cache, program: join(cache, `${name}-${pins.digest("hex").slice(0, 16)}`) };
}

async function findOrBuild(name: ToolName, tool: Tool): Promise<string> {
  const named = process.env[tool.variable];
  if (named !== undefined && named !== "") return named;
  const found = await findOnPath(name, tool);
  if (found !== undefined) return found;

  const { folder, cache, program } = await placeOf(name);
  if (await isExecutable(program)) return program;

  await mkdir(cache, { recursive: true });
  // Under a name of its own first: another process may be building the same, and whoever is last replaces its equal.
  const unfinished = `${program}.${process.pid}`;
  const tags = tool.tags === undefined ? [] : ["-tags", tool.tags];
  try {
    await run("go", ["build", ...tags, "-trimpath", "-o", unfinished, tool.package], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: tool.usesCgo === true ? "1" : "0", GOWORK: "off", GOFLAGS: "" },
      maxBuffer: 16 * 1024 * 1024,
    });
    await rename(unfinished, program);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new Error(explainBuildFailure(name, tool, error), { cause: error });
  }
  return program;
}

function explainBuildFailure(name: ToolName, tool: Tool, error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") {
    return `${name} is needed: install Go to have it built, or ${name} >= ${tool.versionMin.join(".")}, or set ${tool.variable}`;
  }
  const output = String((error as { stderr?: unknown }).stderr ?? error).trim();
  return `go build of ${name} failed: ${output.split("\n").at(-1)}`;
}

async function findOnPath(name: ToolName, tool: Tool): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const program = join(folder, name);
    if (folder === "" || !(await isExecutable(program))) continue;
    const version = await readVersion(program, tool.versionArguments);
    if (version !== undefined && isAtLeast(version, tool.versionMin)) return program;
  }
  return undefined;
}

async function readVersion(
  program: string,
  versionArguments: readonly string[],
): Promise<[number, number] | undefined> {
  try {
    const { stdout, stderr } = await run(program, [...versionArguments], { timeout: 10_000 });
    const match = /(\d+)\.(\d+)/.exec(stdout + stderr);
    return match === null ? undefined : [Number(match[1]), Number(match[2])];
  } catch {
    return undefined; // Not the program it is called after, or broken: not to be used.
  }
}

function isAtLeast(
  [major, minor]: readonly [number, number],
  [majorMin, minorMin]: readonly [number, number],
): boolean {
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
