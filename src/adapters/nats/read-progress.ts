/**
 * What a position covers of a stream, and the positions of what is read behind it.
 *
 * A position holds for the subjects that it was read with. On a stream whose messages wait for their reader, what lies
 * below it of subjects added later is work that nobody did: cursors of their own run through it, up to the position.
 */
import type { StreamPosition, SubjectCursor } from "../../model/delivery.ts";
import { compileSubjects, coversSubject } from "../../model/nats-subjects.ts";

/** Of `filters` those that the position was not read with; empty `filters`, or `>`, are all of the stream. */
export function findAdded(from: StreamPosition | undefined, filters: readonly string[]): readonly string[] {
  if (from?.subjects === undefined) return [];
  const known = [...from.subjects, ...(from.added ?? []).flatMap(({ subjects }) => subjects)];
  return everySubject(filters).filter((filter) => !known.some((subject) => coversSubject(subject, filter)));
}

/** The position as it stands once `filters` are read: with a cursor at the beginning for what was added. */
export function addCursors(from: StreamPosition, filters: readonly string[]): StreamPosition {
  const subjects = findAdded(from, filters);
  return subjects.length === 0 ? from : { ...from, added: [...(from.added ?? []), { subjects, sequence: 0 }] };
}

/** Whether a message of the position's epoch had been read when the position was taken. */
export function createCover(position: StreamPosition): (subject: string, sequence: number) => boolean {
  const { subjects, added = [] } = position;
  if (subjects === undefined) return (_, sequence) => sequence <= position.sequence;
  const isRead = compileSubjects(subjects);
  const cursors = added.map(({ subjects, sequence }) => ({ matches: compileSubjects(subjects), sequence }));
  return (subject, sequence) => {
    if (sequence > position.sequence) return false;
    return isRead(subject) || cursors.some((cursor) => sequence <= cursor.sequence && cursor.matches(subject));
  };
}

/** The position of a message that follows `previous`, all of `filters` being read up to it. */
export function advance(
  previous: StreamPosition | undefined,
  message: { readonly epoch: string; readonly sequence: number; readonly time: string },
  filters: readonly string[],
): StreamPosition {
  const { epoch, sequence, time } = message;
  if (previous !== undefined && previous.epoch === epoch && sequence <= previous.sequence) {
    const read = everySubject(filters);
    return {
      ...previous,
      added: joinEqual((previous.added ?? []).flatMap((cursor) => moveTo(cursor, sequence, read))),
    };
  }
  return { epoch, sequence, time, subjects: everySubject(filters) };
}

/**
 * The cursors that are left when reading moves behind `previous`: of subjects that are read no more, which may be read
 * again before their last acknowledgements have arrived.
 */
export function leaveCursors(
  previous: StreamPosition | undefined,
  filters: readonly string[],
): Pick<StreamPosition, "added"> {
  if (previous?.subjects === undefined) return {};
  const read = everySubject(filters);
  const cursors = [{ subjects: previous.subjects, sequence: previous.sequence }, ...(previous.added ?? [])];
  const left = cursors.flatMap(({ subjects, sequence }) => {
    const unread = subjects.filter((subject) => !read.some((filter) => coversSubject(filter, subject)));
    return unread.length === 0 || sequence === 0 ? [] : [{ subjects: unread, sequence }];
  });
  return left.length === 0 ? {} : { added: joinEqual(left) };
}

/** Only as far as the cursor's subjects are read. */
function moveTo({ subjects, sequence }: SubjectCursor, to: number, read: readonly string[]): readonly SubjectCursor[] {
  const isRead = (subject: string) => read.some((filter) => coversSubject(filter, subject));
  const moved = { subjects: subjects.filter(isRead), sequence: Math.max(sequence, to) };
  const left = { subjects: subjects.filter((subject) => !isRead(subject)), sequence };
  return [moved, left].filter((cursor) => cursor.subjects.length > 0);
}

/** Cursors that have come to the same sequence are one. */
function joinEqual(cursors: readonly SubjectCursor[]): readonly SubjectCursor[] {
  const bySequence = new Map<number, readonly string[]>();
  for (const { subjects, sequence } of cursors) {
    bySequence.set(sequence, [...(bySequence.get(sequence) ?? []), ...subjects]);
  }
  return [...bySequence].map(([sequence, subjects]) => ({ sequence, subjects }));
}

const all: readonly string[] = [">"];

function everySubject(filters: readonly string[]): readonly string[] {
  return filters.length === 0 ? all : filters;
}
