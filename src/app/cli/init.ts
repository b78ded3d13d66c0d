/** `sluice init`: the files that a repository begins with. What is there already is never overwritten. */
import { lstat, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { loadSettings } from "../../config/load-settings.ts";
import { parseConnection } from "../../config/parse-connection.ts";
import type { Connection } from "../../model/connection.ts";
import { decodeText } from "../../model/decode-text.ts";
import { SluiceError } from "../../model/problem.ts";
import type { SecretRef } from "../../model/settings.ts";
import { makeFolders } from "../compose/make-folders.ts";
import { findOrigin, renderRepoLayout } from "../compose/repo-layout.ts";
import { answer, deliveries, type InitAnswers, type InitDelivery } from "../init/answers.ts";
import { readGiven } from "../read-given.ts";
import { type CliContext, type ExitCode, reportProblems, usageError } from "./context.ts";

interface InitOptions {
  readonly url?: string;
  readonly branch?: string;
  readonly name: string;
  readonly connection?: string;
  readonly nats: string;
  readonly delivery: InitDelivery;
  readonly cluster: string;
  readonly owners?: string;
  readonly action: string;
}

export function addInitCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command("init")
    .description("write the files that a repository begins with; what is there already is left as it is")
    .argument("<dir>", "the checkout's root, or a new folder")
    .option("--url <url>", "the repository, as Sluice reaches it (default: the checkout's origin)")
    .option("--branch <branch>", "the branch that clusters are synced from (default: the checkout's, else main)")
    .option("--name <name>", "of this Sluice, among several", "sluice")
    .option(
      "--connection <file>",
      "how to reach NATS: Sveltos' JSON, or the Secret that holds it; - for standard input",
    )
    .option("--nats <url>", "instead: the server, to hear the subject user-operation of", "nats://127.0.0.1:4222")
    .addOption(
      new Option("--delivery <kind>", "what brings the repository to clusters; none: a Flux in each of them")
        .choices([...deliveries])
        .default("none"),
    )
    .option("--cluster <namespace/name>", "the first cluster of the inventory", "fleet/eu-1")
    .option("--owners <owners>", "who owns what people edit, as CODEOWNERS has it (default: the team platform)")
    .option("--action <owner/repository@ref>", "where the Action is that the workflows use", "acme/sluice@v1")
    .action(async (directory: string, options: InitOptions) => end(await init(context, directory, options)));
}

async function init(context: CliContext, directory: string, options: InitOptions): Promise<ExitCode> {
  const folder = resolve(context.workingDirectory, directory);
  const origin = await findOrigin(folder);
  if (origin !== undefined && origin.root !== folder) {
    throw usageError(
      `${directory} is within the checkout ${origin.root}`,
      "A repository is begun at its root: paths of the settings are paths of the repository.",
    );
  }
  const url = options.url === undefined ? origin?.url : absoluteUrl(context, options.url);
  if (url === undefined) {
    throw usageError(
      "the repository's URL is not known",
      "Say --url, or run this in a clone, whose origin it is then.",
    );
  }
  const { connection, refs } = await readGivenConnection(context, options, folder);
  const branch = options.branch ?? origin?.branch ?? "main";
  const answers = answer({
    name: options.name,
    url,
    branch,
    delivery: options.delivery,
    cluster: readCluster(options.cluster),
    owners: options.owners,
    action: options.action,
    connection,
    refs,
  });
  const files = new Map(renderRepoLayout(["all", options.delivery], answers.values));
  files.set("nats.json", answers.connectionText);
  checkSettings(context, join(folder, "sluice.yaml"), files.get("sluice.yaml") ?? "");

  const left = await writeMissing(folder, files);
  for (const path of files.keys()) if (!left.has(path)) context.out(`${join(directory, path)}\n`);
  for (const [path, reason] of left) context.err(`left as it is: ${join(directory, path)}${reason}\n`);
  context.err(`\n${nextSteps(directory, options, { url, branch, isCheckout: origin !== undefined }, answers)}`);
  return left.size > 0 ? 1 : 0;
}

/** A path is taken from where the command was given; what else there is, is for the settings to judge. */
function absoluteUrl({ workingDirectory }: CliContext, url: string): string {
  return /^(?:\.{1,2}$|\.{0,2}\/)/.test(url) ? resolve(workingDirectory, url) : url;
}

function readCluster(text: string): { namespace: string; name: string } {
  const match = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)$/.exec(text);
  if (match !== null) return { namespace: match[1]!, name: match[2]! };
  throw usageError("--cluster takes <namespace>/<name>, of lower-case letters, digits and dashes");
}

interface GivenConnection {
  readonly connection: Connection;
  readonly refs: ReadonlyMap<string, SecretRef>;
}

/** Throws CONNECTION_INVALID. What the file itself refers to is not read: it stays a reference. */
async function readGivenConnection(
  context: CliContext,
  { connection: file, nats }: InitOptions,
  folder: string,
): Promise<GivenConnection> {
  const shown = file === undefined ? "--nats" : file === "-" ? "standard input" : file;
  const text =
    file === undefined
      ? JSON.stringify({ nats: { configuration: { url: nats, subjects: ["user-operation"] } } })
      : await readText(context, file);
  const refs = new Map<string, SecretRef>();
  const keep = (ref: SecretRef): string => {
    // Of the form that certificates have, which are checked for that.
    const sign = `-----BEGIN REFERENCE ${refs.size}-----`;
    refs.set(sign, ref);
    return sign;
  };
  const path = file === undefined || file === "-" ? join(folder, "nats.json") : resolve(context.workingDirectory, file);
  const settings = { name: "bus", file: path, connectTo: new Map(), at: { file: shown, line: 1, column: 1 } };
  const { value, problems } = parseConnection(text, shown, settings, keep);
  reportProblems(context, problems);
  if (value !== undefined) return { connection: value, refs };
  throw usageError(`${shown} is no connection to NATS`, "It is Sveltos' JSON: docs/settings.md says what is in it.");
}

async function readText(context: CliContext, file: string): Promise<string> {
  const decoded = decodeText(await readGiven(context, file));
  if ("text" in decoded) return decoded.text;
  throw usageError(`${file} can't be read: ${decoded.fault}`);
}

/** Before anything is written: a name or URL that no settings may have is a word that is off. */
function checkSettings(context: CliContext, file: string, text: string): void {
  const { problems } = loadSettings(text, file);
  if (reportProblems(context, problems))
    throw usageError("sluice.yaml would not load with these words", "The lines above say which.");
}

const configPath = "config/";
const examplePath = /^(?:config|samples|tests)\//;

/** Writes the files that are not there; says of the others why not. */
async function writeMissing(folder: string, files: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
  const left = new Map<string, string>();
  // An example beside somebody's documents would be in force with them.
  const hasDocuments = (await readdir(join(folder, configPath)).catch(() => [])).length > 0;
  for (const [path, text] of files) {
    const file = join(folder, path);
    const info = await lstat(file).catch(() => undefined);
    if (info !== undefined) left.set(path, "");
    else if (hasDocuments && examplePath.test(path)) left.set(path, ": config has documents, so no example is added");
    else await writeNew(file, path, text);
  }
  return left;
}

/** Never over what has come meanwhile. */
async function writeNew(file: string, shown: string, text: string): Promise<void> {
  try {
    await makeFolders(dirname(file));
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const message = `${shown} can't be written: ${(error as Error).message}`;
    throw new SluiceError(
      { code: "DISK_UNAVAILABLE", message, hint: "Is there a file where a folder should be?" },
      error,
    );
  }
}

function nextSteps(
  directory: string,
  { delivery, cluster }: InitOptions,
  { url, branch, isCheckout }: { readonly url: string; readonly branch: string; readonly isCheckout: boolean },
  { variables, subject, isHubUrlUnknown }: InitAnswers,
): string {
  const begin = isCheckout ? "" : `git init --initial-branch=${branch} && git remote add origin ${url} && `;
  const steps = [
    ...(directory === "." ? [] : [`cd ${directory}`]),
    "sluice validate && sluice test",
    `${begin}git add --all && git commit --message="Begin with Sluice" && git push --set-upstream origin HEAD`,
    ...(variables.length === 0 ? [] : [`export ${variables.map((name) => `${name}=…`).join(" ")}`]),
    ...(delivery === "applier"
      ? [`cp KUBECONFIG ${cluster.split("/")[1]}.kubeconfig   # how to reach ${cluster}`]
      : []),
    ...(delivery === "flux" || delivery === "argocd" ? ["kubectl apply -f hub/sluice.yaml   # on the hub"] : []),
    "sluice run",
    `sluice publish ${subject} --event samples/login.json   # in another terminal: a login, to try it`,
    "sluice show addons",
  ];
  const files = delivery === "argocd" ? "hub/sluice.yaml and sluice.yaml have" : "hub/sluice.yaml has";
  const unknown = isHubUrlUnknown ? `\n${files} a URL to be replaced: a hub can't reach a path.\n` : "";
  return `Next:\n${steps.map((step) => `  ${step}\n`).join("")}${unknown}`;
}
