/**
 * A headless Chromium, steered over its DevTools protocol through two pipes: no port, no further package.
 * `chromium` of Debian, or the path in CHROMIUM.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** Undefined: there is none on this machine. */
export function findChromium(): string | undefined {
  for (const name of [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"]) {
    if (name === undefined) continue;
    try {
      execFileSync(name, ["--version"], { stdio: "ignore" });
      return name;
    } catch {
      // The next one, perhaps.
    }
  }
  return undefined;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

export class Chromium {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #listeners: ((message: Message) => void)[] = [];
  #session = "";
  #last = 0;
  /** What the page's console said at error: refused scripts among them. */
  readonly complaints: string[] = [];

  private constructor(program: string) {
    this.#folder = mkdtempSync(join(tmpdir(), "sluice-chromium-"));
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
    args.push("--no-first-run", "--disable-extensions", "--remote-debugging-pipe", `--user-data-dir=${this.#folder}`);
    const env = { ...process.env, HOME: this.#folder };
    this.#child = spawn(program, [...args, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env,
    });
    let text = "";
    (this.#child.stdio[4] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
      const messages = (text + chunk).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) this.#receive(JSON.parse(message) as Message);
    });
  }

  static async open(program: string): Promise<Chromium> {
    const chromium = new Chromium(program);
    const { targetId } = (await chromium.send("Target.createTarget", { url: "about:blank" })) as { targetId: string };
    const attached = await chromium.send("Target.attachToTarget", { targetId, flatten: true });
    chromium.#session = (attached as { sessionId: string }).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await chromium.send(`${domain}.enable`);
    chromium.#listeners.push(({ method, params }) => {
      if (method === "Log.entryAdded") chromium.complaints.push(JSON.stringify(params));
      if (method === "Runtime.exceptionThrown") chromium.complaints.push(JSON.stringify(params));
    });
    return chromium;
  }

  #receive(message: Message): void {
    if (message.id === undefined) for (const listener of this.#listeners) listener(message);
    else {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async show(url: string, { width, height, scheme }: Screen): Promise<void> {
    const isMobile = width < 500;
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: isMobile });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const loaded = new Promise<void>((resolve) => {
      const listen = ({ method }: Message) => {
        if (method !== "Page.loadEventFired") return;
        this.#listeners = this.#listeners.filter((other) => other !== listen);
        resolve();
      };
      this.#listeners.push(listen);
    });
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression in the page, which may be a promise. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  async screenshot(): Promise<Uint8Array> {
    const { data } = (await this.send("Page.captureScreenshot", { format: "png" })) as { data: string };
    return Buffer.from(data, "base64");
  }

  async close(): Promise<void> {
    const exited = once(this.#child, "exit");
    await this.send("Browser.close").catch(() => undefined);
    await exited;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
