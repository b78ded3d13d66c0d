/** What the overview shows, as plain texts: the templates only put them in place. Pure. */
import { countOf, formatCount } from "../../../model/count-of.ts";
import { briefProblem, type Problem } from "../../../model/problem.ts";
import type { Inventory } from "../../../pipeline/loop/inventory.ts";
import type { LeadingSnapshot, StreamSnapshot } from "../../../pipeline/loop/snapshot.ts";
import { describeHeld } from "../../../pipeline/mass-change/judge-change.ts";
import { type AppliedCluster, type ApplierSnapshot, describeTroubles } from "../../host/applier-snapshot.ts";
import type { HostSnapshot } from "../../host/host-snapshot.ts";
import { listAbsent } from "../../list-absent.ts";
import { listOutcomes, type OutcomeView } from "./outcome-view.ts";
import { drawPushes, formatDuration, type PushChart } from "./push-chart.ts";

export type Tone = "good" | "busy" | "bad" | "quiet";

export interface NoticeView {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  readonly code?: string;
  readonly hint?: string;
  /** To be pasted into a terminal where the service runs. */
  readonly command?: string;
}

interface FigureView {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone: Tone;
}

interface StreamView {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
  readonly read: string;
  readonly pushed: string;
  readonly lag: string;
  readonly problem?: string;
  readonly hint?: string;
}

interface ItemView {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
  readonly labels?: readonly string[];
  readonly problem?: string;
}

interface ListView {
  readonly count: string;
  readonly isThere: boolean;
  /** Of which there is something to say. */
  readonly items: readonly ItemView[];
  /** Of which there is not. */
  readonly names: readonly string[];
  /** How many are not shown. */
  readonly more?: string;
}

export interface OverviewView {
  readonly version: string;
  readonly state: string;
  readonly tone: Tone;
  readonly repository?: string;
  readonly branches: readonly string[];
  readonly notices: readonly NoticeView[];
  readonly figures: readonly FigureView[];
  readonly chart?: PushChart;
  readonly streams: readonly StreamView[];
  readonly outcomes: readonly OutcomeView[];
  readonly triggers?: ListView;
  readonly clusters?: ListView;
}

const tones = {
  leading: "good",
  "standing by": "quiet",
  starting: "busy",
  "changing over": "busy",
  stopping: "busy",
} as const;
/** trigger-2 before trigger-10. */
const byNumber = new Intl.Collator("en", { numeric: true });
/** Where a server is away many streams say the same. */
const streamNoticesMax = 5;
/** More than people read; `sluice show` has all of them. */
const itemsMax = 100;

export function viewOverview(snapshot: HostSnapshot, inventory: Inventory | undefined): OverviewView {
  const { version, state, repository, branch, stateBranch, leading } = snapshot;
  return {
    version,
    state: leading?.paused ? "paused" : state,
    tone: leading?.paused ? "busy" : tones[state],
    ...(repository === undefined ? {} : { repository }),
    branches: [branch, stateBranch].filter((name) => name !== undefined),
    notices: listNotices(snapshot),
    figures: leading === undefined ? [] : listFigures(leading),
    ...(leading === undefined || leading.pushes.length < 2 ? {} : { chart: drawPushes(leading.pushes) }),
    streams: leading?.streams.map(viewStream) ?? [],
    outcomes: leading === undefined ? [] : listOutcomes(leading),
    ...(inventory === undefined ? {} : viewInventory(inventory, snapshot.applier)),
  };
}

/** What wants a person, the worst first. */
function listNotices({ problem, refused, leading, applier }: HostSnapshot): NoticeView[] {
  const notices: NoticeView[] = [];
  if (problem !== undefined) notices.push(noticeOf("It does not get on", problem));
  if (refused !== undefined) notices.push(noticeOf("Settings are refused, the old ones are in force", refused));
  if (leading === undefined) return notices;
  const { push, streams, inTheWay, held, heldPasses, handOvers, paused, outcomes } = leading;
  for (const [part, missing] of listAbsent(leading))
    notices.push(noticeOf(part === "repository" ? "The repository can't be looked at" : `Absent: ${part}`, missing));
  if (push?.problem !== undefined) notices.push(noticeOf("The push does not get through", push.problem));
  const unread = streams.filter((stream) => stream.problem !== undefined);
  for (const { stream, problem } of unread.slice(0, streamNoticesMax))
    notices.push(noticeOf(`${shownStream(stream)} is not read`, problem!));
  if (unread.length > streamNoticesMax) {
    const text = `${countOf(unread.length - streamNoticesMax, "more stream is", "more streams are")} not read: see below.`;
    notices.push({ tone: "bad", title: "Connections", text });
  }
  for (const problem of inTheWay) notices.push(noticeOf("A file is in the way", problem));
  if (outcomes?.problem !== undefined)
    notices.push(noticeOf(`Outcomes can't be told: ${countOf(outcomes.waiting, "waits", "wait")}`, outcomes.problem));
  for (const change of held) {
    const command = `sluice approve ${change.id}`;
    const hint = "Approve it, or take the change back.";
    notices.push({
      tone: "busy",
      title: "A change is held",
      code: "CHANGE_HELD",
      text: describeHeld(change),
      hint,
      command,
    });
  }
  for (const { id, what, step, steps, unseen, sees } of handOvers) {
    const text = `${what}: ${step} (${steps})${unseen.length === 0 ? "" : `; ${unseen.join("; ")}`}`;
    const hint = sees ? "It goes on when that was seen on the hub, or a person says so." : "Say when the hub has it.";
    notices.push({ tone: "busy", title: "Units are handed over", text, hint, command: `sluice approve ${id}` });
  }
  for (const { id, owner } of heldPasses) {
    const text = `rendering ${owner} again would remove more than was counted`;
    notices.push({ tone: "busy", title: "A rendering is held", text, command: `sluice approve ${id}` });
  }
  if (applier !== undefined && applier.troubled > 0) {
    const [first] = applier.clusters;
    const title = `The applier can't work on ${formatCount(applier.troubled)} of ${countOf(applier.clustersCount, "cluster")}`;
    if (first?.problem !== undefined)
      notices.push(noticeOf(title, { ...first.problem, message: `${first.cluster}: ${first.problem.message}` }));
  }
  if (paused) {
    const text = "Events are received and wait.";
    notices.push({ tone: "busy", title: "The service is paused", text, command: "sluice resume" });
  }
  return notices;
}

function shownStream(stream: string): string {
  return stream.replace(/\/@journal$/, " (core NATS, journal)");
}

function noticeOf(title: string, { severity, message, code, hint }: Problem): NoticeView {
  const tone = severity === "error" ? "bad" : "busy";
  return { tone, title, text: message, code, ...(hint === undefined ? {} : { hint }) };
}

function listFigures({ streams, waiting, lastPush, push, failures, catalog }: LeadingSnapshot): FigureView[] {
  const sumOf = (count: (stream: StreamSnapshot) => number) => streams.reduce((sum, one) => sum + count(one), 0);
  // What waits for a batch is read and not pushed as well.
  const lag = sumOf(({ pending = 0 }) => pending) + Math.max(waiting, push === undefined ? 0 : sumOf(unpushedOf));
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const codes = Object.entries(failures).map(([code, count]) => `${count} ${code}`);
  return [
    {
      label: "Waiting",
      value: formatCount(lag),
      note:
        lag === 0
          ? "every event has had its effect"
          : push?.problem === undefined
            ? "events behind the last one pushed"
            : "events wait for the push",
      tone: lag === 0 ? "good" : "busy",
    },
    {
      label: "Last push",
      value: lastPush === undefined ? "none yet" : formatDuration(lastPush.milliseconds),
      note: lastPush === undefined ? "since the start" : describePush(lastPush),
      tone: "good",
    },
    {
      label: "Failures",
      value: formatCount(failed),
      note: failed === 0 ? "since the start" : codes.join(", "),
      tone: failed === 0 ? "good" : "bad",
    },
    {
      label: catalog.profiles === 0 ? "Triggers in force" : "Triggers and profiles in force",
      value: formatCount(catalog.triggers + catalog.profiles),
      note: `on ${countOf(catalog.clusters, "cluster")}; revision ${catalog.revision.slice(0, 7)}`,
      tone: "good",
    },
  ];
}

function describePush({ events, created, updated, deleted }: NonNullable<LeadingSnapshot["lastPush"]>): string {
  const objects = [`+${created}`, `~${updated}`, `−${deleted}`].join(" ");
  return `${countOf(events, "event")}, objects ${objects}`;
}

/** What is read and not pushed: where nothing is pushed yet, at least one. */
function unpushedOf({ read, pushed }: StreamSnapshot): number {
  if (read === undefined) return 0;
  return pushed === undefined ? 1 : Math.max(0, read - pushed);
}

function viewStream(snapshot: StreamSnapshot): StreamView {
  const { stream, state, read, pushed, pending = 0, problem } = snapshot;
  return {
    name: shownStream(stream),
    state,
    tone: state === "subscribed" ? "good" : state === "degraded" ? "bad" : "busy",
    read: read === undefined ? "–" : formatCount(read),
    pushed: pushed === undefined ? "–" : formatCount(pushed),
    lag: formatCount(pending + unpushedOf(snapshot)),
    ...(problem === undefined ? {} : { problem: briefProblem(problem) }),
    ...(problem?.hint === undefined ? {} : { hint: problem.hint }),
  };
}

function viewInventory({ triggers, triggersCount, clusters, clustersCount }: Inventory, applier?: ApplierSnapshot) {
  const applied = new Map(applier?.clusters.map((one) => [one.cluster, one]));
  const triggerTones = { broken: "bad", withdrawn: "quiet", paused: "busy", pass: "busy", "in force": "good" } as const;
  const triggerItems = triggers
    .filter(({ state }) => state !== "in force")
    .slice(0, itemsMax)
    .map(({ name, state, problem }): ItemView => {
      const shown = state === "pass" ? "rendering again" : state;
      const why = problem === undefined ? {} : { problem: briefProblem(problem) };
      return { name, state: shown, tone: triggerTones[state], ...why };
    });
  const inForce = triggers.filter(({ state }) => state === "in force").map(({ name }) => name);
  inForce.sort(byNumber.compare);
  const names = inForce.slice(0, itemsMax - triggerItems.length);
  const clusterItems = clusters.slice(0, itemsMax).map(
    ({ cluster, labels, isPaused }): ItemView => ({
      name: cluster,
      ...(isPaused ? ({ state: "paused", tone: "busy" } as const) : viewApplied(applied.get(cluster))),
      labels,
    }),
  );
  return { triggers: listOf(triggersCount, triggerItems, names), clusters: listOf(clustersCount, clusterItems) };
}

/** How a cluster is doing that the applier works on; of others there is nothing to say. */
function viewApplied(state: AppliedCluster | undefined): Pick<ItemView, "state" | "tone"> {
  if (state === undefined) return { state: "", tone: "good" };
  if (state.problem !== undefined) return { state: `can't be worked on: ${state.problem.code}`, tone: "bad" };
  const troubles = describeTroubles(state);
  if (troubles !== "") return { state: troubles, tone: "bad" };
  if (state.behindSince !== undefined) return { state: "behind the target", tone: "busy" };
  return { state: `at ${state.commit.slice(0, 12)}`, tone: "good" };
}

function listOf(count: number, items: readonly ItemView[], names: readonly string[] = []): ListView {
  const left = count - items.length - names.length;
  return {
    count: formatCount(count),
    isThere: count > 0,
    items,
    names,
    ...(left > 0 ? { more: formatCount(left) } : {}),
  };
}
