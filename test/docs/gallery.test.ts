/**
 * The gallery of `examples/`: each is a whole configuration that is valid without a word, passes its own tests, renders to
 * exactly the files beside it, and has a page whose commands run. `UPDATE_GOLDEN=1` writes the files anew.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { runCommand } from "../tools/run-command.ts";
import { readPage } from "./pages.ts";

const gallery = join(findProjectRoot(), "examples");
const names = readdirSync(gallery).filter((name) => existsSync(join(gallery, name, "sluice.yaml")));
/** Without an event there is nothing that `render` could be given. */
const rendered = names.filter((name) => name !== "cluster-baseline");

/** The commands that a page tells to type, behind the `cd` to its folder. */
function commandsOf(name: string): readonly (readonly string[])[] {
  const { text } = readPage(`examples/${name}/README.md`);
  const lines = [...text.matchAll(/^ {4}(.*)$/gm)].flatMap(([, line = ""]) => line.split(" && "));
  expect(lines[0], name).toBe(`cd examples/${name}`);
  return lines.slice(1).map((line) => line.split(" "));
}

function filesBelow(folder: string): ReadonlyMap<string, string> {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]));
}

it("has twelve and more, each with a page, in the index", () => {
  expect(rendered.length).toBeGreaterThanOrEqual(12);
  const index = readPage("examples/README.md").text;
  for (const name of names) expect(index).toContain(`](${name}/README.md)`);
});

describe.each(names)("%s", (name) => {
  const folder = join(gallery, name);

  it("is valid without a word, and its page's commands run", async () => {
    const commands = commandsOf(name);
    expect(commands.map(([, command]) => command)).toContain("validate");
    for (const [program, ...args] of commands) {
      expect(program).toBe("sluice");
      const { code, out, err } = await runCommand(folder, args);
      expect([code, err], `${name}: sluice ${args.join(" ")}`).toEqual([0, ""]);
      expect(out).not.toBe("");
    }
  });

  it.runIf(rendered.includes(name))("renders to the files beside it, twice the same", async () => {
    const event = commandsOf(name)
      .find(([, command]) => command === "render")!
      .at(-1)!;
    const scratch = mkdtempSync(join(tmpdir(), "sluice-gallery-"));
    try {
      for (const run of ["one", "two"]) {
        const output = join(scratch, run);
        expect(await runCommand(folder, ["render", "--event", event, "--output", output])).toMatchObject({ code: 0 });
      }
      if (process.env.UPDATE_GOLDEN !== undefined) {
        rmSync(join(folder, "expected"), { recursive: true, force: true });
        cpSync(join(scratch, "one"), join(folder, "expected"), { recursive: true });
      }
      const made = filesBelow(join(scratch, "one"));
      expect(made.size).toBeGreaterThan(0);
      expect(filesBelow(join(scratch, "two"))).toEqual(made);
      expect([...filesBelow(join(folder, "expected")).keys()]).toEqual([...made.keys()]);
      expect(filesBelow(join(folder, "expected"))).toEqual(made);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
