/** `sluice status`: what the service on this machine is doing, and what keeps it from more. */
import type { Command } from "commander";
import { Option } from "commander";
import { stringify } from "yaml";
import { countOf } from "../../model/count-of.ts";
import { briefProblem, type Problem } from "../../model/problem.ts";
import type { ShownHandOver } from "../../pipeline/loop/hand-overs.ts";
import type { LeadingSnapshot, StreamSnapshot } from "../../pipeline/loop/snapshot.ts";
import { describeHeld } from "../../pipeline/mass-change/judge-change.ts";
import { sendControl } from "../compose/control.ts";
import { type ApplierSnapshot, describeTroubles } from "../host/applier-snapshot.ts";
import type { HostSnapshot } from "../host/host-snapshot.ts";
import { listAbsent } from "../list-absent.ts";
import { openSettings } from "../read-config.ts";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode, reportProblems } from "./context.ts";
import { formatTime, oneLine } from "./print-rows.ts";

interface StatusOptions extends CommonOptions {
  readonly output: "text" | "json" | "yaml";
}

export function addStatusCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("status"))
    .description("what the service on this machine is doing: streams, pushes, what is held, what is absent, failures")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json", "yaml"]).default("text"))
    .action(async (options: StatusOptions) => end(await status(context, options)));
}

async function status(context: CliContext, options: StatusOptions): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (reportProblems(context, errors) || settings === undefined) return 3;
  const answer = await sendControl(settings, { command: "status" });
  const snapshot = context.redactor.redactValue(JSON.parse(answer)) as HostSnapshot;
  if (options.output === "json") context.out(`${JSON.stringify(snapshot, undefined, 2)}\n`);
  else if (options.output === "yaml") context.out(stringify(snapshot));
  else context.out(writeStatus(snapshot));
  return 0;
}

/** What wants somebody comes first, each thing with its code and what to do; then one line a thing that is as it should be. */
export function writeStatus(snapshot: HostSnapshot): string {
  const { version, state, repository, branch, stateBranch, problem, lease, refused, leading, applier } = snapshot;
  const troubles: (readonly string[])[] = leading === undefined ? [] : listTroubles(leading);
  if (refused !== undefined) troubles.unshift(writeProblem("settings refused, the old ones are in force", refused));
  if (problem !== undefined) troubles.unshift(writeProblem("waiting for", problem));
  const wanting = troubles.length === 0 ? "" : `; ${countOf(troubles.length, "thing wants", "things want")} somebody`;
  const lines = [`sluice ${version}: ${state}${wanting}`, ...troubles.flat()];
  if (repository !== undefined) lines.push(`repository   ${repository}, branches ${branch} and ${stateBranch}`);
  if (lease !== undefined) lines.push(...writeLease(lease));
  if (leading !== undefined) lines.push(...writeLeading(leading));
  if (applier !== undefined) lines.push(...writeApplier(applier));
  return `${lines.map(oneLine).join("\n")}\n`;
}

function writeLease({ address, isOurs, problem }: NonNullable<HostSnapshot["lease"]>): string[] {
  const holder = isOurs ? "this instance leads" : address === undefined ? "nobody leads" : `${address} leads`;
  return [`lease        ${holder}`, ...(problem === undefined ? [] : writeProblem("", problem))];
}

/** Each in lines of its own. */
function listTroubles(leading: LeadingSnapshot): string[][] {
  const { paused, streams, push, outcomes, handOvers, held, heldPasses, inTheWay } = leading;
  const troubles: string[][] = listAbsent(leading).map(([part, problem]) =>
    writeProblem(part === "repository" ? "the repository can't be looked at" : `absent: ${part}`, problem),
  );
  if (push?.problem !== undefined)
    troubles.push(writeProblem(`the push does not get through, for ${secondsOf(push.milliseconds)} s`, push.problem));
  for (const { stream, state, problem } of streams)
    if (problem !== undefined) troubles.push(writeProblem(`stream ${stream} is ${state}`, problem));
  if (outcomes?.problem !== undefined) troubles.push(writeProblem("outcomes can't be told", outcomes.problem));
  for (const problem of inTheWay) troubles.push(writeProblem("in the way", problem));
  for (const change of held)
    troubles.push([
      "held:",
      `  ${describeHeld(change)} [CHANGE_HELD]`,
      `  Take it back, or allow it with: sluice approve ${change.id}`,
    ]);
  for (const { id, owner } of heldPasses)
    troubles.push(["held:", `  rendering ${owner} again would remove more than was counted`, `  sluice approve ${id}`]);
  for (const one of handOvers) troubles.push(writeHandOver(one));
  if (paused) troubles.push(["paused       events are received and wait: sluice resume"]);
  return troubles;
}

function writeLeading(leading: LeadingSnapshot): string[] {
  const { catalog, pauses, streams, waiting, lastPush, push, leftBehind, failures, backfill, outcomes } = leading;
  const { revision, triggers, profiles, clusters } = catalog;
  const owners = `${countOf(triggers, "trigger")}, ${countOf(profiles, "profile")}`;
  const lines = [`in force     ${owners}, ${countOf(clusters, "cluster")}, revision ${revision.slice(0, 12)}`];
  for (const pause of pauses) lines.push(`paused       ${pause}: nothing is rendered for it`);
  for (const stream of streams) lines.push(writeStream(stream));
  if (waiting > 0) lines.push(`waiting      ${countOf(waiting, "delivery")} for the next batch`);
  if (lastPush !== undefined) {
    const { at, events, created, updated, deleted, failed, milliseconds, commit } = lastPush;
    const what = `${countOf(events, "event")}, ${created} created, ${updated} updated, ${deleted} deleted, ${failed} failed`;
    const head = commit === undefined ? "" : `, commit ${commit.slice(0, 12)}`;
    lines.push(`last push    ${formatTime(new Date(at).toISOString())}: ${what}, ${milliseconds} ms${head}`);
  }
  if (push !== undefined) lines.push(`pushing      for ${secondsOf(push.milliseconds)} s`);
  if (backfill !== undefined)
    lines.push(`backfill     ${backfill.owner}, ${countOf(backfill.behind, "sequence")} behind`);
  if (outcomes !== undefined && (outcomes.waiting > 0 || outcomes.problem !== undefined))
    lines.push(`outcomes     ${countOf(outcomes.waiting, "waits", "wait")} to be told on ${outcomes.subject}`);
  for (const { branch, path } of leftBehind)
    lines.push(`left behind  ${path}/ on ${branch}, kept up by nobody; see sluice repair --remove`);
  const failed = Object.entries(failures);
  if (failed.length > 0) {
    const counts = failed.map(([code, count]) => `${count} ${code}`).join(", ");
    lines.push(`failures     ${counts} since the start: sluice show entities --failed, sluice show dead-letters`);
  }
  return lines;
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}

const clustersMax = 20;

/** All clusters as numbers, and by name those that are not as they should be. */
function writeApplier(applier: ApplierSnapshot): string[] {
  const { clustersCount, current, behind, troubled, lagMs, clusters } = applier;
  const lag = behind + troubled === 0 ? "" : ` for up to ${Math.round(lagMs / 1000)} s`;
  const counts = `${countOf(clustersCount, "cluster")}: ${current} current, ${behind} behind, ${troubled} in trouble${lag}`;
  const troubles = describeTroubles(applier);
  const lines = [`applier      ${counts}${troubles === "" ? "" : `; objects: ${troubles}`}`];
  const named = clusters.filter((one) => one.problem !== undefined || describeTroubles(one) !== "");
  for (const one of named.slice(0, clustersMax)) {
    const { cluster, commit, problem } = one;
    const at = commit === "" ? "nothing applied yet" : `at ${commit.slice(0, 12)}`;
    const objects = describeTroubles(one);
    lines.push(`  ${cluster}  ${at}${objects === "" ? "" : `: ${objects}`}`);
    if (problem !== undefined) lines.push(`    ${briefProblem(problem)}`);
  }
  if (named.length > clustersMax) lines.push(`  and ${named.length - clustersMax} more`);
  return lines;
}

/** What is done, what it waits for, and how a person says that it was seen. */
function writeHandOver({ id, what, step, steps, unseen, unseenCount, sees, problem }: ShownHandOver): string[] {
  const lines = [`hand-over    ${what}: ${step} (${steps})`];
  for (const one of unseen) lines.push(`  ${one}`);
  if (unseenCount > unseen.length) lines.push(`  and ${unseenCount - unseen.length} more`);
  if (problem !== undefined) lines.push(...writeProblem("", problem));
  lines.push(
    sees
      ? `  goes on when that was seen on the hub; or say so: sluice approve ${id}`
      : `  when the hub has it: sluice approve ${id}`,
  );
  return lines;
}

function writeStream({ stream, state, read, pushed, pending = 0 }: StreamSnapshot): string {
  const positions = read === undefined ? "nothing read yet" : `read up to ${read}, pushed up to ${pushed ?? "nothing"}`;
  const behind = pending === 0 ? "" : `, ${countOf(pending, "waits", "wait")} behind`;
  return `stream       ${stream}: ${state}, ${positions}${behind}`;
}

function writeProblem(title: string, problem: Problem): string[] {
  const lines = title === "" ? [] : [`${title}:`];
  lines.push(`  ${briefProblem(problem)}`);
  if (problem.hint !== undefined) lines.push(`  ${problem.hint}`);
  return lines;
}
