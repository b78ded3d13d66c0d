/** What must not bring a machine down: it ends as TEMPLATE_BOUND, before the memory or the time is spent. */
import { expect, it } from "vitest";
import { runTemplate } from "./run-template.ts";

const data = JSON.stringify({
  long: "x".repeat(1_000_000),
  row: "a".repeat(200_000),
  lines: "\n".repeat(1_000_000),
  objects: Array.from({ length: 50_000 }, (_, index) => ({ index })),
});

const templates = [
  '{{ repeat 1000000000 "x" }}',
  "{{ until 1000000000 }}",
  "{{ until -1000000000 }}",
  "{{ untilStep 0 1000000000 1 }}",
  "{{ seq 1000000000 }}",
  '{{ indent 1000000000 "a" }}',
  "{{ nindent 1000 .lines }}",
  '{{ replace "x" .long .long }}',
  '{{ replace "" .long .long }}',
  '{{ splitList "" .long }}',
  '{{ split "" .long }}',
  "{{ wrapWith 1 .long .long }}",
  "{{ join .long (until 1000) }}",
  '{{ regexReplaceAll "x" .long .long }}',
  '{{ regexFindAll "." .long -1 }}',
  '{{ regexReplaceAll "a.*b|a" .row "c" }}',
  "{{ uniq .objects }}",
  "{{ range until 90000 }}{{ has 5 $.objects }}{{ end }}",
  "{{ randAlpha 100000000 }}",
  "{{ randBytes 1000000000 }}",
  '{{ range until 100 }}{{ derivePassword 1 "nope" "p" "u" "s" }}{{ bcrypt "p" }}{{ end }}',
  '{{ $m := dict }}{{ $_ := set $m "a" $m }}{{ deepCopy $m }}',
  '{{ $m := dict }}{{ $n := dict }}{{ $_ := set $m "a" $m }}{{ $_ := set $n "a" $n }}{{ deepEqual $m $n }}',
  '{{ $m := dict }}{{ $n := dict }}{{ range until 40 }}{{ $m = dict "a" $m "b" $m }}{{ $n = dict "a" $n "b" $n }}{{ end }}{{ deepEqual $m $n }}',
  '{{ $m := dict }}{{ range until 40 }}{{ $m = dict "a" $m "b" $m }}{{ end }}{{ deepCopy $m }}',
];

it.each(templates)("%s", (template) => {
  expect(runTemplate(template, data)).toEqual({ code: "TEMPLATE_BOUND" });
});

it("leaves room for what manifests need", () => {
  const template =
    '{{ regexReplaceAll "[^a-z]+" .long "-" | trunc 3 }} {{ .lines | nindent 2 | len }} {{ until 1000 | len }}';
  expect(runTemplate(template, data)).toEqual({ prints: "xxx 3000003 1000" });
});
