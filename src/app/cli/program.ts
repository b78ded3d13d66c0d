/** The command line: one file a command, loaded when it is called; the same streams and exit codes for all. */
import { Command, CommanderError } from "commander";
import { nearestWord } from "../../model/nearest-word.ts";
import { readVersion } from "../project-files.ts";
import { type CliContext, type ExitCode, reportFailure } from "./context.ts";
import { examples, summaries } from "./examples.ts";

export type AddCommand = (program: Command, context: CliContext, end: (code: ExitCode) => void) => void;

interface CommandFile {
  readonly names: readonly string[];
  readonly load: () => Promise<AddCommand>;
}

/** By what people are about, and then by the words that call them, in the order of the help. */
const groups: Readonly<Record<string, readonly CommandFile[]>> = {
  "To begin": [
    { names: ["init"], load: async () => (await import("./init.ts")).addInitCommand },
    { names: ["import"], load: async () => (await import("./import.ts")).addImportCommand },
    { names: ["demo"], load: async () => (await import("./demo.ts")).addDemoCommand },
  ],
  "To try a change of documents, without touching anything": [
    { names: ["validate"], load: async () => (await import("./validate.ts")).addValidateCommand },
    { names: ["render"], load: async () => (await import("./render.ts")).addRenderCommand },
    { names: ["test"], load: async () => (await import("./test.ts")).addTestCommand },
    { names: ["diff"], load: async () => (await import("./diff.ts")).addDiffCommand },
  ],
  "To run it": [
    { names: ["doctor"], load: async () => (await import("./doctor.ts")).addDoctorCommand },
    { names: ["run"], load: async () => (await import("./run.ts")).addRunCommand },
    { names: ["apply"], load: async () => (await import("./apply.ts")).addApplyCommand },
    { names: ["publish"], load: async () => (await import("./publish.ts")).addPublishCommand },
  ],
  "To see what it does, and why": [
    { names: ["status"], load: async () => (await import("./status.ts")).addStatusCommand },
    { names: ["show"], load: async () => (await import("./show.ts")).addShowCommand },
    { names: ["explain"], load: async () => (await import("./explain.ts")).addExplainCommand },
  ],
  "To tell the running service": [
    {
      names: ["approve", "pause", "resume", "remove", "rerender", "backfill", "discard", "propose", "repair"],
      load: async () => (await import("./control.ts")).addControlCommands,
    },
    { names: ["forget"], load: async () => (await import("./forget.ts")).addForgetCommand },
    { names: ["retire"], load: async () => (await import("./retire.ts")).addRetireCommand },
  ],
  Besides: [
    { names: ["version"], load: async () => (await import("./version.ts")).addVersionCommand },
    { names: ["completion"], load: async () => (await import("./completion.ts")).addCompletionCommand },
  ],
};
const commands = Object.entries(groups).flatMap(([group, files]) => files.map((file) => ({ ...file, group })));

/** Words of sibling tools, and what they are called here. */
const otherWords: Readonly<Record<string, string>> = {
  get: "show",
  list: "show",
  describe: "explain",
  trace: "explain",
  sync: "rerender",
  reconcile: "rerender",
  suspend: "pause",
  delete: "remove",
  lint: "validate",
  register: "import",
  migrate: "import",
  bootstrap: "init",
  create: "init",
  new: "init",
  scaffold: "init",
};

/** Runs one command; `args` are the words behind the program's name. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = 0;
  const end = (ended: ExitCode) => {
    code = ended;
  };
  const words = moveFileOption(args);
  const program = new Command("sluice")
    .description("CloudEvents in, reviewed Kubernetes manifests out, in Git")
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.err, outputError: suggestChoice })
    .showHelpAfterError("(see sluice --help)");
  for (const { group, load } of commandsFor(words)) {
    program.commandsGroup(`${group}:`);
    (await load())(program, context, end);
  }
  program.helpCommand(true);
  // Commander copies these only to commands that it makes itself after they are set.
  for (const command of program.commands) {
    command
      .exitOverride()
      .configureOutput({ writeOut: context.out, writeErr: context.err, outputError: suggestChoice })
      .showHelpAfterError(`(see sluice ${command.name()} --help)`);
    command.summary(summaries[command.name()] ?? "");
    const shown = examples[command.name()];
    if (shown !== undefined)
      command.addHelpText("after", `\nExamples:\n${shown.map((line) => `  ${line}`).join("\n")}`);
  }
  program.addHelpText(
    "after",
    "\nThe settings are named before or behind the command: -f, --file <sluice.yaml>." +
      "\nResults go to stdout, logs and progress to stderr." +
      "\nExit codes: 0 done, 1 differences or findings, 2 usage, 3 failure or not there.",
  );
  const word = otherWords[words[0] ?? ""];
  if (word !== undefined) {
    context.err(`error: there is no command ${words[0]}: it is called ${word} here (see sluice ${word} --help)\n`);
    return 2;
  }
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportFailure(context, error);
  }
}

/** Commander suggests commands and flags, and no values. */
function suggestChoice(text: string, write: (text: string) => void): void {
  const [, word, choices] = /'([^']*)' is invalid.* Allowed choices are (.*)\.\n$/.exec(text) ?? [];
  const near = word === undefined ? undefined : nearestWord(word, (choices ?? "").split(", "));
  write(near === undefined ? text : `${text}(Did you mean ${near}?)\n`);
}

/** The program with all its commands: what help and completion are made of. */
export async function loadProgram(context: CliContext): Promise<Command> {
  const program = new Command("sluice");
  for (const { load } of commands) (await load())(program, context, () => undefined);
  return program;
}

/** The one that the words name; all for help and for words that name none; none where only the version is asked. */
function commandsFor(words: readonly string[]): typeof commands {
  const [first = ""] = words;
  if (first === "--version" || first === "-V") return [];
  const named = commands.filter(({ names }) => names.includes(first));
  return named.length === 0 ? commands : named;
}

/** The settings may be named before the command, as `kubectl -n` may: the option is moved behind the command's name. */
function moveFileOption(args: readonly string[]): readonly string[] {
  const [first = "", second] = args;
  if (first.startsWith("--file=") && second !== undefined) return [second, first, ...args.slice(2)];
  if ((first === "-f" || first === "--file") && second !== undefined && args[2] !== undefined)
    return [args[2], first, second, ...args.slice(3)];
  return args;
}
