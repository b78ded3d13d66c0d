/** Go templates in JavaScript: `node render.mjs` beside an installed sluice. */
import { compileTemplate, define, ExecutionError, GoFunctionError, TemplateSyntaxError, templateFunctions } from "sluice/go-template";

// Data is JSON with objects as Maps; an integer is a bigint, a float a number.
const data = new Map([
  ["name", "eu-1"],
  ["replicas", 3n],
  ["labels", new Map([["tier", "gold"], ["env", "production"]])],
]);

const template = compileTemplate(`name: {{ .name | upper | quote }}
replicas: {{ add .replicas 1 }}
labels: {{- toYaml .labels | nindent 2 }}
`);
const { text, printed } = template.execute(data, { clock: Date.UTC(2026, 0, 2) });
console.log(text);
console.log(printed.map(({ start, end }) => JSON.stringify(text.slice(start, end))).join(" "));
console.log(template.reads.chains.map((chain) => chain.join(".")).join(" "));

// Functions of your own say which Go types they take; the engine does Go's checks.
const functions = {
  ...templateFunctions,
  half: define(["int64"], (_context, number) => {
    if (number % 2n !== 0n) throw new GoFunctionError("this is odd");
    return number / 2n;
  }),
};
try {
  compileTemplate("{{ half .replicas }}", { functions }).execute(data, { clock: 0 });
} catch (error) {
  if (!(error instanceof ExecutionError)) throw error;
  console.log(`at ${error.at}: ${error.message}`);
}
try {
  compileTemplate("{{ if .name }}");
} catch (error) {
  if (!(error instanceof TemplateSyntaxError)) throw error;
  console.log(`at ${error.at}: ${error.message}`);
}
