/**
 * What others get: the tarball of `npm pack`, unpacked elsewhere without the packages beside it, runs a demo; releases
 * have their files; workflows pin what they run.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { buildTool } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const run = promisify(execFile);
const root = findProjectRoot();
const folder = mkdtempSync(join(tmpdir(), "sluice-packed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("the packed tarball runs a demo elsewhere; the Action's archive and the SBOM are whole", async () => {
  // prepack would build anew, which is what this test's suite has done.
  const env = { ...process.env, npm_config_ignore_scripts: "true" };
  await run(process.execPath, [join(root, ".ci", "release-files.mjs"), folder], { cwd: root, env });
  const files = readdirSync(folder);
  const tarball = files.find((name) => /^sluice-npm-.*\.tgz$/.test(name))!;
  const action = files.find((name) => /^sluice-action-.*\.tgz$/.test(name))!;
  const sbom = JSON.parse(readFileSync(join(folder, files.find((name) => name.endsWith(".cdx.json"))!), "utf8"));
  expect(sbom.components.map(({ name }: { name: string }) => name)).toContain("fastify");

  expect(sbom.components.map(({ name }: { name: string }) => name)).not.toContain("vitest");

  await run("tar", ["-xzf", tarball], { cwd: folder });
  const program = join(folder, "package", "dist", "program", "sluice.js");
  const natsServer = await buildTool("nats-server");
  const { stdout, stderr } = await run(process.execPath, [program, "demo"], {
    cwd: folder,
    env: { ...process.env, NATS_SERVER: natsServer },
  });
  expect(stdout + stderr).toMatch(/Namespace|namespace/);

  // What init writes is packed too, and valid elsewhere.
  const fleet = join(folder, "fleet");
  await run(process.execPath, [program, "init", fleet, "--url", "/srv/git/fleet.git", "--delivery", "flux"], {
    cwd: folder,
  });
  const validated = await run(process.execPath, [program, "validate"], { cwd: fleet });
  expect(validated.stdout).toContain("0 errors, 0 warnings");

  await run("tar", ["-xzf", action, "./dist/program/action.js", "./action.yml"], { cwd: folder });
  expect(parse(readFileSync(join(folder, "action.yml"), "utf8"))).toMatchObject({ runs: { using: "composite" } });
});

/** Files below a folder whose names end so, with what is in them. */
function readAll(path: string, end: string): string {
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(end));
  return files.map((name) => readFileSync(join(path, name), "utf8")).join("\n");
}

it("who installs the package gets what the library imports, and nothing that the bundle has in it", () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
  const imported = (text: string) =>
    [...text.matchAll(/^(?:import|export) .*?from "([^".][^"]*)";$/gm)].map(([, name = ""]) => name);
  const library = imported(readAll(join(root, "dist", "src", "go-template"), ".js"));
  expect(Object.keys(dependencies).sort()).toEqual(
    [...new Set(library.filter((name) => !name.startsWith("node:")))].sort(),
  );
  const bundle = join(root, "dist", "program");
  const isBuiltIn = (name: string) => name.startsWith("node:") || builtinModules.includes(name);
  expect(imported(readAll(bundle, ".js")).filter((name) => !isBuiltIn(name))).toEqual([]);
  const packages = JSON.parse(readFileSync(join(bundle, "packages.json"), "utf8")) as {
    name: string;
    version: string;
  }[];
  const licenses = readFileSync(join(bundle, "LICENSES.txt"), "utf8");
  expect(packages.length).toBeGreaterThan(50);
  expect(packages.filter(({ name, version }) => !licenses.includes(`\n${name} ${version}: `))).toEqual([]);
});

it("every page that the program names is in the package", () => {
  const named = new Set([...readAll(join(root, "src"), ".ts").matchAll(/\bdocs\/[a-z-]+\.md/g)].map(String));
  const there = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
  expect([...named].filter((page) => !there.includes(page))).toEqual([]);
  expect(named.size).toBeGreaterThan(3);
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  expect(files).toContain("docs/*.md");
});

const workflows = readdirSync(join(root, ".github", "workflows"));

it.each(workflows)("%s pins every action by its commit, and asks for few rights", (name) => {
  const text = readFileSync(join(root, ".github", "workflows", name), "utf8");
  const used = [...text.matchAll(/uses: (\S+)(.*)/g)];
  expect(used.length).toBeGreaterThan(1);
  for (const [, action = "", comment = ""] of used) {
    expect(action).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/);
    expect(comment, action).toMatch(/ # v\d+\.\d+\.\d+$/);
  }
  const { permissions, jobs } = parse(text) as {
    permissions: object;
    jobs: Record<string, { "timeout-minutes"?: number }>;
  };
  expect(permissions).toEqual({ contents: "read" });
  for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  // What comes from outside is no script.
  expect(text.match(/run: .*\$\{\{ *github\.(event|head_ref)/)).toBeNull();
});

it("one version everywhere", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const chart = parse(readFileSync(join(root, "deploy", "helm", "sluice", "Chart.yaml"), "utf8")) as Record<
    string,
    string
  >;
  expect(chart).toMatchObject({ version, appVersion: version });
  expect(readFileSync(join(root, "CHANGELOG.md"), "utf8")).toContain(`\n## ${version}\n`);
});

it("every package has a licence that may be brought along", async () => {
  expect((await run(process.execPath, [join(root, ".ci", "licenses.mjs")], { cwd: root })).stdout).toContain(
    "all with licences",
  );
});
