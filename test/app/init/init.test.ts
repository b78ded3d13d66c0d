/** `sluice init`: what it writes passes `validate` and `test`, and it never writes over anything. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { parse } from "yaml";
import { findProjectRoot } from "../../tools/find-project-root.ts";
import { runCommand } from "../../tools/run-command.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-init-"));
  folders.push(folder);
  return folder;
}

const sluice = (workingDirectory: string, ...args: string[]) => runCommand(workingDirectory, args);

const url = "https://github.com/acme/fleet.git";
const read = (folder: string, path: string) => readFileSync(join(folder, path), "utf8");
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith(".git/"))
    .sort();

it.each([
  ["none", 0],
  ["flux", 0],
  // Argo CD has to know the cluster, and nothing in the repository can see to that.
  ["argocd", 1],
  ["applier", 0],
])("%s: what is written is valid, and its tests pass", async (delivery, warnings) => {
  const folder = newFolder();
  process.env.GIT_TOKEN ??= "a token";
  const { code, out, err } = await sluice(folder, "init", ".", "--url", url, "--delivery", delivery);
  expect([code, out.trim().split("\n").sort()]).toEqual([0, filesOf(folder)]);
  expect(err).toContain("export GIT_TOKEN=…");

  const validated = await sluice(folder, "validate");
  expect(validated.out).toContain(`1 cluster: 0 errors, ${warnings} warning`);
  expect(await sluice(folder, "test")).toMatchObject({ code: 0, out: expect.stringContaining("2 passed, 0 failed") });
  const rendered = await sluice(folder, "render", "--event", "samples/login.json");
  expect(rendered.out).toContain("rendered/fleet/eu-1/triggers/manage-namespace/_cluster/namespace/mgianluc.yaml");

  for (const path of filesOf(folder).filter((file) => file.endsWith(".yaml") && !file.startsWith("config/"))) {
    for (const document of read(folder, path).split(/^---$/m)) expect(parse(document), path).toBeTypeOf("object");
  }
  const workflow = parse(read(folder, ".github/workflows/sluice-diff.yaml")) as {
    jobs: { diff: { steps: { uses: string; with: object }[] } };
  };
  expect(workflow.jobs.diff.steps[1]).toMatchObject({ uses: "acme/sluice@v1", with: { events: "samples" } });
  expect(filesOf(folder).includes("hub/sluice.yaml")).toBe(delivery === "flux" || delivery === "argocd");
  // No file is half filled in, and pages have no line over 120.
  for (const path of filesOf(folder)) expect(read(folder, path), path).not.toMatch(/<no value>|\{\{`|%!|.{121}/);
});

it("the workflows are those that the examples show", async () => {
  const folder = newFolder();
  await sluice(folder, "init", ".", "--url", url);
  for (const name of ["diff", "comment"]) {
    const shown = read(findProjectRoot(), `examples/github-action/${name}.yaml`);
    expect(read(folder, `.github/workflows/sluice-${name}.yaml`)).toBe(shown);
  }
});

it("parts what people edit from what is written: for Git, and for who is asked", async () => {
  const folder = newFolder();
  execFileSync("git", ["init", "--quiet", folder]);
  await sluice(folder, "init", ".", "--url", url, "--delivery", "flux", "--owners", "@ops @ada");
  const attribute = (path: string) =>
    execFileSync("git", ["-C", folder, "check-attr", "linguist-generated", "--", path], { encoding: "utf8" });
  expect(attribute("rendered/fleet/eu-1/base/sluice-cluster.yaml")).toContain(": true");
  expect(attribute("delivery/hub/fleet/eu-1.yaml")).toContain(": true");
  expect(attribute("config/clusters.yaml")).toContain(": unspecified");
  const owners = new Map(
    read(folder, "CODEOWNERS")
      .split("\n")
      .filter((line) => line.startsWith("/"))
      .map((line): [string, string] => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)]),
  );
  expect(owners.get("/config/")).toBe("@ops @ada");
  expect([owners.get("/rendered/"), owners.get("/delivery/")]).toEqual(["/rendered/", "/delivery/"]);
  // What belongs to where it runs is not committed.
  const ignored = execFileSync("git", ["-C", folder, "check-ignore", "state/lock", "eu-1.kubeconfig"], {
    encoding: "utf8",
  });
  expect(ignored.trim().split("\n")).toEqual(["state/lock", "eu-1.kubeconfig"]);
});

it("takes URL and branch from the checkout, without a token that stands there", async () => {
  const folder = newFolder();
  execFileSync("git", ["init", "--quiet", "--initial-branch=trunk", folder]);
  execFileSync("git", ["-C", folder, "remote", "add", "origin", "https://x:secret@github.com/acme/fleet.git"]);
  expect((await sluice(folder, "init", ".")).code).toBe(0);
  expect(read(folder, "sluice.yaml")).toContain(`url: ${url}\n  branch: trunk\n`);
  mkdirSync(join(folder, "below"));
  const below = await sluice(folder, "init", "below");
  expect([below.code, below.err]).toEqual([2, expect.stringContaining("is within the checkout")]);
  expect(filesOf(folder).some((path) => path.startsWith("below/"))).toBe(false);
});

it("leaves what is there, says which, and puts no example beside somebody's documents", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "README.md"), "mine\n");
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config", "own.yaml"), "# mine\n");
  const first = await sluice(folder, "init", ".", "--url", url);
  expect([first.code, first.err]).toEqual([1, expect.stringContaining("left as it is: README.md\n")]);
  expect(first.err).toContain("left as it is: config/user-namespaces.yaml: config has documents");
  expect([read(folder, "README.md"), readdirSync(join(folder, "config"))]).toEqual(["mine\n", ["own.yaml"]]);

  const before = new Map(filesOf(folder).map((path) => [path, read(folder, path)]));
  const second = await sluice(folder, "init", ".", "--url", "https://example.com/other/repository", "--name", "other");
  expect([second.code, second.out]).toEqual([1, ""]);
  expect(new Map(filesOf(folder).map((path) => [path, read(folder, path)]))).toEqual(before);
});

it("takes a connection, also the Secret that holds it, and writes down no password", async () => {
  const folder = newFolder();
  const json = JSON.stringify({
    jetstream: {
      configuration: {
        url: "nats://nats:4222",
        streams: [{ name: "T", subjects: ["tenants.>", "users"] }],
        authorization: { user: { user: "ada", password: "my-password" } },
      },
    },
  });
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: sveltos-nats}\ndata: {sveltos-nats: ${btoa(json)}}\n`;
  writeFileSync(join(folder, "secret.yaml"), secret);
  const { code, err } = await sluice(folder, "init", "fleet", "--url", "/srv/fleet.git", "--connection", "secret.yaml");
  expect([code, err]).toEqual([0, expect.stringContaining("export NATS_PASSWORD=…")]);
  const fleet = join(folder, "fleet");
  for (const path of filesOf(fleet)) expect(read(fleet, path)).not.toContain("my-password");
  process.env.NATS_PASSWORD ??= "a password";
  expect((await sluice(fleet, "validate")).out).toContain("0 errors, 0 warnings");
  expect((await sluice(fleet, "test")).code).toBe(0);
  expect(read(fleet, "config/user-namespaces.yaml")).toContain("subject: tenants.users\n");
});

it.each([
  ["no URL", ["init", "new"], "--url"],
  ["a name that is none", ["init", "new", "--url", url, "--name", "No Name"], "would not load"],
  ["a cluster that is none", ["init", "new", "--url", url, "--cluster", "eu-1"], "<namespace>/<name>"],
  ["a server that is none", ["init", "new", "--url", url, "--nats", "http://a"], "no connection"],
  ["a delivery that is none", ["init", "new", "--url", url, "--delivery", "ftp"], "Allowed choices"],
  ["no folder", ["init"], "missing required argument"],
])("%s is a word that is off, and nothing is written", async (_, args, said) => {
  const folder = newFolder();
  const { code, out, err } = await sluice(folder, ...args);
  expect([code, out, err]).toEqual([2, "", expect.stringContaining(said)]);
  expect(readdirSync(folder)).toEqual([]);
});

it("a file where a folder should be is told, and stays", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "config"), "mine");
  const { code, err } = await sluice(folder, "init", ".", "--url", url);
  expect([code, err]).toEqual([3, expect.stringContaining("config/.sluiceignore can't be written")]);
  expect(read(folder, "config")).toBe("mine");
});

it.skipIf(process.platform !== "linux")("a folder that can't be made is told", async () => {
  const { code, err } = await sluice("/", "init", "/proc/sluice", "--url", "/srv/fleet.git");
  expect([code, err]).toEqual([3, expect.stringContaining("DISK_UNAVAILABLE")]);
});

it("a connection that is not there is not there", async () => {
  const { code } = await sluice(newFolder(), "init", "new", "--url", url, "--connection", "nothing.json");
  expect(code).toBe(3);
});
