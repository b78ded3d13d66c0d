/**
 * A repository of very many entities, quickly: Sluice itself fills it with a few, and `git fast-import` copies what one of
 * them has for all others, under their own names, hashes and shards. That the copies are what Sluice would have written is
 * checked on those that it has written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Owner } from "../../src/model/owner.ts";
import { parseCheckpoint, writeCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { hashEntity, objectPath, recordPath } from "../../src/plan/paths.ts";
import { provenanceTexts } from "../../src/plan/provenance.ts";
import type { BenchSite } from "./bench-site.ts";
import { git, gitEnv, runTimed } from "./run-timed.ts";

/** Sluice writes so many by itself. */
const written = 20_000;
/** The one that is copied: its number stands nowhere else in its files. */
const model = 18_273;
/** What is compared with Sluice's own. */
const samples = [0, 777, 9_999, 19_999];
const owner: Owner = { kind: "EventTrigger", namespace: "", name: "manage-namespace" };
const layout = { shards: 2, buckets: 1 };

/** What an entity has in the repository. */
interface Files {
  readonly record: string;
  readonly desired: string;
  readonly rendered: string;
}

/** Fills the site's repository with entities of one cluster, its shards being 2, and has Git pack it as a server does. */
export async function prefill(site: BenchSite, entities: number): Promise<void> {
  const service = await site.startService();
  await site.publish(Array.from({ length: Math.min(written, entities) }, (_, user) => user));
  await site.untilPushed();
  await service.stop();
  if (entities > written) await multiply(site, entities);
  await runTimed(`git -C ${site.repository} repack -adq --depth=10 --window=10`);
}

async function multiply({ repository }: BenchSite, entities: number): Promise<void> {
  const template = await readFiles(repository, model);
  for (const user of samples) {
    const [own, copy] = [await readFiles(repository, user), copyFor(template, user)];
    for (const key of ["record", "desired", "rendered"] as const)
      if (bare(own[key]) !== bare(copy[key]))
        throw new Error(`a copy is not what Sluice writes:\n${copy[key]}\n${own[key]}`);
  }
  const checkpoint = parseCheckpoint(await git(repository, "show", "sluice/state:checkpoint.json"));
  const commits = checkpoint.commits + 1;
  const ahead = writeCheckpoint({ ...checkpoint, commits, nextRank: checkpoint.nextRank + entities });
  const trailer = `Sluice-State: ${checkpoint.stateId} ${commits}`;

  const importing = spawn("git", ["-C", repository, "fast-import", "--quiet", "--force"], {
    env: gitEnv,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(importing, "close");
  const write = async (text: string) => {
    if (!importing.stdin.write(text)) await once(importing.stdin, "drain");
  };
  const file = (path: string, text: string) => `M 100644 inline ${path}\n${dataOf(text)}`;
  await write(await commitOf(repository, "main", `Copies\n\n${trailer}`));
  for (let user = written; user < entities; user++)
    await write(file(renderedPath(user), copyFor(template, user).rendered));
  await write(`\n${await commitOf(repository, "sluice/state", "Copies")}${file("checkpoint.json", ahead)}`);
  for (let user = written; user < entities; user++) {
    const { record, desired } = copyFor(template, user);
    await write(file(recordPath(owner, hashOf(user)), record) + file(desiredPath(user), desired));
  }
  importing.stdin.end("\ndone\n");
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

async function commitOf(repository: string, branch: string, message: string): Promise<string> {
  const from = (await git(repository, "rev-parse", branch)).trim();
  const when = (await git(repository, "log", "-1", "--format=%ct", branch)).trim();
  return `commit refs/heads/${branch}\ncommitter sluice <sluice@example.com> ${when} +0000\n${dataOf(message)}from ${from}\n`;
}

function dataOf(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

async function readFiles(repository: string, user: number): Promise<Files> {
  const show = (path: string) => git(repository, "show", path);
  return {
    record: await show(`sluice/state:${recordPath(owner, hashOf(user))}`),
    desired: await show(`sluice/state:${desiredPath(user)}`),
    rendered: await show(`main:${renderedPath(user)}`),
  };
}

function copyFor({ record, desired, rendered }: Files, user: number): Files {
  const rename = (text: string) =>
    text
      .replaceAll(hashOf(model), provenanceTexts({}, hashOf(user)).entity ?? "")
      .replaceAll(String(model), String(user));
  const { sequence, rank } = numbersOf(record);
  const numbered = record
    .replace(`"sequence": ${sequence}`, `"sequence": ${user + 1}`)
    .replace(`: ${rank}\n`, `: ${rank - model + user}\n`);
  return { record: rename(numbered), desired: rename(desired), rendered: rename(rendered) };
}

function numbersOf(record: string): { readonly sequence: number; readonly rank: number } {
  const [sequence, rank] = [
    /"sequence": (\d+)/.exec(record)?.[1],
    /^ {4}":Namespace [^"]*": (\d+)$/m.exec(record)?.[1],
  ];
  if (sequence === undefined || rank === undefined) throw new Error(`a record without sequence or rank:\n${record}`);
  return { sequence: Number(sequence), rank: Number(rank) };
}

/** Without the moments and the ranks, which depend on how the events came in batches. */
function bare(text: string): string {
  return text.replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"T"').replace(/^( {4}":Namespace [^"]*": )\d+$/m, "$10");
}

function hashOf(user: number): string {
  return hashEntity({ connection: "bus", source: "auth.example.com", subject: `user-${user}` });
}

function desiredPath(user: number): string {
  const identity = { group: "", kind: "Namespace", namespace: "", name: `user-${user}` };
  return objectPath("fleet/c-0", owner, identity, layout);
}

function renderedPath(user: number): string {
  return desiredPath(user).replace(/^desired\//, "rendered/");
}
