/** The entities and events of a proposal, in lines, rows and trailers as commits on the target have them in push mode. */
import { countOf } from "../../model/count-of.ts";
import type { Json } from "../../model/json.ts";
import { escapeText } from "../commit-message.ts";
import type { ProposalEntity, ProposalEvents } from "./proposal-events.ts";

const entitiesMax = 50;
const namesMax = 3;

/**
 * For templates: `entities` (action, trigger, subject, source, type, id, create, update, delete), `moreEntities`, `lines`
 * and `trailers`, and `about`: whom the proposal is for, in a few words.
 */
export function describeEvents({ entities, filesLeftOut }: ProposalEvents): ReadonlyMap<string, Json> {
  const shown = entities.slice(0, entitiesMax);
  const trailers = shown.flatMap(({ event }) =>
    event === undefined ? [] : [`Sluice-Event: ${[event.source, event.subject, event.id].map(escapeText).join(" ")}`],
  );
  return new Map<string, Json>([
    ["entities", shown.map(rowOf)],
    ["moreEntities", BigInt(entities.length - shown.length)],
    ["hasMore", entities.length > shown.length || filesLeftOut > 0],
    ["lines", shown.map(lineOf)],
    ["eventTrailers", [...new Set(trailers)]],
    ["about", aboutOf(entities, filesLeftOut > 0)],
  ]);
}

function rowOf({ trigger, event, hash, counts }: ProposalEntity): ReadonlyMap<string, Json> {
  const text = (value: string | undefined) => (value === undefined || value === "" ? "" : escapeText(value));
  return new Map<string, Json>([
    ["trigger", escapeText(trigger)],
    ["subject", event === undefined ? `entity ${hash.slice(0, 12)}` : escapeText(event.subject)],
    ["source", text(event?.source)],
    ["type", text(event?.type)],
    ["id", text(event?.id)],
    ["create", BigInt(counts.create)],
    ["update", BigInt(counts.update)],
    ["delete", BigInt(counts.delete)],
  ]);
}

/** As a commit's line in push mode: `Create alice on 2 clusters (users: login from auth)`. */
function lineOf({ trigger, event, hash, counts, clusters }: ProposalEntity): string {
  const action = counts.create + counts.update > 0 ? "Create" : "Delete";
  const where = countOf(clusters.size, "cluster");
  if (event === undefined) return `${action} entity ${hash.slice(0, 12)} on ${where} (${escapeText(trigger)})`;
  const { subject, source, type } = event;
  const cause = type === "" ? `from ${escapeText(source)}` : `${escapeText(type)} from ${escapeText(source)}`;
  return `${action} ${escapeText(subject)} on ${where} (${escapeText(trigger)}: ${cause})`;
}

function aboutOf(entities: readonly ProposalEntity[], hasMore: boolean): string {
  const names = [...new Set(entities.flatMap(({ event }) => (event === undefined ? [] : [escapeText(event.subject)])))];
  if (names.length === 0) return "";
  const rest = names.length - namesMax;
  const more = hasMore ? " and more" : rest > 0 ? ` and ${rest} more` : "";
  return `${names.slice(0, namesMax).join(", ")}${more}`;
}
