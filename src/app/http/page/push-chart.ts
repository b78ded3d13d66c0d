/** The last pushes as a small picture: a bar each, as high as it took long; drawn on the server, without script or style. */
import { countOf, formatCount } from "../../../model/count-of.ts";
import type { PushSnapshot } from "../../../pipeline/loop/snapshot.ts";

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly isFailed: boolean;
}

export interface PushChart {
  readonly bars: readonly Bar[];
  readonly width: number;
  /** What the picture says, for who does not see it. */
  readonly text: string;
}

const barsMax = 48;
/** Fewer leave room, so that a bar stays a bar. */
const barsMin = 16;
const step = 10;
const heightMax = 40;
const heightMin = 2;

export function drawPushes(pushes: readonly PushSnapshot[]): PushChart {
  const shown = pushes.slice(-barsMax);
  const count = Math.max(shown.length, barsMin);
  const slowest = Math.max(...shown.map(({ milliseconds }) => milliseconds), 1);
  const bars = shown.map(({ milliseconds, failed }, index) => {
    const height = Math.max(heightMin, Math.round((milliseconds / slowest) * heightMax));
    return { x: (count - shown.length + index) * step, y: heightMax - height, height, isFailed: failed > 0 };
  });
  const sorted = shown.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const events = shown.reduce((sum, push) => sum + push.events, 0);
  const text = `${countOf(shown.length, "push")}, ${countOf(events, "event")}; median ${formatDuration(median)}, slowest ${formatDuration(slowest)}`;
  return { bars, width: count * step, text };
}

/** "694 ms", "12.5 s". */
export function formatDuration(milliseconds: number): string {
  return milliseconds < 10_000 ? `${formatCount(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
