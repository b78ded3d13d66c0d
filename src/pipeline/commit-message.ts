/**
 * What a commit on the target says: a subject, a line for each event, and trailers for tools.
 *
 * Text from events is foreign text in a place that forges, bots and mail programs read. It is bounded, kept to one line,
 * and whatever is not a harmless character is percent-encoded: no mention, keyword, directive or forged trailer gets by.
 */
import type { ChangeSet, EventEffect } from "../model/change-set.ts";
import { countEach, countOf } from "../model/count-of.ts";
import type { Json } from "../model/json.ts";
import { type Owner, type OwnerKey, ownerKey } from "../model/owner.ts";
import type { Template } from "../model/template.ts";
import { clusterOfFolder, mayBeProfiles, ownerOfFolder, readOwnedPath } from "../plan/paths.ts";

const linesMax = 50;
const textCharactersMax = 100;

export function writeCommitMessage(template: Template, { events, objects }: ChangeSet): string {
  const shown = events.slice(0, linesMax);
  const concerned = [...events.map(({ owner }) => owner), ...profilesOf(objects)];
  const owners = [...new Map(concerned.map((owner) => [ownerKey(owner), owner]))].sort(([a], [b]) => (a < b ? -1 : 1));
  const trailers = [
    ...owners.slice(0, linesMax).map(([key, owner]) => ownerTrailer(key, owner)),
    ...shown.map(({ source, subject, id }) => `Sluice-Event: ${[source, subject, id].map(escapeText).join(" ")}`),
  ];
  const data = new Map<string, Json>([
    ["subject", subjectLine(events, objects)],
    // The subject says it all where there is one event.
    ["lines", events.length === 1 ? [] : shown.map(eventLine)],
    ["more", BigInt(events.length - shown.length)],
    ["trailers", trailers],
  ]);
  return `${template.render(data, { clock: 0 }).text.trim()}\n`;
}

/** Profiles render without an event: whose objects changed is told by where they stand. */
function profilesOf(objects: ChangeSet["objects"]): readonly Owner[] {
  return objects.flatMap(({ path }) => {
    // Nearly all are triggers', and told by their events.
    if (!mayBeProfiles(path)) return [];
    const [, namespace = "", cluster = "", ...below] = path.split("/");
    const owned = readOwnedPath(below.join("/"));
    if (owned === undefined || owned.kind === "EventTrigger") return [];
    const key = clusterOfFolder(namespace, cluster);
    return ownerOfFolder(owned.kind, owned.ownerFolder, key) ?? [];
  });
}

function subjectLine(events: readonly EventEffect[], objects: ChangeSet["objects"]): string {
  const [only] = events;
  if (only !== undefined && events.length === 1) return eventLine(only);
  const totals = { create: 0, update: 0, delete: 0 };
  for (const { action } of objects) totals[action]++;
  const what = objects.length === 0 ? "Bring manifests to the state" : countEach(totals, "manifest");
  const text = events.length === 0 ? what : `${what} for ${countOf(events.length, "event")}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Tools look for triggers by name, and for profiles by kind and name. */
function ownerTrailer(key: OwnerKey, { kind, name }: Owner): string {
  return kind === "EventTrigger" ? `Sluice-Trigger: ${escapeText(name)}` : `Sluice-Profile: ${escapeText(key)}`;
}

function eventLine({ action, owner, source, subject, type, clusters }: EventEffect): string {
  const where = countOf(clusters, "cluster");
  const what = action === "failed" ? "Fail" : action;
  return `${what} ${escapeText(subject)} on ${where} (${escapeText(owner.name)}: ${escapeText(type)} from ${escapeText(source)})`;
}

/** What of the harmless characters makes a link, by which forges also close issues: of an address, and of GH-1 for #1. */
const linkMark = /:(?=\/\/)|(?<=gh)-(?=[0-9])/gi;

/** Percent-encodes all but letters, digits and `. _ - / : +`, and these too where they would make a link; and cuts. */
export function escapeText(text: string): string {
  let escaped = text.slice(0, textCharactersMax).replace(/[^A-Za-z0-9._/:+-]/gu, encodeCharacter);
  escaped = escaped.replace(linkMark, encodeCharacter);
  const isCut = text.length > textCharactersMax || escaped.length > textCharactersMax;
  if (isCut) return `${escaped.slice(0, textCharactersMax)}...`;
  return escaped === "" ? "-" : escaped;
}

function encodeCharacter(character: string): string {
  const bytes = [...new TextEncoder().encode(character)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
