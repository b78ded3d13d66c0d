/**
 * Random templates: mostly well-formed and of fitting types, after the declarations of the functions, so that they get
 * far; sometimes of wrong types, and sometimes with characters changed, for what parser and lexer refuse.
 */
import { builtinFunctions } from "../../../src/go-template/builtins.ts";
import { templateFunctions } from "../../../src/go-template/functions/index.ts";
import type { FunctionDeclaration, Parameter } from "../../../src/go-template/functions/registry.ts";
import type { Random } from "./random.ts";
import { strings } from "./random-data.ts";

/** What is not a function of its input, what Sluice does otherwise on purpose, and what takes seconds. */
const excluded =
  /^(?:rand.*|shuffle|uuidv4|bcrypt|htpasswd|encryptAES|derivePassword|gen.*|buildCustomCert|now|ago|durationRound|date|dateInZone|date_in_zone|htmlDate|htmlDateInZone|keys|values|env|expandenv|getHostByName|dnsName)$/;

const functions: readonly [string, FunctionDeclaration][] = Object.entries({
  ...builtinFunctions,
  ...templateFunctions,
}).filter(([name]) => !excluded.test(name));

/** Those that do not change their arguments, and so make no value that holds itself, at which Go crashes. */
const pureFunctions = functions.filter(([, { mutates }]) => mutates !== true);

/** Whether a template that was changed at random still gives the same result each time. */
export function isRepeatable(template: string): boolean {
  const names = template.match(/[A-Za-z_0-9]+/g) ?? [];
  // A time printed as a number shows where its zone lies in memory, as %p does of anything.
  const showsAddress =
    /%[^a-zA-Z%]*p/.test(template) || (/[dD]ate/.test(template) && /%[^a-zA-Z%]*[bcdoOxXU]/.test(template));
  return !names.some((name) => excluded.test(name)) && !showsAddress;
}

export function randomTemplate(random: Random): string {
  const state: State = { random, depth: 0, variables: ["$"], inLoop: false };
  let text = statements(state, 1 + random.below(4));
  if (random.chance(0.08))
    text = `{{ define "d" }}${statements(state, 2)}{{ end }}${text}{{ template "d" ${operand(state)} }}`;
  if (random.chance(0.05)) text = `${text}{{ block "b" ${operand(state)} }}${statements(state, 1)}{{ end }}`;
  return random.chance(0.12) ? changeCharacters(random, text) : text;
}

const alphabet = "{}()|.$\"'`\\-/*:=, \n\t0123456789abcdefinxyzAEé_+#%!~日😀";

/** Deletes, inserts, replaces or repeats characters. */
export function changeCharacters(random: Random, text: string): string {
  const characters = [...text];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(characters.length + 1);
    const inserted = [...alphabet][random.below([...alphabet].length)]!;
    const change = random.below(4);
    if (change === 0) characters.splice(at, 1);
    else if (change === 1) characters.splice(at, 0, inserted);
    else if (change === 2) characters.splice(at, 1, inserted);
    else characters.splice(at, 0, ...characters.slice(at, at + 1 + random.below(6)));
  }
  return characters.join("");
}

interface State {
  readonly random: Random;
  depth: number;
  variables: string[];
  inLoop: boolean;
}

function statements(state: State, count: number): string {
  return Array.from({ length: count }, () => statement(state)).join("");
}

function statement(state: State): string {
  const { random } = state;
  const kind = random.below(state.depth > 2 ? 10 : 15);
  const [open, close] = [random.chance(0.1) ? "{{- " : "{{ ", random.chance(0.1) ? " -}}" : " }}"];
  if (kind < 2) return random.pick(["x", " \n", "k: ", "\n  ", "}}", "- ", " { "]);
  if (kind < 9) return `${open}${pipeline(state)}${close}`;
  if (kind === 9) return declare(state, open, close);
  state.depth++;
  const variables = state.variables.slice();
  const text = control(state, kind, open, close);
  state.variables = variables;
  state.depth--;
  return text;
}

function declare(state: State, open: string, close: string): string {
  const name = state.random.pick(["$x", "$y", "$z"]);
  const isKnown = state.variables.includes(name);
  const text = `${open}${name} ${isKnown && state.random.chance(0.5) ? "=" : ":="} ${pipeline(state)}${close}`;
  state.variables.push(name);
  return text;
}

function control(state: State, kind: number, open: string, close: string): string {
  const { random } = state;
  const body = (): string => statements(state, 1 + random.below(2));
  const otherwise = (word: string): string => {
    if (random.chance(0.5)) return "";
    const chain = random.chance(0.3) ? `${open}else ${word} ${pipeline(state)}${close}${body()}` : "";
    return `${chain}${open}else${close}${body()}`;
  };
  if (kind === 14) return `{{/* ${random.pick(["c", "{{ x }}", "*", "- -"])} */}}`;
  if (kind < 12 || kind === 13) {
    const word = kind === 13 ? "with" : "if";
    return `${open}${word} ${pipeline(state)}${close}${body()}${otherwise(word)}${open}end${close}`;
  }
  const range = random.below(3);
  const names = range === 0 ? "" : range === 1 ? "$x := " : "$y, $x := ";
  const over = random.chance(0.8)
    ? random.pick(["$.l", "$.m", "$.words", "until 3", "3", "(list 1 2)", "(list)", "$.o"])
    : operand(state);
  if (range > 0) state.variables.push("$x");
  if (range > 1) state.variables.push("$y");
  const jump = (): string => {
    if (!random.chance(0.15)) return "";
    return `{{ if ${operand(state)} }}{{ ${random.pick(["break", "continue"])} }}{{ end }}`;
  };
  const isWithin = state.inLoop;
  state.inLoop = true;
  const turn = `${jump()}${body()}`;
  state.inLoop = isWithin;
  // In the else of a range a jump is about the range itself, or the one around it.
  const last = random.chance(0.5) ? "" : `${open}else${close}${isWithin ? jump() : ""}${body()}`;
  return `${open}range ${names}${over}${close}${turn}${last}${open}end${close}`;
}

function pipeline(state: State): string {
  const { random } = state;
  let text = random.chance(0.6) ? call(state, false) : operand(state);
  while (random.chance(0.3)) text += ` |${random.chance(0.4) ? " toString |" : ""} ${call(state, true)}`;
  return text;
}

const logic = ["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "default", "printf", "index", "dict", "list"];

/** A call; in a pipeline its last argument is left to the stage before. */
function call(state: State, isPiped: boolean): string {
  const { random } = state;
  const [name, declaration] = random.chance(0.2)
    ? (functions.find(([known]) => known === random.pick(logic)) ?? random.pick(functions))
    : random.pick(random.chance(0.9) ? pureFunctions : functions);
  if (random.chance(0.05)) {
    const word = random.pick(["and", "or"]);
    return [word, ...Array.from({ length: 1 + random.below(3) }, () => operand(state))].join(" ");
  }
  const { params, variadic } = declaration;
  const parameters: Parameter[] = variadic ? params.slice(0, -1) : [...params];
  if (variadic) for (let count = random.below(4); count > 0; count--) parameters.push(params.at(-1)!);
  if (isPiped) parameters.pop();
  if (random.chance(0.02)) parameters.push("any");
  return [name, ...parameters.map((parameter, index) => argument(state, parameter, name, index))].join(" ");
}

function argument(state: State, parameter: Parameter, name: string, index: number): string {
  const { random } = state;
  if (random.chance(0.06)) return operand(state);
  if (name === "printf" && index === 0) return literal(randomFormat(random));
  if (name === "dict" && index % 2 === 0) return literal(random.pick(["a", "b", "c", "x y"]));
  if (/regex/i.test(name) && index === 0) return literal(random.pick(patterns));
  switch (parameter) {
    case "string":
      if (random.chance(0.2)) return `(toString ${operand(state)})`;
      return random.chance(0.4) ? random.pick(["$.s", "$.t", ".s"]) : literal(random.pick(strings));
    case "int":
    case "exactInt":
    case "uint32":
      return random.chance(0.9)
        ? String(random.below(12) - 2)
        : random.pick(["(len .s)", "(int .n | min 20 | int)", "'a'", "2.0", "0x10"]);
    case "int64":
      return random.pick(["$.n", "(add .n 1)", "5"]);
    case "float64":
      return random.pick(["$.f", "1.5", "2", "(float64 .n)"]);
    case "bool":
      return random.pick(["$.yes", "true", "false", "(eq 1 1)"]);
    case "list":
      return random.pick(["$.l", "(list 1 .s)", "(list)", "nil"]);
    case "map":
      return random.pick(["$.m", "$.o", '(dict "a" 1 "b" .l)', "(dict)", "$.o.metadata", "nil"]);
  }
  if (typeof parameter === "object") return random.pick([time, '(semver "1.2.3")', "$.n", "nil"]);
  return operand(state);
}

const time = '(toDate "2006-01-02T15:04:05Z07:00" "2024-02-29T12:34:56+02:00")';
const patterns = [
  "a",
  "[a-z]+",
  "(o+)(?P<name>b)?",
  "^$",
  "\\\\d+",
  "(?i)HELLO|x",
  "",
  "(",
  "\\\\bw",
  "[^a]",
  "a{2,3}",
  ".",
  "\\\\pL+",
];

function operand(state: State): string {
  const { random } = state;
  const kind = random.below(state.depth > 4 ? 12 : 16);
  if (kind < 5)
    return random.pick([
      "$.s",
      "$.n",
      "$.f",
      "$.yes",
      "$.nil",
      "$.l",
      "$.m",
      "$.words",
      "$.o",
      "$.m.a",
      "$.o.metadata.name",
      "$.s",
      ".",
      "$",
      ".missing",
      ".m.b.c",
    ]);
  if (kind === 5) return random.pick(state.variables);
  if (kind === 6) return literal(random.pick(strings));
  if (kind === 7)
    return random.pick([
      "0",
      "1",
      "-3",
      "42",
      "1.5",
      "1e3",
      "0x1F",
      "0b101",
      "017",
      "1_000",
      "'x'",
      "'\\n'",
      "2i",
      "1+2i",
      "0x1p4",
      ".5",
      "3.0",
    ]);
  if (kind === 8) return random.pick(["true", "false", "nil"]);
  if (kind === 9)
    return random.pick([
      "(list 3 1 2)",
      '(dict "a" 1)',
      '(splitList "," .s)',
      "(until 4)",
      time,
      '(semver "1.2.3-rc.1+b5")',
      '(list "b" "a" nil)',
      "(dict)",
      "(list)",
    ]);
  if (kind === 10) return random.pick(["`raw`", '"\\u00e9\\x41"', '"\\xff"', '(trunc 3 "é日本")']);
  if (kind === 11) return `(${random.pick(["$.m", "$.o", 'dict "a" .l'])})${random.pick([".a", ".metadata", ".zz.a"])}`;
  state.depth++;
  const text = `(${pipeline(state)})`;
  state.depth--;
  return text;
}

function literal(text: string): string {
  if (!/[`\r]/.test(text) && text.includes("\\")) return `\`${text}\``;
  return JSON.stringify(text).replace(/\u007f/g, "\\u007f");
}

function randomFormat(random: Random): string {
  let format = "";
  for (let count = 1 + random.below(3); count > 0; count--) {
    const flags = random.pick(["", "", "", "+", "-", "#", " ", "0", "+#", "-0"]);
    const width = random.pick(["", "", "", "5", "08", "2", "*", "[1]"]);
    const precision = random.pick(["", "", "", ".2", ".0", ".", ".*"]);
    format += `${random.pick(["", "a", "%%", " "])}%${flags}${width}${precision}${random.pick([..."vvvsdqxXfgeGEtTcUobOzF%"])}`;
  }
  return format;
}
