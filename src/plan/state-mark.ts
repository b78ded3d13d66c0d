/**
 * What tells states apart: whose a state is, how far it has come, and who leads. It stands in the checkpoint, and on every target commit
 * as a trailer that says which state commit it was made from.
 */

export interface StateMark {
  /** Of the state: random, made with its first commit. Empty: the format knows none. */
  readonly stateId: string;
  /** A counter of the state's commits. */
  readonly commits: number;
  /** Who may write it: a counter, and the random id of a process. */
  readonly term: { readonly number: number; readonly holder: string };
}

export const noMark: StateMark = { stateId: "", commits: 0, term: { number: 0, holder: "" } };

/** Reads it from the text of a checkpoint; whether that is one is another's to say. */
export function readStateMark(checkpoint: string): StateMark {
  let file: { stateId?: unknown; commits?: unknown; term?: { number?: unknown; holder?: unknown } | null };
  try {
    file = Object(JSON.parse(checkpoint));
  } catch {
    return noMark;
  }
  const { stateId, commits, term } = file;
  return {
    stateId: typeof stateId === "string" ? stateId : "",
    commits: countOf(commits),
    term: { number: countOf(term?.number), holder: typeof term?.holder === "string" ? term.holder : "" },
  };
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

const trailer = /^Sluice-State: ([0-9A-Za-z_-]+) ([0-9]{1,15})$/gm;

/** The message of a target commit with the trailer that names the state commit which it was made from. */
export function addStateTrailer(message: string, { stateId, commits }: StateMark): string {
  if (stateId === "") return message;
  const text = message.trimEnd();
  const lastLine = text.slice(text.lastIndexOf("\n") + 1);
  const separator = text.includes("\n") && /^Sluice-[A-Z][A-Za-z]*: /.test(lastLine) ? "\n" : "\n\n";
  return `${text}${separator}Sluice-State: ${stateId} ${commits}\n`;
}

/** Which state commits a message names; several where people have squashed commits. */
export function readStateTrailers(message: string): readonly Pick<StateMark, "stateId" | "commits">[] {
  return Array.from(message.matchAll(trailer), ([, stateId = "", commits]) => ({ stateId, commits: Number(commits) }));
}
