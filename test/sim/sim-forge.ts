/**
 * A simulated forge: what a process sees of it, whose calls take their time, fail before or behind their effect and may
 * be its last; and the people there, who merge requests, turn them down, and take branches away.
 */
import { SluiceError } from "../../src/model/problem.ts";
import type { CodeHost } from "../../src/ports/code-host.ts";
import type { FakeChance } from "../fakes/fake-chance.ts";
import { FakeCodeHost, type FakeRequest } from "../fakes/fake-code-host.ts";
import type { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { stateBranch } from "../pipeline/service-bench.ts";
import type { SimProcess } from "./sim-process.ts";

const reviewBranch = "sluice/review/all";

export class SimForge {
  readonly #host: FakeCodeHost;
  readonly #remote: FakeGitRemote;
  readonly counts = { merges: 0, refusals: 0 };

  constructor(remote: FakeGitRemote) {
    this.#remote = remote;
    this.#host = new FakeCodeHost(remote);
  }

  view(process: SimProcess): CodeHost {
    let isClosed = false;
    const close = () => {
      isClosed = true;
    };
    const call = async (work: () => unknown) => {
      const refuse = () => new SluiceError({ code: "FORGE_UNAVAILABLE", message: "no answer" });
      if (isClosed) throw refuse();
      await process.answer("FORGE_UNAVAILABLE");
      if (process.isCutFromGit || isClosed) throw refuse();
      const result = await work();
      // Its effect is there, whatever becomes of the answer.
      await process.answer("FORGE_UNAVAILABLE");
      if (isClosed) throw refuse();
      return result;
    };
    return new Proxy(this.#host, {
      get: (host, key) => {
        const value: unknown = Reflect.get(host, key);
        if (key === "close") return close;
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => call(() => value.apply(host, args));
      },
    });
  }

  get #open(): readonly FakeRequest[] {
    return this.#host.open.filter(({ head }) => head === reviewBranch);
  }

  /** Somebody does something to a request, if there is one. */
  act(chance: FakeChance): void {
    this.#record();
    const [request] = this.#open;
    if (request === undefined || !this.#remote.branches.has(request.base)) return;
    const { number } = request;
    const draw = chance.next();
    if (draw < 0.45) this.#merge(number, chance.next() < 0.3);
    else if (draw < 0.65) {
      this.counts.refusals++;
      this.#host.closeAsPerson(number);
    } else if (draw < 0.75) this.#remote.branches.delete(reviewBranch);
    else this.#host.approve(number);
  }

  /** What is merged is noticed, and everything that is open is merged. */
  mergeAll(): void {
    this.#record();
    for (const { number } of this.#open) this.#merge(number, false);
  }

  #merge(number: number, isUnrecorded: boolean): void {
    this.counts.merges++;
    if (isUnrecorded) this.#host.mergeUnrecorded(number);
    else this.#host.merge(number);
  }

  #record(): void {
    for (const { number, isMergeUnrecorded } of this.#host.requests) {
      if (isMergeUnrecorded === true) this.#host.record(number);
    }
  }

  /** What is desired, not on the target, and neither proposed nor turned down; `others`: files of people's own. */
  lacks(target: string, others: ReadonlyMap<string, string>): readonly string[] {
    this.#record();
    const remote = this.#remote;
    const folder = (branch: string, name: string) =>
      new Map(
        [...remote.files(branch, name)].flatMap(([path, text]) =>
          others.has(path) ? [] : [[path.slice(name.length + 1), text] as const],
        ),
      );
    const [desired, there] = [folder(stateBranch, "desired"), folder(target, "rendered")];
    const [request, ...more] = this.#open;
    const proposed = request === undefined ? there : folder(reviewBranch, "rendered");
    const stored = JSON.parse(remote.file(stateBranch, "reviews/all.json") ?? "{}") as { rejected?: object };
    const rejected = new Set(Object.keys(stored.rejected ?? {}));
    const lacking = [...new Set([...desired.keys(), ...there.keys()])].filter(
      (path) => desired.get(path) !== there.get(path) && desired.get(path) !== proposed.get(path),
    );
    return [
      ...lacking.filter((path) => !rejected.has(path)).map((path) => `${path} is neither proposed nor turned down`),
      ...more.map(({ number }) => `request ${number} is one too many`),
    ];
  }
}
