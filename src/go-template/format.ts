/**
 * Package fmt: how print and println write values, and `%v` of every kind (fmt/ has the rest, and printf).
 *
 * The common cases, a string or a small number printed by an action, take no printer.
 */
import { Printer } from "./fmt/printer.ts";
import { formatShortest } from "./numbers.ts";
import { GoInteger, type GoValue, typeOf } from "./value.ts";

export { TextBoundError } from "./fmt/layout.ts";
export { sprintf } from "./fmt/printf.ts";

/** `%v` of one value, as fmt.Sprint prints it: nil is `<nil>`. */
export function formatValue(value: GoValue): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return formatShortest(value);
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value instanceof GoInteger && value.type.text === undefined) return String(value.value);
  const printer = new Printer();
  printer.printArgument(value, "v");
  return printer.text;
}

/** fmt.Sprint: blanks between operands when neither is a string. */
export function sprint(values: readonly GoValue[]): string {
  let text = "";
  let wasString = true;
  for (const [index, value] of values.entries()) {
    const isString = typeOf(value)?.kind === "string";
    if (index > 0 && !isString && !wasString) text += " ";
    text += formatValue(value);
    wasString = isString;
  }
  return text;
}

/** fmt.Sprintln: blanks between all operands, and a newline. */
export function sprintln(values: readonly GoValue[]): string {
  return `${values.map(formatValue).join(" ")}\n`;
}
