/** What requests, their comments and their commits say: templates filled in, and the marks by which they are found. */
import type { Json } from "../../model/json.ts";
import type { FileDifference } from "../../model/review.ts";
import type { Template } from "../../model/template.ts";
import { fingerprintProposal } from "../../plan/projection-trailer.ts";
import type { GitReader } from "../../ports/git.ts";
import { fenceFor } from "./defuse-text.ts";
import { describeEvents } from "./describe-events.ts";
import { diffProposal, type ProposalSides, summarizeProposal } from "./describe-proposal.ts";
import type { ProposalEvents } from "./proposal-events.ts";
import { reviewBranch } from "./review-branch.ts";

export interface ReviewTemplates {
  readonly title: Template;
  readonly body: Template;
  readonly commit: Template;
  readonly comment: Template;
}

export interface RequestText {
  readonly title: string;
  readonly body: string;
}

/** Why there is something to say to people who look at a request. */
export type CommentReason = "people" | "empty" | "closed" | "changed" | "elsewhere";

/** Begins every comment of ours: there is one on a request, and it changes. */
export const commentMarker = "<!-- sluice -->";
const titleCharactersMax = 200;
const cutNote = "\n\n(cut here)\n";

/** Ends the body that describes this proposal. */
function bodyMarker(fingerprint: string): string {
  return `<!-- sluice ${fingerprint} -->`;
}

export function describes(body: string, fingerprint: string): boolean {
  return body.includes(bodyMarker(fingerprint));
}

export class ReviewTexts {
  readonly #templates: ReviewTemplates;
  readonly #bodyCharactersMax: number;

  constructor(templates: ReviewTemplates, bodyCharactersMax: number) {
    this.#templates = templates;
    this.#bodyCharactersMax = bodyCharactersMax;
  }

  /** Message of the commit without trailers that show it to be ours. */
  commitMessage(group: string, proposal: readonly FileDifference[], events: ProposalEvents): string {
    return fill(this.#templates.commit, this.#dataOf(group, proposal, events));
  }

  async requestText(
    git: GitReader,
    group: string,
    proposal: readonly FileDifference[],
    events: ProposalEvents,
    sides: ProposalSides,
  ): Promise<RequestText> {
    const data = this.#dataOf(group, proposal, events);
    const title = fill(this.#templates.title, data).slice(0, titleCharactersMax);
    const marker = `\n${bodyMarker(fingerprintProposal(proposal))}\n`;
    const charactersMax = this.#bodyCharactersMax - marker.length;
    const compose = (diff: string, filesLeftOut: number) =>
      fill(
        this.#templates.body,
        new Map([...data, ["diff", diff], ["fence", fenceFor(diff)], ["filesLeftOut", BigInt(filesLeftOut)]]),
      );
    // What the rest takes without a difference, and what a difference brings along, is left free.
    const room = charactersMax - compose("", proposal.length).length - markupCharactersMax;
    const diff = await diffProposal(git, proposal, sides, Math.max(0, room));
    const body = compose(diff.text, diff.filesLeftOut);
    if (body.length <= charactersMax) return { title, body: body + marker };
    return { title, body: body.slice(0, charactersMax - cutNote.length) + cutNote + marker };
  }

  comment(reason: CommentReason, group: string, head = ""): string {
    const data = new Map<string, Json>([
      ["reason", reason],
      ["group", group],
      ["branch", reviewBranch(group)],
      ["head", head.slice(0, 12)],
    ]);
    return `${commentMarker}\n${fill(this.#templates.comment, data)}\n`;
  }

  #dataOf(group: string, proposal: readonly FileDifference[], events: ProposalEvents): ReadonlyMap<string, Json> {
    const summary = summarizeProposal(proposal);
    const described = describeEvents(events);
    const [only] = described.get("lines") as readonly string[];
    const isOne = events.entities.length === 1 && events.filesLeftOut === 0 && summary.get("warning") === "";
    const about = described.get("about");
    const title = String(summary.get("title"));
    // Where it is for one entity its line says it all, as in push mode.
    const named = isOne && only !== undefined ? only : about === "" ? title : `${title} for ${about}`;
    return new Map<string, Json>([["group", group], ...summary, ...described, ["title", named]]);
  }
}

/** Fences and the words around a difference. */
const markupCharactersMax = 2000;

function fill(template: Template, data: ReadonlyMap<string, Json>): string {
  return template.render(data, { clock: 0 }).text.trim();
}
