/** What senders put into events by mistake or on purpose: texts, numbers, times and JSON that some reader trips over. */

/** Draws from a seed, so that a run can be repeated. */
export interface Draw {
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly below: (bound: number) => number;
  readonly pick: <T>(all: readonly T[]) => T;
}

export function drawFrom(random: () => number): Draw {
  const below = (bound: number) => Math.floor(random() * bound);
  return { random, below, pick: (all) => all[below(all.length)]! };
}

const pieces: readonly string[] = [
  ...["{", "}", "[", "]", '"', "'", ":", ": ", ",", "#", "- ", "? ", "|", ">", "%", "@", "`", "\\", "/", "\t", " "],
  ...["null", "true", "yes", "~", "0x1f", "0o17", "1_000", ".inf", "-0", "1e3", "2026-01-01", "12:30:45", "="],
  ...[
    "\u0000",
    "\ufeff",
    "\u2028",
    "\u0085",
    "\u007f",
    "\ufffe",
    "\u202e",
    "\ud800",
    "\udc00",
    "😀",
    "é",
    "e\u0301",
    "ß",
  ],
  ...[
    "<script>",
    "{{ .CloudEvent }}",
    "{{",
    "}}",
    "{{{",
    "../../etc/passwd",
    "..",
    ".",
    ".git",
    "CON",
    "a\n---\nkind: Secret",
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what Flux would substitute
  ...["${PATH}", "$(PATH)", "&a *a", "!!js/function", "!!binary", "<<: *a", "%00", "%zz", "%f0%9f", "\r\n", "\n", "\r"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "specversion", "source", "1.0", "0.3"],
  ...["kustomize.toolkit.fluxcd.io/ssa", "+argocd:skip-file-rendering", "helm.sh/hook", "kube-system"],
  ..."a z A - _ 0 user host.example".split(" "),
  ...["x".repeat(300), "-".repeat(5000), "\u00e9".repeat(700)],
];

/** Some pieces, one after the other; mostly few. */
export function hostileText({ pick, below }: Draw): string {
  let text = "";
  for (let left = below(4); left > 0; left--) text += pick(pieces);
  return text;
}

/** Number literals: JSON's own, and what is none. */
const numbers: readonly string[] = [
  ...["0", "-0", "-0.0", "1.0", "9007199254740993", "-9223372036854775809", "18446744073709551616", "1e3", "1E+2"],
  ...["1e308", "1e999", "-1e999", "5e-324", "1e-400", "0.1", "1.7976931348623159e308", `1${"0".repeat(400)}`],
  ...[`0.${"3".repeat(400)}`, "01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1_0"],
];

/** Times that are none, or are unusual. */
const times: readonly string[] = [
  ...["2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01T00:00:00.123456789123Z", "2026-01-01T00:00:00+14:00"],
  ...["2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00+23:59", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00"],
  ...[
    "2016-12-31T23:59:60Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2024-02-29T12:00:00Z",
  ],
  ...["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2026-01-01"],
  ...["2026-01-01 00:00:00Z", "20260101T000000Z", "1767225600", "now", "2026-03-29T02:30:00+01:00"],
];

export function hostileTime({ pick }: Draw): string {
  return pick(times);
}

/** Base64 of both alphabets, with and without padding, of text, JSON and bytes; and what is none. */
const base64Texts: readonly string[] = [
  ...[
    "",
    "aGVsbG8=",
    "aGVsbG8",
    "aGVsbG8==",
    "_-8=",
    "/+8=",
    "a",
    "a===",
    "!",
    "aGVs bG8=",
    "aGVs\nbG8=",
    "eyJhIjoxfQ==",
  ],
  ...["W10=", "AAAA", "//79", "\u0000"],
];

export function hostileBase64({ pick }: Draw): string {
  return pick(base64Texts);
}

/** JSON text by itself: mostly small; duplicate keys, names of prototypes, numbers beyond any type. */
export function hostileJson(draw: Draw, depth = 0): string {
  const { random, pick, below } = draw;
  const kind = random();
  if (depth > 3 || kind < 0.35) return JSON.stringify(hostileText(draw));
  if (kind < 0.5) return pick(["null", "true", "false", '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', "{}", "[]"]);
  // What is no number makes no JSON of all that it stands in: seldom.
  if (kind < 0.65) return numbers[below(random() < 0.9 ? 9 : numbers.length)]!;
  const items = Array.from({ length: below(4) }, () => hostileJson(draw, depth + 1));
  if (kind < 0.8) return `[${items.join()}]`;
  const names = ["a", "a", "__proto__", "constructor", "length", "0", ""];
  const name = () => JSON.stringify(random() < 0.6 ? pick(names) : hostileText(draw));
  return `{${items.map((item) => `${name()}:${item}`).join()}}`;
}

const mebibyte = 1_048_576;

/** JSON text that is large in one way: deep, wide, long, or deep with very much at its bottom. */
export function largeJson(draw: Draw): string {
  const { pick, below } = draw;
  const nested = (depth: number, inner: string, isMapping: boolean) =>
    (isMapping ? '{"a":' : "[").repeat(depth) + inner + (isMapping ? "}" : "]").repeat(depth);
  // About the bounds of what is read: 1,000 levels of JSON, 200 of YAML.
  const depth = pick([10, 90, 195, 200, 205, 990, 995, 996, 997, 998, 999, 1000, 1001, 5000, 100_000]);
  const size = pick([1000, 10_000, 100_000, mebibyte - 200 - 2 * depth, mebibyte, 2 * mebibyte]);
  switch (below(6)) {
    case 0:
      return nested(depth, pick(["1", '"\\ud800"', '{"a":1,"a":2}', ""]), depth < mebibyte / 10 && below(2) === 0);
    case 1:
      return nested(Math.min(depth, 1000), `[${"0,".repeat(Math.max(0, size / 2))}0]`, false);
    case 2:
      return JSON.stringify(pick(["x", "é", "\n", '"', "-", "\u2028", "a\n"]).repeat(Math.max(0, size)));
    case 3:
      return `{${Array.from({ length: below(20_000) }, (_, n) => `"k${n % 5000}":${n}`).join()}}`;
    case 4:
      return "9".repeat(Math.max(1, Math.min(size, 200_000)));
    default:
      return `[${'{"__proto__":{"a":[]}},'.repeat(below(10_000))}null]`;
  }
}
