/** `sluice/go-template` as a stranger uses it: packed, installed with its two libraries and nothing else, with types. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";

const root = findProjectRoot();
const home = mkdtempSync(join(tmpdir(), "sluice-stranger-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", home], {
    cwd: root,
    encoding: "utf8",
  });
  const modules = join(home, "node_modules");
  mkdirSync(join(modules, "sluice"), { recursive: true });
  execFileSync("tar", ["xzf", join(home, packed.trim()), "-C", join(modules, "sluice"), "--strip-components", "1"]);
  for (const name of ["re2js", "moment-timezone", "moment"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
});

it("runs the example of the README", () => {
  copyFileSync(join(root, "examples", "go-template", "render.mjs"), join(home, "render.mjs"));

  const printed = execFileSync(process.execPath, ["render.mjs"], { cwd: home, encoding: "utf8" });

  expect(printed).toBe(`name: "EU-1"
replicas: 4
labels:
  env: production
  tier: gold

"\\"EU-1\\"" "4" "\\n  env: production\\n  tier: gold"
name replicas labels
at 3: <half .replicas>: error calling half: this is odd
at 14: unexpected EOF
`);
});

/** What the type checker says of a program. */
function check(program: string): string {
  writeFileSync(join(home, "program.mts"), program);
  const types = ["--types", "", "--skipLibCheck", "false"];
  const target = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", ...types];
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...target, "program.mts"], {
    cwd: home,
    encoding: "utf8",
  });
  return status === 0 ? "" : stdout;
}

it("has types, which tell a right use from a wrong one", () => {
  const start = 'import { compileTemplate, type Json, type RenderedText } from "sluice/go-template";\n';
  const right = `${start}const data = new Map<string, Json>([["a", 1n]]);
    const { text, printed }: RenderedText = compileTemplate("{{ .a }}", { missingKey: "zero" }).execute(data, { clock: 0 });
    export const first: number = text.length + (printed[0]?.start ?? 0);\n`;

  expect(check(right)).toBe("");
  expect(check(`${start}export const text: string = compileTemplate(1);\n`)).toMatch(/program\.mts\(2,\d+\): error TS/);
});

it("is all that can be imported besides files that are no code", () => {
  const imports = (name: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", `await import(${JSON.stringify(name)})`], {
      cwd: home,
      encoding: "utf8",
    });

  expect(imports("sluice/go-template").status).toBe(0);
  expect(imports("sluice/dist/src/model/json.js").stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});
