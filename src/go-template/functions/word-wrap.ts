/** goutils' wrapping: lines are cut at blanks, and columns are bytes. */
import { ofByteText, toByteText } from "./byte-text.ts";
import type { FunctionContext } from "./registry.ts";

/** Words longer than a line stay whole, or are cut where `cutsWords`. */
export function wrapText(
  context: FunctionContext,
  text: string,
  { width, newline, cutsWords }: { width: number; newline: string; cutsWords: boolean },
): string {
  const bytes = toByteText(text);
  const separator = toByteText(newline === "" ? "\n" : newline);
  const columns = Math.max(width, 1);
  context.chargeBytes(Math.ceil(bytes.length / columns) * separator.length);
  let wrapped = "";
  let at = 0;
  while (bytes.length - at > columns) {
    if (bytes[at] === " ") {
      at++;
      continue;
    }
    const lastBlank = bytes.lastIndexOf(" ", at + columns);
    if (lastBlank >= at) {
      wrapped += bytes.slice(at, lastBlank) + separator;
      at = lastBlank + 1;
    } else if (cutsWords) {
      wrapped += bytes.slice(at, at + columns) + separator;
      at += columns;
    } else {
      const nextBlank = bytes.indexOf(" ", at + columns);
      if (nextBlank < 0) break;
      wrapped += bytes.slice(at, nextBlank) + separator;
      at = nextBlank + 1;
    }
  }
  return ofByteText(wrapped + bytes.slice(at));
}
