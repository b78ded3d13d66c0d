/**
 * TOML text as BurntSushi/toml decodes it into a map[string]interface{}: integers are int64, an array of tables is a
 * []map[string]interface{}. Errors are the library's, word for word, because templates can print them.
 */
import type { GoTime } from "../functions/time/go-time.ts";
import { quoteGo } from "../quote.ts";
import { type GoObject, GoSlice, type GoValue, mapType, sliceOf } from "../value.ts";
import { end, TomlError, TomlReader } from "./toml-reader.ts";
import { quoteChar, readQuoted, readScalar, type TomlScalar } from "./toml-scalars.ts";
import { formatTomlKey } from "./toml-text.ts";

const tablesType = sliceOf(mapType);
/** Parts of one key, and arrays and inline tables in each other: the work grows with the square of both. */
const depthMax = 100;

/** Throws a {@link TomlError}. */
export function decodeToml(text: string): GoObject {
  const content = text.replace(/^(?:\ufeff|\udcff\udcfe|\udcfe\udcff)/, "");
  if (content.slice(0, 6).includes("\0")) {
    throw new TomlError(1, "", "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8");
  }
  const root = new TomlParser(content).parse();
  return toGoMap(root);
}

type Table = Map<string, TomlNode>;
type TomlNode = TomlScalar | TomlNode[] | Table | TableArray;

/** `[[name]]`; an array of inline tables is a plain list. */
class TableArray {
  readonly tables: Table[] = [];
}

function toGoMap(table: Table): GoObject {
  return new Map([...table].map(([key, node]) => [key, toGo(node)]));
}

function toGo(node: TomlNode): GoValue {
  if (node instanceof Map) return toGoMap(node);
  if (node instanceof TableArray) return new GoSlice(tablesType, node.tables.map(toGoMap));
  return Array.isArray(node) ? node.map(toGo) : (node as string | GoTime);
}

type Key = readonly string[];

class TomlParser {
  private readonly root: Table = new Map();
  private readonly reader: TomlReader;
  /** The key of the table in scope. */
  private context: Key = [];
  /** The last part of the key whose value is being read. */
  private currentKey = "";
  /** The line of the last key: where errors about keys are placed. */
  private keyLine = 0;
  /** Tables that exist only because a key goes through them, by their full key: they may still be defined. */
  private readonly implicit = new Set<string>();
  /** Keys whose value is an array. */
  private readonly arrays = new Set<string>();
  private depth = 0;

  constructor(text: string) {
    this.reader = new TomlReader(text, () => this.lastKey());
  }

  parse(): Table {
    const { reader } = this;
    for (;;) {
      reader.skipBlanksAndBreaks();
      if (reader.skipComment()) continue;
      const char = reader.peek();
      if (char === end) return this.root;
      if (char === "[") this.parseHeader();
      else this.parseKeyValue();
      this.expectLineEnd();
    }
  }

  private expectLineEnd(): void {
    const { reader } = this;
    reader.skipBlanks();
    if (reader.skipComment()) return;
    const char = reader.next();
    if (char === end || char === "\n" || char === "\r") return;
    reader.fail(`expected a top-level item to end with a newline, comment, or EOF, but got ${quoteChar(char)} instead`);
  }

  private lastKey(): string {
    const context = formatTomlKey(this.context);
    if (this.currentKey === "") return context;
    return this.context.length === 0 ? this.currentKey : `${context}.${this.currentKey}`;
  }

  private failAtKey(problem: string): never {
    this.reader.failIn(this.keyLine, problem);
  }

  /** `[a.b]` or `[[a.b]]`. */
  private parseHeader(): void {
    const { reader } = this;
    reader.next();
    const isArray = reader.accept("[");
    const key = this.readHeaderKey();
    if (isArray) {
      const char = reader.next();
      if (char !== "]") {
        reader.fail(`expected end of table array name delimiter ']', but got ${quoteChar(char)} instead`);
      }
    }
    this.enterTable(key, isArray);
    this.noteType(this.context, false);
  }

  private readHeaderKey(): Key {
    const reader: TomlReader = this.reader;
    const key: string[] = [];
    for (;;) {
      reader.skipBlanks();
      const char = reader.peek();
      if (char === "]" || char === end) reader.fail("unexpected end of table name (table names cannot be empty)");
      if (char === ".") reader.fail("unexpected table separator (table names cannot be empty)");
      const line = reader.line;
      if (key.length === depthMax) reader.fail(`keys of more than ${depthMax} parts`);
      key.push(this.readKeyPart());
      if (key.length === 1) this.keyLine = line;
      reader.skipBlanks();
      const next = reader.next();
      if (next === "]") return key;
      if (next !== ".") reader.fail(`expected '.' or ']' to end table name, but got ${quoteChar(next)} instead`);
    }
  }

  private readKeyPart(): string {
    const char = this.reader.peek();
    return char === '"' || char === "'" ? readQuoted(this.reader) : this.reader.takeAll(/^[0-9A-Za-z_-]$/);
  }

  /** The parts of a key up to and with the `=`. */
  private readKey(): Key {
    const reader: TomlReader = this.reader;
    reader.skipBlanks();
    const first = reader.peek();
    if (first === "=" || first === end) reader.fail("unexpected '=': key name appears blank");
    if (first === ".") reader.fail("unexpected '.': keys cannot start with a '.'");
    const key: string[] = [];
    for (;;) {
      reader.skipBlanks();
      const char = reader.peek();
      if (char === "=" || char === end) reader.fail("unexpected '='");
      if (char === ".") reader.fail("unexpected '.'");
      const line = reader.line;
      if (key.length === depthMax) reader.fail(`keys of more than ${depthMax} parts`);
      key.push(this.readKeyPart());
      if (key.length === 1) this.keyLine = line;
      reader.skipBlanks();
      const next = reader.next();
      if (next === "=") return key;
      if (next === ".") continue;
      if (next === end) reader.fail("unexpected EOF; expected key separator '='");
      const problem = `expected '.' or '=', but got ${quoteChar(next)} instead`;
      if (next === "\n") reader.failBefore(problem);
      reader.fail(problem);
    }
  }

  private parseKeyValue(): void {
    const outer = this.context;
    this.readMember();
    this.context = outer;
    this.currentKey = "";
  }

  /** `a.b = value` in the table in scope; returns the parts before the last and the value. */
  private readMember(): { readonly parents: Key; readonly value: TomlNode } {
    const key = this.readKey();
    const parents = key.slice(0, -1);
    this.currentKey = key.at(-1)!;
    for (const part of parents) {
      const context = [...this.context, part];
      this.implicit.add(formatTomlKey(context));
      this.enterTable(context, false);
    }
    const value = this.readValue(false);
    this.setValue(this.currentKey, value);
    this.noteType([...this.context, ...(this.currentKey === "" ? [] : [this.currentKey])], Array.isArray(value));
    return { parents, value };
  }

  private readValue(parentIsArray: boolean): TomlNode {
    const { reader } = this;
    reader.skipBlanks();
    const isArray = reader.peek() === "[";
    if (!isArray && reader.peek() !== "{") return readScalar(reader);
    if (this.depth === depthMax) reader.fail(`nested deeper than ${depthMax} levels`);
    this.depth++;
    reader.next();
    const value = isArray ? this.readArray() : this.readInlineTable(parentIsArray);
    this.depth--;
    return value;
  }

  private readArray(): TomlNode[] {
    const { reader } = this;
    this.noteType([...this.context, ...(this.currentKey === "" ? [] : [this.currentKey])], true);
    const items: TomlNode[] = [];
    for (;;) {
      this.skipSpace();
      const char = reader.peek();
      if (char === ",") {
        reader.next();
        reader.fail("unexpected comma");
      }
      if (reader.accept("]")) return items;
      items.push(this.readValue(true));
      this.skipSpace();
      const next = reader.next();
      if (next === "]") return items;
      if (next !== ",") {
        reader.fail(`expected a comma (',') or array terminator (']'), but got ${characterOrEnd(next)}`);
      }
    }
  }

  /** Blanks, line breaks and comments. */
  private skipSpace(): void {
    do this.reader.skipBlanksAndBreaks();
    while (this.reader.skipComment());
  }

  private readInlineTable(parentIsArray: boolean): Table {
    const table: Table = new Map();
    const outerContext = this.context;
    const outerKey = this.currentKey;
    const context = [...this.context, this.currentKey];
    this.currentKey = "";
    this.context = context;
    this.implicit.add(formatTomlKey(context));
    this.enterTable(context, parentIsArray);
    // The library goes on in the context as it was before entering, which names the same table.
    this.context = context;
    while (this.hasInlineMember()) {
      const { parents, value } = this.readMember();
      let target = table;
      for (const part of parents) {
        const next = target.get(part) ?? new Map();
        target.set(part, next);
        if (!(next instanceof Map)) this.failAtKey(`${quoteGo(formatTomlKey(this.context))} is not a table`);
        target = next;
      }
      target.set(this.currentKey, value);
      this.context = context;
      if (this.endsInlineTable()) break;
    }
    this.context = outerContext;
    this.currentKey = outerKey;
    return table;
  }

  /** Before a member of an inline table; takes the closing brace if there is none. */
  private hasInlineMember(): boolean {
    const { reader } = this;
    this.skipSpace();
    if (reader.accept(",")) reader.fail("unexpected comma");
    return !reader.accept("}");
  }

  /** Behind a member of an inline table: takes the comma or the closing brace. */
  private endsInlineTable(): boolean {
    const { reader } = this;
    for (;;) {
      this.skipSpace();
      const char = reader.next();
      if (char === "}") return true;
      if (char !== ",") {
        reader.fail(`expected a comma or an inline table terminator '}', but got ${characterOrEnd(char)} instead`);
      }
      reader.skipBlanks();
      // Right behind a comma, on its line, the table may end.
      if (reader.peek() !== "}") return false;
    }
  }

  /** Makes a table, or the next one of an array of tables, the one in scope. */
  private enterTable(key: Key, isArray: boolean): void {
    let table = this.root;
    for (const [index, part] of key.slice(0, -1).entries()) {
      const parentName = () => formatTomlKey(key.slice(0, index + 1));
      if (!table.has(part)) {
        this.implicit.add(parentName());
        table.set(part, new Map());
      }
      table = innerTable(table.get(part)!) ?? this.failAtKey(`Key '${parentName()}' was already created as a hash.`);
    }
    this.context = key.slice(0, -1);
    const last = key.at(-1)!;
    if (isArray) {
      const existing = table.get(last) ?? new TableArray();
      if (!(existing instanceof TableArray)) {
        this.failAtKey(`Key '${formatTomlKey(key)}' was already created and cannot be used as an array.`);
      }
      existing.tables.push(new Map());
      table.set(last, existing);
    } else {
      this.setValue(last, new Map());
    }
    this.context = key;
  }

  /** Sets a key of the table in scope; defining one again is an error unless it was implicit. */
  private setValue(key: string, value: TomlNode): void {
    let table = this.root;
    for (const [index, part] of this.context.entries()) {
      table =
        innerTable(table.get(part)!) ??
        this.failAtKey(`Key '${formatTomlKey(this.context.slice(0, index + 1))}' has already been defined.`);
    }
    const fullKey = formatTomlKey([...this.context, key]);
    if (table.has(key)) {
      if (!this.implicit.has(fullKey)) this.failAtKey(`Key '${fullKey}' has already been defined.`);
      this.implicit.delete(fullKey);
      // An implicit table stays when it is defined at last; only an array takes its place.
      if (!this.arrays.has(fullKey)) return;
    }
    table.set(key, value);
  }

  private noteType(key: Key, isArray: boolean): void {
    const name = key.length === 0 ? '""' : formatTomlKey(key);
    if (isArray) this.arrays.add(name);
    else this.arrays.delete(name);
  }
}

function innerTable(node: TomlNode): Table | undefined {
  if (node instanceof TableArray) return node.tables.at(-1);
  return node instanceof Map ? node : undefined;
}

function characterOrEnd(char: string): string {
  return char === end ? "end of file" : `'${char}'`;
}
