/**
 * Keeps open pages up to date by server-sent events. The page is rendered once for all of them, about once a second and
 * only while somebody looks; each is sent the parts that changed.
 */
import type { ServerResponse } from "node:http";

const tickMs = 1_000;
/** A comment so often, so that proxies keep the connection and the client notices one that is gone. */
const ticksPerBeat = 15;
const watchersMax = 20;
/** A watcher that does not read what it is sent is let go. */
const unreadBytesMax = 1024 * 1024;

export class PageStream {
  readonly #render: () => Readonly<Record<string, string>>;
  readonly #watchers = new Set<ServerResponse>();
  #sent: Readonly<Record<string, string>> = {};
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;

  constructor(render: () => Readonly<Record<string, string>>) {
    this.#render = render;
  }

  get isFull(): boolean {
    return this.#watchers.size >= watchersMax;
  }

  /** Sends everything at once, then what changes. */
  add(response: ServerResponse): void {
    if (this.#watchers.size === 0) this.#sent = this.#render();
    this.#watchers.add(response);
    response.on("close", () => this.#remove(response));
    response.write(`retry: 2000\n\n${writeSections(this.#sent)}`);
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #remove(watcher: ServerResponse): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) this.close();
  }

  #tick(): void {
    const now = this.#render();
    const changed = Object.fromEntries(Object.entries(now).filter(([id, html]) => this.#sent[id] !== html));
    this.#sent = now;
    const isBeat = ++this.#ticks % ticksPerBeat === 0;
    const text = Object.keys(changed).length > 0 ? writeSections(changed) : isBeat ? ": still here\n\n" : undefined;
    if (text === undefined) return;
    for (const watcher of this.#watchers) {
      if (watcher.writableLength > unreadBytesMax) watcher.destroy();
      else watcher.write(text);
    }
  }
}

function writeSections(sections: Readonly<Record<string, string>>): string {
  return `event: sections\ndata: ${JSON.stringify(sections)}\n\n`;
}
