/** Commit objects: headers, an empty line, the message. */
import { SluiceError } from "../../model/problem.ts";
import type { CommitInfo, ObjectId } from "../../ports/git.ts";

/** Who made a commit. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitParts {
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  readonly author: Identity;
  readonly committer: Identity;
  /** Milliseconds since 1970; whole seconds count. */
  readonly time: number;
  readonly message: string;
}

/** A commit's body; with `signature` (armored) as its `gpgsig` header, which is what git signs without. */
export function encodeCommit(parts: CommitParts, signature?: string): Buffer {
  const when = `${Math.floor(parts.time / 1000)} +0000`;
  const lines = [
    `tree ${parts.tree}`,
    ...parts.parents.map((parent) => `parent ${parent}`),
    `author ${formatIdentity(parts.author)} ${when}`,
    `committer ${formatIdentity(parts.committer)} ${when}`,
  ];
  if (signature !== undefined) lines.push(`gpgsig ${signature.trimEnd().replaceAll("\n", "\n ")}`);
  // A NUL would end the message for most readers.
  const message = parts.message.replaceAll("\0", "\ufffd").trimEnd();
  return Buffer.from(`${lines.join("\n")}\n\n${message}\n`);
}

/** What git's fsck takes: no angle brackets, no line breaks, nothing of them at the ends. */
export function formatIdentity({ name, email }: Identity): string {
  const clean = (text: string) => text.replace(/[<>\n\r\0]/g, "").trim();
  return `${clean(name)} <${clean(email).replaceAll(" ", "")}>`;
}

export function parseCommit(id: ObjectId, body: Buffer): CommitInfo {
  const text = body.toString();
  const split = text.indexOf("\n\n");
  const head = split < 0 ? text : text.slice(0, split);
  let tree: ObjectId | undefined;
  const parents: ObjectId[] = [];
  let author: { name: string; email: string; time: number } | undefined;
  for (const line of head.split("\n")) {
    if (line.startsWith("tree ")) tree ??= line.slice(5);
    else if (line.startsWith("parent ")) parents.push(line.slice(7));
    else if (line.startsWith("author ")) author ??= parseIdentity(line.slice(7));
  }
  if (tree === undefined || author === undefined) {
    throw new SluiceError({ code: "GIT_INVALID", message: `commit ${id} is malformed` });
  }
  const { time, ...who } = author;
  return { id, tree, parents, author: who, time, message: split < 0 ? "" : text.slice(split + 2) };
}

function parseIdentity(text: string): { name: string; email: string; time: number } | undefined {
  const match = /^(.*?) ?<([^>]*)> (-?\d+)/.exec(text);
  if (match === null) return undefined;
  return { name: match[1]!, email: match[2]!, time: Number(match[3]) * 1000 };
}
