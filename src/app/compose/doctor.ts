/** What `doctor` looks at outside this machine: the repository, the forge and connections. Nothing is written there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readBranchesToPush } from "../../adapters/git/open-git-repository.ts";
import { examineConnection } from "../../adapters/nats/examine-connection.ts";
import { examineOutcomes } from "../../adapters/nats/examine-outcomes.ts";
import { holdReaderFolder } from "../../adapters/system/state-directory.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import type { ConfigFile } from "../../model/catalog.ts";
import { countOf } from "../../model/count-of.ts";
import type { Examination } from "../../model/examination.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { checkFirstOutput, checkOutputFolder } from "../../pipeline/branches/output-folder.ts";
import { StateOrigin } from "../../pipeline/branches/state-origin.ts";
import { readCheckpoint } from "../../pipeline/read-checkpoint.ts";
import { checkName } from "../../plan/target-place.ts";
import type { CliContext } from "../cli/context.ts";
import { catalogLoader, type ReadConnections } from "../read-config.ts";
import { readRevisionFiles, readWorkingFiles } from "./documents.ts";
import { quietLog } from "./log.ts";
import { nameRepository, repositoryOptions } from "./repository.ts";
import { openCodeHost } from "./review.ts";
import { namesOf } from "./service.ts";
import { composeDecrypter } from "./sops.ts";
import { type OpenHeads, openHeads } from "./state.ts";

const run = promisify(execFile);

/** What the other examinations need to know of the repository. */
export interface RepositoryExamination extends Examination {
  readonly stateId: string | undefined;
  /** The documents; undefined: they can't be had. */
  readonly documents: readonly ConfigFile[] | undefined;
}

export async function examineRepository(context: CliContext, settings: Settings): Promise<RepositoryExamination> {
  const facts: string[] = [];
  const problems: Problem[] = [];
  const { repository, state } = settings;
  await examinePrograms(settings, problems);
  if (repository.author.email === "sluice@localhost") {
    const message = "repository.author.email is sluice@localhost";
    problems.push(
      warning("SETTINGS_INVALID", message, "Forges refuse or disown such commits: set the address of a bot account."),
    );
  }
  let stateId: string | undefined;
  let documents: readonly ConfigFile[] | undefined;
  try {
    const branches = await readPushBranches(context, settings);
    facts.push(`${repository.url} lets it read and push`);
    for (const [branch, other] of clashesOf(branches, [repository.branch, state.branch])) {
      const message = `branch ${branch} can't be made beside a branch ${other}: Git keeps no branch below another's name`;
      problems.push(
        fault("GIT_REFUSED", message, `Rename ${other}, or set another state.branch or repository.branch.`),
      );
    }
    const heads = await openHeads(context, settings);
    try {
      if (heads.target !== undefined) facts.push(`branch ${repository.branch} is there`);
      else if (branches.length > 0) {
        const hint = `Push it, or set repository.branch: there are ${branches.slice(0, 5).join(", ")}.`;
        problems.push(fault("TARGET_MISSING", `the repository has no branch ${repository.branch}`, hint));
      } else facts.push("the repository is empty: the first push makes its branches");
      stateId = await readStateId(settings, heads, facts, problems);
      if (heads.state === undefined) facts.push(`no branch ${state.branch} yet: nothing is on record`);
      documents = await readDocuments(context, settings, heads);
      await examineOutput(settings, heads, problems);
    } finally {
      await heads.close();
    }
  } catch (error) {
    problems.push(problemOf(error));
  }
  return { subject: "repository", facts, problems, stateId, documents };
}

/** Whether a start would take the output folder for its own. */
async function examineOutput(
  settings: Settings,
  { git, target, state }: OpenHeads,
  problems: Problem[],
): Promise<void> {
  if (target === undefined) return;
  const check = state === undefined ? checkFirstOutput : checkOutputFolder;
  await check(git, target.tree, namesOf(settings)).catch((error: unknown) => problems.push(problemOf(error)));
}

/** Like a push that sends nothing. */
async function readPushBranches(context: CliContext, settings: Settings): Promise<readonly string[]> {
  const folder = await holdReaderFolder(settings.state.directory);
  try {
    const options = repositoryOptions(context, settings, "git", quietLog(context), folder.path);
    return await readBranchesToPush(options, context.stop);
  } finally {
    await folder.close();
  }
}

async function readStateId(
  settings: Settings,
  { git, state }: OpenHeads,
  facts: string[],
  problems: Problem[],
): Promise<string | undefined> {
  if (state === undefined) return undefined;
  try {
    const checkpoint = await readCheckpoint(git, state.tree);
    if (checkpoint === undefined) {
      const hint = "Set state.branch to a branch of its own: Sluice takes none over that is somebody's.";
      problems.push(fault("STATE_INVALID", "the state branch is somebody's: it has no checkpoint", hint));
      return undefined;
    }
    const { stateId, positions, commits, parts } = checkpoint;
    // What a start refuses.
    for (const check of [
      () => checkName(parts, settings.name),
      () => new StateOrigin(nameRepository(settings.repository.url)).judge(checkpoint, () => stateId),
    ]) {
      try {
        check();
      } catch (error) {
        problems.push(problemOf(error));
      }
    }
    facts.push(
      `the state ${stateId} has had ${countOf(commits, "commit")}, ${countOf(positions.size, "stream has a position", "streams have positions")}`,
    );
    return stateId;
  } catch (error) {
    problems.push(problemOf(error));
    return undefined;
  }
}

async function readDocuments(
  context: CliContext,
  settings: Settings,
  { git, target }: OpenHeads,
): Promise<readonly ConfigFile[] | undefined> {
  const { config } = settings;
  if (config.kind === "directory") return readWorkingFiles(context, settings, undefined);
  if (target === undefined) return undefined;
  return readRevisionFiles(git, target.tree, { ...config, shown: config.path }, composeDecrypter(settings));
}

export interface DocumentsExamination extends Examination {
  /** Whether what is rendered is so without any event: there are profiles, and no EventTrigger. */
  readonly needsNoEvent: boolean;
}

/** What the config folder holds, as the service would read it. */
export function examineDocuments(
  settings: Settings,
  connections: ReadConnections["connections"],
  files: readonly ConfigFile[],
): DocumentsExamination {
  const { value: catalog, problems } = catalogLoader(settings, connections)(files, undefined);
  const { eventTriggers, profiles, clusters } = catalog;
  const found = [...problems];
  const facts = [
    `${countOf(eventTriggers.size, "trigger")}, ${countOf(profiles.size, "profile")}, ${countOf(clusters.size, "cluster")}`,
  ];
  const nothing = (what: string, hint: string) => found.push(warning("CONFIG_MISSING", `there is no ${what}`, hint));
  if (eventTriggers.size === 0 && profiles.size === 0)
    nothing("EventTrigger or profile", "No event is taken until one is in force: streams wait.");
  if (clusters.size === 0)
    nothing("cluster", "Describe clusters in the config folder: SveltosCluster, Cluster, or Argo CD's Secrets.");
  return { subject: "documents", facts, problems: found, needsNoEvent: eventTriggers.size === 0 && profiles.size > 0 };
}

export async function examineForge(context: CliContext, settings: Settings): Promise<Examination | undefined> {
  const { review, repository } = settings;
  if (review.mode !== "pull-request") return undefined;
  const facts: string[] = [];
  const problems: Problem[] = [];
  try {
    const host = openCodeHost(context, settings, review, quietLog(context));
    try {
      const { mayPush, isProtected } = await host.readRights(repository.branch);
      facts.push(`${review.forge} answers${isProtected === true ? `, branch ${repository.branch} is protected` : ""}`);
      if (mayPush === false) {
        const hint = "Give it write access to contents and pull requests.";
        problems.push(fault("FORGE_AUTH", "the forge's credentials may not write to the repository", hint));
      }
      const state = await host.readRights(settings.state.branch);
      if (state.isProtected === true) {
        const hint = "Let its account push there, without requests, checks or signatures that it does not make.";
        problems.push(warning("FORGE_REFUSED", `branch ${settings.state.branch} is protected`, hint));
      }
      const open = await host.listOpenRequests("sluice/review/");
      facts.push(`${countOf(open.length, "request is open", "requests are open")}`);
    } finally {
      host.close();
    }
  } catch (error) {
    problems.push(problemOf(error));
  }
  return { subject: "forge", facts, problems };
}

export async function examineNats(
  { lease, outcomes }: Settings,
  { connection }: ReadConnections["connections"][number],
  stateId: string | undefined,
): Promise<Examination> {
  const found = await examineConnection(connection, { now: systemClock.now, stateId });
  const { name, core, jetstream } = connection;
  const readsSome = (core?.subjects ?? []).length > 0 || (jetstream?.streams ?? []).length > 0;
  if (readsSome || lease?.connection === name || outcomes?.connection === name) return found;
  const hint = "No event comes over it: name subjects of core NATS, or streams under jetstream.";
  return { ...found, problems: [...found.problems, warning("CONNECTION_INVALID", "it reads nothing", hint)] };
}

/** Whether what became of events can be told; undefined: nobody is to be, or the connection can't be used. */
export async function examineTelling(
  { outcomes }: Settings,
  connections: ReadConnections["connections"],
): Promise<Examination | undefined> {
  const used = connections.find(({ connection }) => connection.name === outcomes?.connection);
  return outcomes === undefined || used === undefined ? undefined : examineOutcomes(used.connection, outcomes);
}

/** Programs that the settings need besides git, which opening the repository asks for. */
async function examinePrograms({ repository }: Settings, problems: Problem[]): Promise<void> {
  const needed = [
    ...(repository.auth.kind === "ssh" ? [["ssh", "-V"]] : []),
    ...(repository.signing?.format === "ssh" ? [["ssh-keygen", "-?"]] : []),
    ...(repository.signing?.format === "openpgp" ? [["gpg", "--version"]] : []),
  ];
  for (const [program = "", ...args] of needed) {
    try {
      await run(program, args);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") continue;
      problems.push(
        fault(
          "PROGRAM_MISSING",
          `${program} is not on PATH`,
          `Install it, or change repository.${program === "ssh" ? "auth" : "signing"}.`,
        ),
      );
    }
  }
}

function clashesOf(branches: readonly string[], wanted: readonly string[]): readonly (readonly [string, string])[] {
  return wanted.flatMap((branch) => {
    if (branches.includes(branch)) return [];
    const other = branches.find((one) => one.startsWith(`${branch}/`) || branch.startsWith(`${one}/`));
    return other === undefined ? [] : [[branch, other] as const];
  });
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof SluiceError)) throw error;
  return error.problem;
}

function fault(code: Problem["code"], message: string, hint: string): Problem {
  return { code, severity: "error", message, hint };
}

function warning(code: Problem["code"], message: string, hint: string): Problem {
  return { code, severity: "warning", message, hint };
}
