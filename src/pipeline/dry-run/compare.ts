/** From two states to the report of what differs between them: objects as masked diffs, failures in groups. */
import type { CloudEvent } from "../../model/cloud-event.ts";
import { readLocalEntity } from "../../model/local-object.ts";
import { ownerKey, shownOwner } from "../../model/owner.ts";
import { formatPlace, type Place, type Problem, type SourcePlace } from "../../model/problem.ts";
import { type EntityRecord, eventOf, failuresOf } from "../../model/record.ts";
import { desiredFolder, isObjectPath, recordPath, recordsFolder } from "../../plan/paths.ts";
import { entityHashOf, splitProvenance } from "../../plan/provenance.ts";
import { parseRecord } from "../../plan/record-file.ts";
import { diffLines, makeHunks, splitLines } from "./diff-lines.ts";
import type { Mask, SubjectMask } from "./mask.ts";
import { ownerOfManifest, type PathParts, readPath } from "./object-path.ts";
import { isSamePlacement, type Placement, placeOnTarget } from "./placement.ts";
import type { FailureGroup, Hunk, ObjectAction, ObjectChange } from "./report.ts";
import type { StateOverlay } from "./state-overlay.ts";

export interface ComparisonOptions {
  readonly before: Placement;
  readonly after: Placement;
  readonly mask: Mask;
  /** The state without any sample: what it has on record is masked. */
  readonly recorded: StateOverlay;
  /** By path, where the template stands that prints the object now. */
  readonly places: ReadonlyMap<string, SourcePlace>;
  /** Where triggers stand, for objects that nothing prints any more. */
  readonly triggerPlaces: ReadonlyMap<string, SourcePlace>;
}

const chunk = 500;
const examplesMax = 5;
const textCharactersMax = 300;

/** Every object that differs, by path. `paths`: those that may differ. */
export async function* compareObjects(
  before: StateOverlay,
  after: StateOverlay,
  paths: ReadonlySet<string>,
  options: ComparisonOptions,
): AsyncIterable<ObjectChange> {
  const sorted = [...paths].filter(isObjectPath).sort();
  for (let at = 0; at < sorted.length; at += chunk) {
    const some = sorted.slice(at, at + chunk);
    const [ids, idsAfter] = [await before.findIds(before.tree, some), await after.findIds(after.tree, some)];
    const changed = some.filter((path) => ids.get(path) !== idsAfter.get(path));
    const texts = await before.readFiles(before.tree, changed);
    const textsAfter = await after.readFiles(after.tree, changed);
    const objects = changed.map((path) => new ChangedObject(path, texts.get(path), textsAfter.get(path)));
    const events = await readRecordedEvents(objects, options);
    const unrendered = await findUnrendered(objects, after, options);
    for (const object of objects)
      if (!unrendered.has(object)) yield object.describe(events.get(object.recordPath ?? ""), options);
  }
}

/** What stands elsewhere afterwards, though it is there before and after: by path, from where to where. */
export async function* findMoves(
  before: StateOverlay,
  after: StateOverlay,
  { before: from, after: to }: Pick<ComparisonOptions, "before" | "after">,
): AsyncIterable<readonly [from: string, to: string]> {
  if (isSamePlacement(from, to)) return;
  for await (const path of before.listFiles(before.tree, desiredFolder)) {
    const [place, next] = [placeOnTarget(path, from), placeOnTarget(path, to)];
    if (place === next || (await after.findEntry(after.tree, path)) === undefined) continue;
    yield [place, next];
  }
}

class ChangedObject {
  readonly path: string;
  readonly recordPath: string | undefined;
  readonly #parts: PathParts;
  readonly #entity: string;
  readonly #before: string | undefined;
  readonly #after: string | undefined;

  constructor(path: string, before: string | undefined, after: string | undefined) {
    this.path = path;
    this.#parts = readPath(path);
    this.#before = before;
    this.#after = after;
    const text = before ?? after ?? "";
    const owner = ownerOfManifest(path, text);
    this.#entity = entityHashOf(splitProvenance(text).texts);
    this.recordPath = owner === undefined ? undefined : recordPath(owner, this.#entity);
  }

  /** Which one it is rendered for. */
  get cluster(): string {
    return readLocalEntity(this.#entity).cluster ?? this.#parts.cluster;
  }

  get isGone(): boolean {
    return this.#after === undefined;
  }

  describe(event: CloudEvent | undefined, options: ComparisonOptions): ObjectChange {
    const { mask, places, triggerPlaces } = options;
    const { cluster, trigger, object } = this.#parts;
    const before = splitLines(this.#before ?? "");
    const after = splitLines(this.#after ?? "");
    const shown = mask.of({
      events: event === undefined ? [] : [event],
      names: [this.#parts.names, cluster, trigger, ...provenanceNames(before), ...provenanceNames(after)],
    });
    const at = places.get(this.path) ?? triggerPlaces.get(trigger);
    return {
      action: actionOf(this.#before, this.#after),
      path: placeOnTarget(this.path, this.isGone ? options.before : options.after),
      cluster,
      trigger,
      object,
      ...(at === undefined ? {} : { at: withoutExcerpt(at) }),
      hunks: makeShownHunks(before, after, shown),
    };
  }
}

/** The hunks of a manifest's difference, each line as it may be shown. */
export function makeShownHunks(
  before: readonly string[],
  after: readonly string[],
  shown: SubjectMask,
): readonly Hunk[] {
  const lineBefore = shown.manifest(before);
  const lineAfter = shown.manifest(after);
  return makeHunks(diffLines(before, after)).map((hunk) => ({
    before: hunk.before,
    after: hunk.after,
    lines: hunk.edits.map(({ sign, index }) => ({ sign, text: sign === "+" ? lineAfter(index) : lineBefore(index) })),
  }));
}

function actionOf(before: string | undefined, after: string | undefined): ObjectAction {
  if (before === undefined) return "create";
  return after === undefined ? "delete" : "update";
}

/** The values of Sluice's own label and annotation. */
function provenanceNames(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => /^ {4}sluice\.dev\/(?:owner|entity|instance): /.test(line));
}

/**
 * Objects that are gone only because a sample can't be rendered any more: what fails leaves everything as it was, so it
 * deletes nothing that is there.
 */
async function findUnrendered(
  objects: readonly ChangedObject[],
  after: StateOverlay,
  { recorded }: ComparisonOptions,
): Promise<ReadonlySet<ChangedObject>> {
  const gone = objects.filter(({ isGone }) => isGone);
  const paths = gone.map(({ path }) => path);
  const onRecord = await recorded.findIds(recorded.tree, paths);
  const suspects = gone.filter(({ path }) => !onRecord.has(path));
  const records = await after.readFiles(
    after.tree,
    suspects.flatMap((object) => object.recordPath ?? []),
  );
  return new Set(
    suspects.filter(({ recordPath: path = "", cluster }) => {
      const text = records.get(path);
      return text !== undefined && parseRecord(text, path).clusters.get(cluster)?.failure !== undefined;
    }),
  );
}

/** By record path, the events on record of those objects. */
async function readRecordedEvents(
  objects: readonly ChangedObject[],
  { recorded }: ComparisonOptions,
): Promise<ReadonlyMap<string, CloudEvent>> {
  const paths = new Set(objects.flatMap((object) => object.recordPath ?? []));
  const texts = await recorded.readFiles(recorded.tree, [...paths]);
  const events = new Map<string, CloudEvent>();
  for (const [path, text] of texts) {
    const event = eventOf(parseRecord(text, path))?.event;
    if (event !== undefined) events.set(path, event);
  }
  return events;
}

/** Failures that come or go between the states, those alike counted together. */
export async function compareFailures(
  before: StateOverlay,
  after: StateOverlay,
  paths: ReadonlySet<string>,
  options: ComparisonOptions,
): Promise<readonly FailureGroup[]> {
  const groups = new Map<string, FailureGroup>();
  const sorted = [...paths].filter((path) => path.startsWith(`${recordsFolder}/`)).sort();
  for (let at = 0; at < sorted.length; at += chunk) {
    const some = sorted.slice(at, at + chunk);
    const [was, is, known] = [before, after, options.recorded].map((state) => state.readFiles(state.tree, some));
    const [texts, textsAfter, textsKnown] = [await was!, await is!, await known!];
    for (const path of some) {
      const read = (text: string | undefined) => (text === undefined ? undefined : parseRecord(text, path));
      const [old, now] = [read(texts.get(path)), read(textsAfter.get(path))];
      const known = read(textsKnown.get(path));
      const event = known === undefined ? undefined : eventOf(known)?.event;
      addFailures(groups, "introduced", now, old, event, options.mask);
      addFailures(groups, "mended", old, now, event, options.mask);
    }
  }
  return [...groups.values()].sort((a, b) =>
    a.change === b.change ? b.entities - a.entities : a.change < b.change ? -1 : 1,
  );
}

/** What fails in one record and does not in the other. */
function addFailures(
  groups: Map<string, FailureGroup>,
  change: FailureGroup["change"],
  record: EntityRecord | undefined,
  other: EntityRecord | undefined,
  event: CloudEvent | undefined,
  mask: Mask,
): void {
  if (record === undefined) return;
  const known = new Set(other === undefined ? [] : [...failuresOf(other).values()].map(keyOf));
  const seen = new Set<string>();
  for (const problem of failuresOf(record).values()) {
    const key = keyOf(problem);
    if (known.has(key) || seen.has(key)) continue;
    seen.add(key);
    const { source, subject } = record.entity;
    const about = {
      events: event === undefined ? [] : [event],
      names: [source, subject, record.owner.name, shownOwner(record.owner)],
    };
    const message = cut(mask.of(about).message(problem.message));
    const groupKey = JSON.stringify([change, ownerKey(record.owner), problem.code, placeKey(problem.at), message]);
    const group = groups.get(groupKey);
    const example = cut(`${source} ${subject}`);
    groups.set(groupKey, {
      change,
      trigger: shownOwner(record.owner),
      code: problem.code,
      message,
      ...(problem.at === undefined ? {} : { at: withoutExcerpt(problem.at) }),
      entities: (group?.entities ?? 0) + 1,
      examples: (group?.examples.length ?? 0) < examplesMax ? [...(group?.examples ?? []), example] : group!.examples,
    });
  }
}

function keyOf({ code, message }: Problem): string {
  return `${code} ${message}`;
}

function placeKey(at: Place | undefined): string {
  return at === undefined ? "" : formatPlace(at);
}

/** Excerpts may be lines of a document that holds more than a report should. */
function withoutExcerpt(at: Place): Place {
  if (!("excerpt" in at)) return at;
  const { excerpt: _, ...place } = at;
  return place;
}

function cut(text: string): string {
  return text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text;
}
