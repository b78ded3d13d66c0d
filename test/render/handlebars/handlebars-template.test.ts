/** What Handlebars templates print, what they refuse and where, and what holds them. */
import { describe, expect, it } from "vitest";
import { failureOf, renderHandlebars } from "./render-handlebars.ts";

const data = JSON.stringify({
  CloudEvent: { subject: "alice", type: "login", data: { n: 3, tags: ["a", "b"] } },
  m: { z: 1, a: "two", "k e y": true, "0": "zero" },
  rows: [
    { id: 1, cells: ["x", "y"] },
    { id: 2, cells: [] },
  ],
  empty: [],
  none: null,
  zero: 0,
  yes: true,
  no: false,
  word: "w",
  blank: "",
  html: '<a href="x">&\'</a>',
});

describe("prints", () => {
  const cases: [template: string, text: string][] = [
    ["a {{CloudEvent.subject}} b", "a alice b"],
    ["{{CloudEvent/data/n}} {{this.word}} {{./word}} {{m.[k e y]}} {{m.[0]}}", "3 w w true zero"],
    ["{{html}}{{{html}}}{{&html}}", '<a href="x">&\'</a>'.repeat(3)],
    ["{{none}}|{{blank}}|{{no}}|{{zero}}", "||false|0"],
    ["{{rows.[1].id}} {{rows.length}}", "2 2"],
    ["\\{{word}} {{word}}", "{{word}} w"],
    ["{{! comment }}{{!-- {{word}} --}}x", "x"],
    ["{{#if word}}1{{/if}}{{#if blank}}2{{else}}3{{/if}}{{#unless no}}4{{/unless}}", "134"],
    ["{{#if no}}1{{else if zero}}2{{else unless zero}}3{{else}}4{{/if}}", "3"],
    ["{{#if zero}}1{{else}}2{{/if}}{{#if zero includeZero=true}}1{{/if}}{{#if missing}}1{{else}}2{{/if}}", "212"],
    ["{{#if empty}}1{{else}}2{{/if}}{{#if m}}1{{/if}}", "21"],
    ["{{^if word}}1{{else}}2{{/if}}", "2"],
    [
      "{{#each CloudEvent.data.tags}}{{@index}}{{@key}}{{this}}{{@first}}{{@last}};{{/each}}",
      "00atruefalse;11bfalsetrue;",
    ],
    ["{{#each m}}{{@key}}={{.}},{{/each}}", "0=zero,a=two,k e y=true,z=1,"],
    ["{{#each empty}}x{{else}}none{{/each}}{{#each none}}x{{/each}}{{#each missing}}x{{else}}!{{/each}}", "none!"],
    ["{{#each rows}}{{#each cells}}{{../id}}{{this}}{{@../index}}{{../../word}};{{/each}}{{/each}}", "1x0w;1y0w;"],
    ["{{#each rows as |row i|}}{{#each row.cells as |cell|}}{{i}}{{row.id}}{{cell}};{{/each}}{{/each}}", "01x;01y;"],
    ["{{#with CloudEvent.data}}{{n}}{{../word}}{{@root.word}}{{/with}}", "3ww"],
    ["{{#with none}}1{{else}}2{{/with}}{{#with zero as |z|}}{{z}}{{/with}}{{#with missing}}{{else}}3{{/with}}", "203"],
    [
      "{{#yes}}{{word}}{{/yes}}{{#no}}1{{else}}2{{/no}}{{^no}}3{{/no}}{{#rows}}{{id}}{{@last}}{{/rows}}",
      "w231false2true",
    ],
    ["{{#m}}{{a}}{{/m}}{{^empty}}-{{/empty}}{{#rows as |r|}}{{#@root.yes}}{{r.id}}{{/@root.yes}}{{/rows}}", "two-12"],
    ["{{lookup m 'a'}}{{lookup rows.[0].cells 1}}{{#each (lookup m 'q')}}{{else}}!{{/each}}", "twoy!"],
    [
      "{{#if (eq CloudEvent.type 'login')}}Create{{else}}Delete{{/if}}{{eq zero 0}}{{eq none null}}{{eq word 1}}",
      "Createtruetruefalse",
    ],
    ["{{default 'd' missing}}{{default 'd' blank}}{{default 'd' word}}{{default 1 (lookup m 'q')}}", "ddw1"],
    ["{{quote html}} {{quote zero}} {{quote none}} {{quote 'a\nb'}}", '"<a href=\\"x\\">&\'</a>" "0" "" "a\\nb"'],
    ["{{lower 'ÄB'}} {{trunc 2 'abc'}} {{trunc -2 'abc'}} {{trunc 2 'aé'}}|{{dnsName 'Ab c'}}", "äb ab bc a|ab-c-"],
    ["{{toJson m}}", '{"0":"zero","a":"two","k e y":true,"z":1}'],
    ["a:{{nindent 2 (toYaml CloudEvent.data.tags)}}", "a:\n  - a\n  - b"],
    ["{{indent 2 'x\ny'}}", "  x\n  y"],
    ["a\n{{#if yes}}\nb\n{{/if}}\nc\n  {{~word~}}  \nd", "a\nb\ncwd"],
    [
      "{{default 12345678901234567890123 missing}} {{default 1.50 missing}} {{default -2 missing}}",
      "12345678901234567890123 1.5 -2",
    ],
  ];
  for (const [template, text] of cases) {
    it(JSON.stringify(template), () => {
      const printed = renderHandlebars(template, data).text;

      expect(template.includes("dnsName") ? printed.replace(/(?<=-)[a-z2-7]{16}$/, "") : printed).toBe(text);
    });
  }
});

describe("numbers", () => {
  it("integers are exact, floats are written as JavaScript does", () => {
    const numbers = '{"n": [12345678901234567890, -7, 3.0, 1.5, 1e6, 1e21, 1e-7]}';

    expect(renderHandlebars("{{#each n}}{{this}} {{/each}}", numbers).text).toBe(
      "12345678901234567890 -7 3 1.5 1000000 1e+21 1e-7 ",
    );
  });

  it("3 and 3.0 are equal, and no two different ones are", () => {
    const numbers = '{"i": 3, "f": 3.0, "a": 9007199254740993, "b": 9007199254740992.0}';

    expect(renderHandlebars("{{eq i f}} {{eq a b}} {{eq i 3}} {{eq f 3.5}}", numbers).text).toBe(
      "true false true false",
    );
  });
});

describe("errors in the text", () => {
  const cases: [text: string, line: number, column: number][] = [
    ["{{ x", 3, 8],
    ["a\n{{#if x}}b", 4, 15],
    ["{{#if x}}{{/each}}", 3, 8],
    ["{{x}}}", 3, 8],
    ["{{else}}", 3, 5],
    ["{{list.0}}", 3, 12],
    ["a\r\n{{!-- b\nc --}}\nd {{ x y= }}", 6, 15],
    ["a {{!-- b", 3, 7],
    ["{{a/../b}}", 3, 7],
    ["{{> part}}", 3, 5],
    ["a\n  {{#> part}}{{/part}}", 4, 7],
    ["{{#*inline 'x'}}{{/inline}}", 3, 5],
    ["{{*decorate}}", 3, 5],
    ["{{{{raw}}}} {{x}} {{{{/raw}}}}", 3, 5],
    ["{{{{if x}}}} {{x}} {{{{/if}}}}", 3, 5],
    ["{{log x}}", 3, 7],
    ["{{constructor x}}", 3, 7],
    ["{{helperMissing x}}", 3, 7],
    ["{{ .CloudEvent.x }}", 3, 8],
    ["{{ this.lower x }}", 3, 8],
    ["{{#lower x}}{{/lower}}", 3, 8],
    ["{{#nope x}}{{/nope}}", 3, 8],
    ["{{lower}}", 3, 7],
    ["{{lower x y}}", 3, 7],
    ["{{lower x y=1}}", 3, 15],
    ["{{default x 'y'}}", 3, 17],
    ["{{if x 1}}", 3, 5],
    ["{{#if}}{{/if}}", 3, 8],
    ["{{#each x y}}{{/each}}", 3, 8],
    ["{{#each x y=1}}{{/each}}", 3, 15],
    ["{{#if x zero=1}}{{/if}}", 3, 13],
    ["{{#if x as |y|}}{{/if}}", 3, 8],
    ["{{#with x as |y z|}}{{/with}}", 3, 8],
    ["{{#each x as |lower|}}{{lower x}}{{/each}}", 3, 29],
    ["{{@level}}", 3, 7],
    ["{{quote (nope x)}}", 3, 14],
    ["{{#if (each x)}}{{/if}}", 3, 12],
    ["{{#each x}}{{else}}{{nope y}}{{/each}}", 3, 26],
  ];
  for (const [text, line, column] of cases) {
    it(JSON.stringify(text), () => {
      const { code, severity, at } = failureOf(text);

      expect({ code, severity, at }).toMatchObject({
        code: "TEMPLATE_SYNTAX",
        severity: "error",
        at: { file: "f.yaml", part: "p", line, column },
      });
    });
  }

  it("nesting is bounded", () => {
    const nested = (count: number) => "{{#if x}}".repeat(count) + "{{/if}}".repeat(count);
    const calls = (count: number) => `{{default${" (default".repeat(count)} 1 x${") x".repeat(count)}}}`;
    const chain = (count: number) => `{{#if x}}${"{{else if x}}".repeat(count)}{{else}}end{{/if}}`;

    expect(renderHandlebars(nested(200)).text).toBe("");
    expect(renderHandlebars(chain(199)).text).toBe("end");
    expect(renderHandlebars(`${"{{!-- {{#if x}} (((( --}}{{! {{#a }}\\{{#if x}}".repeat(600)}(`).text).toMatch(/\($/);
    expect(renderHandlebars("{{#if x}}{{^}}{{/if}}".repeat(600)).text).toBe("");
    for (const text of [nested(201), nested(20_000), calls(201), calls(20_000), chain(201), chain(5000)]) {
      expect(failureOf(text)).toMatchObject({ code: "TEMPLATE_SYNTAX" });
    }
  });
});

describe("errors of an execution", () => {
  const cases: [text: string, line: number, column: number][] = [
    ["{{nope}}", 3, 7],
    ["a\n  b: {{ m.nope }}", 4, 13],
    ["{{#if nope.x}}{{/if}}", 3, 11],
    ["{{word.length}}", 3, 7],
    ["{{none.x}}", 3, 7],
    ["{{rows.[2]}}", 3, 7],
    ["{{rows.[00]}}", 3, 7],
    ["{{lower nope}}", 3, 13],
    ["{{quote (lookup m 'nope')}}", 3, 13],
    ["{{lookup m 'nope'}}", 3, 5],
    ["{{lookup word 'length'}}", 3, 5],
    ["{{default nope word}}", 3, 15],
    ["{{lower zero}}", 3, 13],
    ["{{trunc 1.5 word}}", 3, 13],
    ["{{trunc word word}}", 3, 13],
    ["{{toYaml nope}}", 3, 14],
    ["{{indent -1 word}}", 3, 5],
    ["{{m}}", 3, 5],
    ["{{rows}}", 3, 5],
    ["{{quote m}}", 3, 5],
    ["{{eq m m}}", 3, 5],
    ["{{#each nope}}{{/each}}", 3, 13],
    ["{{#each word}}{{else}}{{/each}}", 3, 13],
    ["{{#with nope}}{{/with}}", 3, 13],
    ["{{#nope}}{{/nope}}", 3, 8],
    ["{{^nope}}{{/nope}}", 3, 8],
    ["{{../word}}", 3, 7],
    ["{{@index}}", 3, 7],
    ["{{#each rows}}{{@../index}}{{/each}}", 3, 21],
    ["{{undefined}}", 3, 7],
    ["{{quote undefined}}", 3, 13],
  ];
  for (const [text, line, column] of cases) {
    it(JSON.stringify(text), () => {
      const { code, at } = failureOf(text, data);

      expect({ code, at }).toMatchObject({ code: "TEMPLATE_FAILED", at: { file: "f.yaml", part: "p", line, column } });
    });
  }

  it("names what is missing, as it was written", () => {
    expect(failureOf("{{ m.[no pe] }}", data).message).toBe('<m.[no pe]>: there is no key "no pe"');
    expect(failureOf("{{ m.x.y }}", data).message).toBe('<m.x.y>: there is no key "x"');
  });
});

describe("bounds", () => {
  const many = JSON.stringify({ list: Array(400).fill(0), text: "x".repeat(600_000), none: null });
  const cases: string[] = [
    "{{#each list}}{{#each @root.list}}{{/each}}{{/each}}",
    "{{text}}{{text}}",
    "{{#each list}}{{@root.text}}{{/each}}",
    "{{#each list}}{{#if (quote @root.text)}}{{/if}}{{/each}}",
    "{{#each list}}{{indent 1000 'a\nb\nc\nd'}}{{/each}}",
    "{{indent 5000000 'x'}}",
    "{{indent 1000000 (toYaml list)}}",
    `${"x".repeat(1024 * 1024)}{{none}}y`,
  ];
  for (const text of cases) {
    it(text.slice(0, 60), () => {
      expect(failureOf(text, many)).toMatchObject({ code: "TEMPLATE_BOUND", at: { line: 3 } });
    });
  }
});

describe("printed ranges", () => {
  it("are what mustaches printed, with the place of the mustache", () => {
    const { text, printed } = renderHandlebars("a {{word}}{{#if yes}} b{{none}}{{/if}}{{{word}}} {{quote word}}", data);

    expect(text).toBe('a w bw "w"');
    expect(printed).toEqual([
      { start: 2, end: 3, at: 2 },
      { start: 5, end: 5, at: 23 },
      { start: 5, end: 6, at: 38 },
      { start: 7, end: 10, at: 49 },
    ]);
  });

  it("carry what was serialized, also when it was indented, and not when it was made text", () => {
    const serialized = (text: string) => renderHandlebars(text, '{"v": {"a": [1, "x"]}}').printed[0];
    const value = new Map([["a", [1n, "x"]]]);

    for (const text of [
      "{{toJson v}}",
      "{{toYaml v}}",
      "{{nindent 2 (toYaml v)}}",
      "{{indent 2 (indent 2 (toJson v))}}",
    ]) {
      expect(serialized(text), text).toMatchObject({ serialized: value });
    }
    for (const text of [
      "{{quote (toJson v)}}",
      "{{lower (toYaml v)}}",
      "{{trunc 3 (toJson v)}}",
      "{{default (toJson v) none}}",
    ]) {
      expect(serialized(text), text).not.toHaveProperty("serialized");
    }
  });
});

describe("hostile keys", () => {
  const names = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "__defineGetter__",
    "valueOf",
    "size",
    "get",
    "entries",
  ];

  it("are keys like any other", () => {
    const hostile = `{"m": {${names.map((name, index) => `"${name}": {"x": ${index}}`).join()}}}`;
    for (const [index, name] of names.entries()) {
      for (const text of [`{{m.${name}.x}}`, `{{m.[${name}].x}}`, `{{lookup (lookup m '${name}') 'x'}}`]) {
        expect(renderHandlebars(text, hostile).text, text).toBe(String(index));
      }
    }
    expect(renderHandlebars("{{#each m}}{{@key}} {{/each}}", hostile).text).toBe(`${[...names].sort().join(" ")} `);
  });

  it("are missing where the event does not have them", () => {
    for (const name of names) {
      for (const base of ["this", "m", "list", "word", "number", "yes", "@root"]) {
        const text = `{{${base}.${name}}}`;
        expect(failureOf(text, '{"m": {}, "list": [1], "word": "w", "number": 1, "yes": true}'), text).toMatchObject({
          code: "TEMPLATE_FAILED",
        });
      }
      expect(failureOf(`{{lookup m '${name}'}}`, '{"m": {}}').code).toBe("TEMPLATE_FAILED");
    }
  });

  it("values are not templates", () => {
    const value = "{{word}}{{{{raw}}}}{{> x}}";

    expect(renderHandlebars("{{v}} {{lookup this 'v'}}", JSON.stringify({ v: value })).text).toBe(`${value} ${value}`);
  });
});
