/** Completion for the shells, written out from the command line as data. Pure. */
import type { CommandNode, CommandOption } from "./command-tree.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function writeCompletion(shell: Shell, commands: readonly CommandNode[]): string {
  return { bash: writeBash, zsh: writeZsh, fish: writeFish }[shell](commands);
}

/** Skips the settings that may be named before the command, and finds the command. */
function findCommand(words: string, first: number, current: string): string {
  return `  local command="" i
  for ((i = ${first}; i < ${current}; i++)); do
    case "\${${words}[i]}" in
      -f|--file) ((i++)) ;;
      -*) ;;
      *) command="\${${words}[i]}"; break ;;
    esac
  done
`;
}

/** \`--a|-b) …;;\` for each option that takes one of a few words, and for those that take any value. */
function valueCases(options: readonly CommandOption[], some: (choices: string) => string, any: string): string {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, choices }) => `${flags.join("|")}) ${choices.length > 0 ? some(choices.join(" ")) : any} ;;`)
    .join("\n        ");
}

function flagsOf({ options }: CommandNode): readonly string[] {
  return options.flatMap(({ flags }) => flags);
}

function writeBash(commands: readonly CommandNode[]): string {
  const cases = commands.map((command) => {
    const words = [...flagsOf(command), "--help", ...command.choices].join(" ");
    const values = valueCases(command.options, (choices) => `words="${choices}"`, "words=");
    const inner =
      values === ""
        ? `words="${words}"`
        : `case "$prev" in\n        ${values}\n        *) words="${words}" ;;\n      esac`;
    return `    ${command.name})\n      ${inner} ;;`;
  });
  return `# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words=""
${findCommand("COMP_WORDS", 1, "COMP_CWORD")}  case "$command" in
    "")
      case "$prev" in
        -f|--file) words= ;;
        *) words="${[...commands.map(({ name }) => name), "--file", "--help", "--version"].join(" ")}" ;;
      esac ;;
${cases.join("\n")}
  esac
  COMPREPLY=()
  # Where no word fits it is a file, perhaps: bash looks itself (-o default).
  if [ -n "$words" ]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"); fi
}
complete -o default -F _sluice sluice
`;
}

function writeZsh(commands: readonly CommandNode[]): string {
  const item = (word: string, text: string) => quote(`${word.replaceAll(":", "\\:")}:${text}`);
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ flags, description }) => flags.map((flag) => item(flag, description)));
    const values = valueCases(command.options, (choices) => `compadd -- ${choices}; return`, "_files; return");
    const inner = values === "" ? "" : `      case "$prev" in\n        ${values}\n      esac\n`;
    const rest = command.choices.length > 0 ? `compadd -- ${command.choices.join(" ")}` : "_files";
    return `    ${command.name})\n${inner}      found=(${options.join(" ")} ${item("--help", "display help for command")})\n      if [[ "$cur" == -* ]]; then _describe option found; else ${rest}; fi ;;`;
  });
  const names = commands.map(({ name, description }) => item(name, description));
  return `#compdef sluice
# Completion of sluice for zsh: sluice completion zsh > "\${fpath[1]}/_sluice"
_sluice() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}"
  local -a found
${findCommand("words", 2, "CURRENT")}  case "$command" in
    "")
      case "$prev" in
        -f|--file) _files; return ;;
      esac
      found=(${names.join("\n        ")})
      _describe command found ;;
${cases.join("\n")}
  esac
}
if [ "\${funcstack[1]}" = "_sluice" ]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

/** The settings may be named before the command. */
const fishCommand = `function __sluice_command
  set -l words (commandline -opc)
  set -e words[1]
  while set -q words[1]
    switch $words[1]
      case -f --file
        set -e words[1]
      case '-*'
      case '*'
        echo $words[1]
        return
    end
    set -e words[1]
  end
end`;

function writeFish(commands: readonly CommandNode[]): string {
  const lines = [
    "# Completion of sluice for fish: sluice completion fish > ~/.config/fish/completions/sluice.fish",
    fishCommand,
  ];
  for (const { name, description } of commands)
    lines.push(
      `complete -c sluice -f -n 'not string length -q -- (__sluice_command)' -a ${name} -d ${quoteFish(description)}`,
    );
  for (const command of commands) {
    const here = `complete -c sluice -n 'string match -q -- ${command.name} (__sluice_command)'`;
    if (command.choices.length > 0) lines.push(`${here} -f -a '${command.choices.join(" ")}'`);
    for (const { flags, description, takesValue, choices } of command.options) {
      const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = choices.length > 0 ? ` -x -a '${choices.join(" ")}'` : takesValue ? " -r" : "";
      lines.push(`${here} ${names.join(" ")}${value} -d ${quoteFish(description)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
