/** The commands that change a running service's state: they go through its control socket. */
import type { Command } from "commander";
import type { ControlCommand } from "../../pipeline/execute-command.ts";
import { sendControl } from "../compose/control.ts";
import { openSettings } from "../read-config.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  reportProblems,
  usageError,
} from "./context.ts";

interface RemoveOptions extends CommonOptions {
  readonly source: string;
  readonly subject: string;
  readonly connection?: string;
}

interface RepairOptions extends CommonOptions {
  readonly purge?: boolean;
  readonly remove?: string;
  readonly restoreState?: boolean;
  readonly moved?: boolean;
  readonly copied?: boolean;
}

interface BackfillOptions extends CommonOptions {
  readonly since?: string;
  readonly fromRecords?: true;
  readonly dryRun?: true;
}

interface PauseOptions extends CommonOptions {
  readonly cluster?: string;
}

function pauseOf(command: "pause" | "resume", owner: string | undefined, { cluster }: PauseOptions): ControlCommand {
  return { command, ...(owner === undefined ? {} : { owner }), ...(cluster === undefined ? {} : { cluster }) };
}

export function addControlCommands(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const send = async (options: CommonOptions, command: ControlCommand) => end(await control(context, options, command));

  addFileOption(program.command("pause"))
    .description("make the running service hold events back, or leave one trigger or cluster as it is")
    .argument(
      "[trigger]",
      "only this EventTrigger, or KIND/[NAMESPACE/]NAME: it remembers the last events and renders nothing",
    )
    .option("--cluster <cluster>", "only what it has on this cluster, NAME or NAMESPACE/NAME")
    .action((trigger: string | undefined, options: PauseOptions) => send(options, pauseOf("pause", trigger, options)));
  addFileOption(program.command("resume"))
    .description("let a paused service, trigger or cluster go on")
    .argument("[trigger]", "the EventTrigger that was paused, or KIND/[NAMESPACE/]NAME")
    .option("--cluster <cluster>", "the cluster that was paused, NAME or NAMESPACE/NAME")
    .action((trigger: string | undefined, options: PauseOptions) => send(options, pauseOf("resume", trigger, options)));
  addFileOption(program.command("remove"))
    .description("withdraw everything that events of an entity have put anywhere")
    .requiredOption("--source <source>", "the entity's CloudEvent source, exactly")
    .requiredOption("--subject <subject>", "the entity's CloudEvent subject, exactly")
    .option("--connection <name>", "only what came over this connection")
    .action(({ source, subject, connection, ...options }: RemoveOptions) =>
      send(options, { command: "remove", source, subject, ...(connection === undefined ? {} : { connection }) }),
    );
  addFileOption(program.command("rerender"))
    .description("render again what triggers and profiles have rendered")
    .argument("[owner]", "only of this EventTrigger, or of KIND/[NAMESPACE/]NAME")
    .action((trigger: string | undefined, options: CommonOptions) =>
      send(options, { command: "rerender", ...(trigger === undefined ? {} : { trigger }) }),
    );
  addFileOption(program.command("backfill"))
    .description("let a trigger act on what its streams still hold from before it came")
    .argument("<trigger>", "the EventTrigger")
    .option("--since <time>", "only what was stored then or later, as 2026-01-31T12:00:00Z")
    .option("--from-records", "take the last events that other triggers of its EventSource have on record")
    .option("--dry-run", "say what it would come to, and do nothing")
    .action((trigger: string, { since, fromRecords, dryRun, ...options }: BackfillOptions) =>
      send(options, {
        ...{ command: "backfill", trigger },
        ...(since === undefined ? {} : { since: readTime(since) }),
        ...(fromRecords === true ? { fromRecords } : {}),
        ...(dryRun === true ? { dryRun } : {}),
      }),
    );
  addFileOption(program.command("discard"))
    .description("forget dead letters and failures of records")
    .argument("<id...>", "as `show dead-letters` and `show entities --failed` print them")
    .action((ids: readonly string[], options: CommonOptions) => send(options, { command: "discard", ids }));
  addFileOption(program.command("approve"))
    .description("let held changes go in force")
    .argument("<id...>", "as `sluice status`, `sluice diff` and the log print them")
    .action((ids: readonly string[], options: CommonOptions) => send(options, { command: "approve", ids }));
  addFileOption(program.command("propose"))
    .description("propose again what people turned down in reviews")
    .argument("[group]", "only this group's, as `show reviews` prints it")
    .action((group: string | undefined, options: CommonOptions) =>
      send(options, { command: "propose", ...(group === undefined ? {} : { group }) }),
    );
  addFileOption(program.command("repair"))
    .description("compare the target with the desired tree file by file and restore what is Sluice's")
    .option("--purge", "start the state branch anew, without its history")
    .option("--remove <path>", "take what is Sluice's out of a folder of the target that output.path named before")
    .option("--restore-state", "push the state branch that was last known here, where it is gone from the server")
    .option("--moved", "the repository was moved: let its state go on here")
    .option("--copied", "the repository is a copy beside the original: give its state an id of its own")
    .action(({ purge, remove, restoreState, moved, copied, ...options }: RepairOptions) => {
      if ([purge, remove, restoreState, moved, copied].filter((choice) => choice !== undefined).length > 1) {
        throw usageError("repair does one thing at a time: --purge, --remove, --restore-state, --moved or --copied");
      }
      if (moved === true) return send(options, { command: "claim-state", as: "moved" });
      if (copied === true) return send(options, { command: "claim-state", as: "copied" });
      if (remove !== undefined) return send(options, { command: "remove-folder", path: remove });
      if (restoreState === true) return send(options, { command: "restore-state" });
      return send(options, { command: "repair", purge: purge === true });
    });
}

/** RFC 3339, in UTC. Throws a usage error. */
function readTime(time: string): string {
  const parsed = /^\d{4}-\d\d-\d\d/.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(parsed)) throw usageError(`--since takes a time such as 2026-01-31T12:00:00Z, not ${time}`);
  return new Date(parsed).toISOString();
}

/** Sends a command to the running service, and prints what it says. */
export async function control(context: CliContext, options: CommonOptions, command: ControlCommand): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (reportProblems(context, errors) || settings === undefined) return 3;
  context.out(`${context.redactor.redact(await sendControl(settings, command))}\n`);
  return 0;
}
