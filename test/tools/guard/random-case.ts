/**
 * Random templates of manifests with values in every position, through every function of one text, and values that mean harm.
 *
 * Each value has a harmless stand-in of the same kind, whose reading says what the template means.
 */
import { type FunctionDeclaration, templateFunctions } from "../../../src/go-template/index.ts";
import { isJsonObject, type Json } from "../../../src/model/json.ts";
import type { TemplateSource } from "../../../src/model/template.ts";
import { hostileValues } from "../../render/guard/hostile-values.ts";
import type { Random } from "../fuzz/random.ts";

/** How a value is printed, and so what may become of it. */
export type Use = "text" | "scalar" | "value" | "mapping" | "list";

export interface GuardCase {
  readonly engine: TemplateSource["engine"];
  readonly template: string;
  /** What each of `v0`, `v1`, … is used for. */
  readonly uses: readonly Use[];
  readonly values: readonly Json[];
}

/** A harmless value of the same kind. */
export function standIn(use: Use, index: number): Json {
  const word = `qaz${index}wsx`;
  if (use === "mapping") return new Map([[word, "spliced"]]);
  return use === "list" ? [word] : word;
}

const head = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: x\nspec:\n";

/** A template with values anywhere. */
export function randomGuardCase(random: Random): GuardCase {
  const writer = new TemplateWriter(random, random.chance(0.2) ? "handlebars" : "go", false);
  return { ...writer.write(), values: writer.uses.map((use) => hostileValue(random, use)) };
}

/** A template as it should be written: whole values through toYaml and toJson, texts in quotes or indented. */
export function randomLegitimateCase(random: Random): GuardCase {
  const writer = new TemplateWriter(random, random.chance(0.2) ? "handlebars" : "go", true);
  const written = writer.write();
  const values = writer.uses.map((use) => {
    for (;;) {
      const value = hostileValue(random, use);
      if (isWritable(value, use)) return value;
    }
  });
  return { ...written, values };
}

/** What YAML has as characters, and nothing that YAML 1.1 takes for a line break but its readers do not agree on. */
const unwritable = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

/**
 * Whether Go's toYaml writes a value so that it can be read again where the template prints it: text that begins with blanks
 * and has several lines says how deep it is, which indent makes wrong.
 */
function isWritable(value: Json, use: Use): boolean {
  if (typeof value === "string") {
    if (unwritable.test(value) || /\bkind: Secret/.test(value)) return false;
    return use === "scalar" ? !value.includes("\n") : !/^\s.*\n/s.test(value);
  }
  if (Array.isArray(value)) return value.every((item) => isWritable(item, "value"));
  if (!isJsonObject(value)) return true;
  return [...value].every(
    ([key, member]) => isWritable(key, "scalar") && key.length < 1000 && isWritable(member, "value"),
  );
}

const needsMore =
  /^(?:fail|mustTo.*|rand.*|gen.*|derivePassword|encryptAES|decryptAES|bcrypt|htpasswd|dateModify|must_date.*)$/;

/** Functions that make something of one text, with what their other arguments are. */
const textFunctions: readonly string[] = Object.entries(templateFunctions).flatMap(([name, declaration]) => {
  const call = callOfText(name, declaration);
  return call === undefined ? [] : [call];
});

function callOfText(name: string, { params, variadic }: FunctionDeclaration): string | undefined {
  if (needsMore.test(name) || params.length === 0) return undefined;
  const fixed = variadic ? params.slice(0, -1) : params.slice(0, -1);
  const last = params.at(-1);
  if (last !== "string" && last !== "any") return undefined;
  const args = fixed.map((parameter) => {
    if (parameter === "string") return '"x"';
    if (parameter === "any") return '"y"';
    return parameter === "int" || parameter === "int64" ? "3" : undefined;
  });
  return args.includes(undefined) ? undefined : [name, ...args].join(" ");
}

class TemplateWriter {
  readonly uses: Use[] = [];
  readonly #random: Random;
  readonly #engine: TemplateSource["engine"];
  readonly #isLegitimate: boolean;

  constructor(random: Random, engine: TemplateSource["engine"], isLegitimate: boolean) {
    this.#random = random;
    this.#engine = engine;
    this.#isLegitimate = isLegitimate;
  }

  write(): Pick<GuardCase, "engine" | "template" | "uses"> {
    const template = `${head}${this.#members("  ", 2 + this.#random.below(3))}`;
    return { engine: this.#engine, template, uses: this.uses };
  }

  #members(indent: string, count: number): string {
    let text = "";
    for (let index = 0; index < count; index++) {
      text += this.#isLegitimate ? this.#legitimateMember(indent, index) : this.#member(indent, index);
    }
    return text;
  }

  #legitimateMember(indent: string, index: number): string {
    const random = this.#random;
    const key = `${indent}k${index}:`;
    const deeper = indent.length + 2;
    switch (random.below(indent.length > 6 ? 9 : 12)) {
      case 0:
        return `${key} ${this.#call("toYaml", "scalar", "")}\n`;
      case 1:
        return `${key} ${this.#moved("nindent", deeper, this.#inner("toYaml", "value"))}\n`;
      case 2:
        return `${key}\n${this.#moved("indent", deeper, this.#inner("toYaml", "value"))}\n`;
      case 3:
        return `${key} ${this.#call("toJson", "value", "")}\n`;
      case 4:
        return `${key} ${this.#call("quote", "text", "")}\n`;
      case 5:
        return `${key} {a: ${this.#call("toJson", "value", "")}, b: [${this.#call("toJson", "value", "")}, 'x']}\n`;
      case 6:
        return `${key} |-\n${indent}  first\n${this.#moved("indent", deeper, this.#variable("text"))}\n`;
      case 7:
        return `${key}\n${indent}- x\n${indent}- ${this.#call("toJson", "value", "")}\n${indent}- ${this.#call("quote", "text", "")}\n`;
      case 8:
        return `${key}\n${indent}-${this.#moved("nindent", deeper, this.#inner("toYaml", "value"))}\n${indent}- keep\n`;
      case 9:
        return `${key}\n${indent}  fixed: x\n${this.#moved("indent", deeper, this.#inner("toYaml", "mapping"))}\n${indent}  last: keep\n`;
      case 10:
        return `${key}\n${indent}- fixed\n${this.#moved("indent", indent.length, this.#inner("toYaml", "list"))}\n${indent}- last\n`;
      default:
        return `${key}\n${this.#members(`${indent}  `, 1 + random.below(2))}`;
    }
  }

  #member(indent: string, index: number): string {
    const random = this.#random;
    const key = random.chance(0.12) ? `${indent}${this.#key()}` : `${indent}k${index}`;
    const deeper = `${indent}  `;
    switch (random.below(indent.length > 6 ? 13 : 15)) {
      case 0:
      case 1:
        return `${key}: ${this.#plain()}${this.#comment()}\n`;
      case 2:
        return `${key}: '${this.#pieces("''")}'${this.#comment()}\n`;
      case 3:
        return `${key}: "${this.#pieces('\\"')}"${this.#comment()}\n`;
      case 4:
      case 5:
        return `${key}: ${this.#block(deeper)}`;
      case 6:
        return `${key}: ${this.#flow()}\n`;
      case 7:
        return `${key}:\n${indent}- ${this.#plain()}\n${indent}- ${this.#plain()}${this.#comment()}\n`;
      case 8:
        return `${key}:\n${deeper}${this.#plain()}\n${deeper}${this.#plain()}\n`;
      case 9:
        return `${key}: ${this.#call("toYaml", "value", "")}${random.pick(["", "", "#x", " # x", "x"])}\n`;
      case 10:
        return `${key}:${this.#moved(random.pick(["nindent", "indent"]), deeper.length + random.pick([0, 0, -2, 2]), this.#inner("toYaml", "value"))}\n`;
      case 11:
        return `${indent}# ${this.#pieces("x")}\n${key}: keep\n`;
      case 12:
        return `${key}: ${random.pick(["&a ", "!!str "])}${this.#plain()}\n`;
      default:
        return `${key}:\n${this.#members(deeper, 1 + random.below(2))}`;
    }
  }

  #key(): string {
    const random = this.#random;
    return random.pick([
      () => this.#text(),
      () => `a-${this.#text()}`,
      () => `"${this.#text()}"`,
      () => `'${this.#text()}'`,
      () => `? ${this.#text()}`,
    ])();
  }

  #plain(): string {
    const random = this.#random;
    const word = (): string => random.pick(["keep", "a b", "#x", " # c", "x#y", "-", ":", "'", '"', " ", "", ""]);
    return random.pick([
      () => this.#text(),
      () => `${this.#text()}${word()}`,
      () => `keep${word()}${this.#text()}`,
      () => `pre ${this.#text()}${word()}${this.#text()} post`,
      () => "keep",
    ])();
  }

  #pieces(sign: string): string {
    const random = this.#random;
    const word = (): string => random.pick(["", "keep ", " keep", "#", ": ", sign, "\n    "]);
    return `${word()}${this.#text()}${word()}${random.chance(0.3) ? this.#text() + word() : ""}`;
  }

  #comment(): string {
    const random = this.#random;
    return random.chance(0.15) ? ` # ${random.chance(0.6) ? this.#text() : "note"}` : "";
  }

  #block(indent: string): string {
    const random = this.#random;
    const header = random.pick(["|", "|-", "|+", ">", ">-", "|2", "| # c", `| # ${this.#text()}`]);
    let text = `${header}\n`;
    for (let count = 1 + random.below(3); count > 0; count--) {
      text += random.pick([
        () => `${indent}${this.#text()}\n`,
        () => `${indent}keep ${this.#text()} keep\n`,
        () => `${indent}keep\n`,
        () => `${indent}  deeper\n`,
        () => `${this.#moved("indent", indent.length, this.#variable("text"))}\n`,
        () => `${indent}keep${this.#moved("nindent", indent.length, this.#variable("text"))}\n`,
        () => `${this.#text()}\n`,
        () => "\n",
      ])();
    }
    return text;
  }

  #flow(): string {
    const random = this.#random;
    const item = (): string =>
      random.pick([
        () => this.#text(),
        () => `"${this.#text()}"`,
        () => this.#call("toJson", "value", ""),
        () => "keep",
        () => `${this.#text()}: keep`,
      ])();
    const pair = (index: number): string =>
      `f${index}: ${random.pick([() => this.#text(), () => `'${this.#text()}'`, () => "keep"])()}`;
    return random.chance(0.5) ? `[${item()}, keep, ${item()}]` : `{${pair(0)}, ${pair(1)}, last: keep}`;
  }

  /** An action that prints a text, somehow. */
  #text(): string {
    const random = this.#random;
    if (random.chance(0.4)) return this.#print(this.#variable("text"));
    if (this.#engine === "handlebars") {
      const helper = random.pick([
        "quote",
        "lower",
        "trunc 6",
        'default "x"',
        "toJson",
        "toYaml",
        "indent 3",
        "nindent 4",
        "dnsName",
      ]);
      return this.#call(helper, "text", "");
    }
    const first = random.pick(textFunctions);
    const name = random.chance(0.3)
      ? random.pick(["quote", "squote", "trim", "nindent 4", "indent 2", "toJson"])
      : first;
    const then = random.pick(textFunctions);
    // What was read from a text may be written again as a whole value, which is none of a text's business.
    const second = random.chance(0.2) && !/^to(?:Yaml|Toml|.*Json)$/.test(then) ? ` | ${then}` : "";
    return this.#call(name, "text", second);
  }

  #variable(use: Use): string {
    const name = `v${this.uses.length}`;
    this.uses.push(use);
    return this.#engine === "go" ? `.${name}` : name;
  }

  #print(expression: string): string {
    return this.#engine === "go" ? `{{ ${expression} }}` : `{{${expression}}}`;
  }

  #inner(name: string, use: Use): string {
    return `(${name} ${this.#variable(use)})`;
  }

  #call(name: string, use: Use, then: string): string {
    return this.#print(`${name} ${this.#variable(use)}${then}`);
  }

  #moved(name: string, spaces: number, expression: string): string {
    return this.#print(`${name} ${Math.max(0, spaces)} ${expression}`);
  }
}

const pieces = [
  ..." |  |    |\n|\n  |\n    |\n\n|\t|: |:|- |-|#| #|'|\"|''|\\|\\n|,|[|]|{|}|&a |*a|!|!!str |? |||>|%|@|`|---|...|<<|~|a|b: c|keep|x y|k0|\u0085|\u2028|\u00e9|\u{1f600}|\r|\r\n|=|1|true".split(
    "|",
  ),
  "|",
];

const scalars: readonly Json[] = [null, true, false, 0n, -7n, 1.5, 1e21, 12345678901234567890n, 0.1, "yes", "010"];

function hostileText(random: Random): string {
  if (random.chance(0.35)) return random.pick(hostileValues).replaceAll("\0", "").toWellFormed();
  let text = "";
  for (let count = 1 + random.below(6); count > 0; count--) text += random.pick(pieces);
  return text;
}

function hostileValue(random: Random, use: Use, depth = 0): Json {
  if (use === "text") return hostileText(random);
  if (use === "scalar") return random.chance(0.3) ? random.pick(scalars) : hostileText(random);
  if (use === "mapping") return randomMapping(random, depth);
  if (use === "list")
    return Array.from({ length: 1 + random.below(3) }, () => hostileValue(random, "value", depth + 1));
  switch (random.below(depth > 3 ? 6 : 10)) {
    case 0:
      return random.pick(scalars);
    case 6:
    case 7:
      return randomMapping(random, depth);
    case 8:
    case 9:
      return Array.from({ length: random.below(4) }, () => hostileValue(random, "value", depth + 1));
    default:
      return hostileText(random);
  }
}

function randomMapping(random: Random, depth: number): Json {
  const mapping = new Map<string, Json>();
  for (let count = random.below(4) + (depth === 0 ? 1 : 0); count > 0; count--) {
    const key = random.chance(0.6) ? `m${random.below(30)}` : hostileText(random);
    // Merging is no business of a value, and names of objects are none of this test's.
    if (key !== "<<" && key !== "metadata") mapping.set(key, hostileValue(random, "value", depth + 1));
  }
  return mapping;
}
