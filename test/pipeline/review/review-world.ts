/** A state, a target and a forge, all in memory, and the publisher between them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReviewGrouping } from "../../../src/model/review.ts";
import type { Template } from "../../../src/model/template.ts";
import { type ReviewOptions, ReviewPublisher } from "../../../src/pipeline/review/review-publisher.ts";
import type { ReviewTemplates } from "../../../src/pipeline/review/review-texts.ts";
import type { PlanInput } from "../../../src/plan/state-fold.ts";
import type { CodeHost } from "../../../src/ports/code-host.ts";
import type { ObjectId } from "../../../src/ports/git.ts";
import { compileTemplate } from "../../../src/render/compile-template.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeCodeHost } from "../../fakes/fake-code-host.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";
import { findProjectRoot } from "../../tools/find-project-root.ts";

const stateBranch = "sluice/state";

function compileShipped(name: string): Template {
  const file = join(findProjectRoot(), "templates", name);
  const place = { file, part: "", line: 1, column: 1, continuationColumn: 1 };
  const { template } = compileTemplate({ text: readFileSync(file, "utf8"), engine: "go", ...place });
  if (template === undefined) throw new Error(`${name} does not compile`);
  return template;
}

const templates: ReviewTemplates = {
  title: compileShipped("review-title.tmpl"),
  body: compileShipped("review-body.tmpl"),
  commit: compileShipped("review-commit.tmpl"),
  comment: compileShipped("review-comment.tmpl"),
};

/** A path as tests name objects: `<trigger>/<name>`, or a path below the cluster's folder where it ends in `.yaml`. */
export function pathOf(object: string): string {
  if (object.endsWith(".yaml")) return `fleet/eu/${object}`;
  const [trigger, name] = object.split("/");
  return `fleet/eu/triggers/${trigger}/ns/configmap/${name}.yaml`;
}

export function manifest(text: string): string {
  return `kind: ConfigMap\nmetadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\ndata: ${text}\n`;
}

/** The inverse of {@link pathOf}, as far as there is one. */
function objectOf(path: string): string {
  const [, trigger, name] = /^fleet\/eu\/triggers\/([^/]+)\/ns\/configmap\/(.*)\.yaml$/.exec(path) ?? [];
  return name === undefined ? path.replace(/^fleet\/eu\//, "") : `${trigger}/${name}`;
}

export class ReviewWorld {
  readonly remote = new FakeGitRemote();
  readonly host = new FakeCodeHost(this.remote);
  readonly clock = createFakeClock();
  readonly log = createFakeLog();
  readonly options: ReviewOptions;
  /** What the publisher talks to: the fake, or an adapter over a stand-in. */
  readonly #forge: CodeHost;
  git = new FakeGitRepository(this.remote);
  publisher: ReviewPublisher;
  /** How often the state was written by the publisher. */
  stateCommits = 0;

  constructor(
    options: Partial<ReviewOptions> = {},
    grouping: ReviewGrouping = "all",
    openForge: (remote: FakeGitRemote) => CodeHost | undefined = () => undefined,
  ) {
    this.#forge = openForge(this.remote) ?? this.host;
    this.options = {
      target: "main",
      outputPath: "rendered",
      grouping,
      decoration: { labels: [], reviewers: [], assignees: [] },
      isDraft: false,
      hold: "never",
      autoMerge: undefined,
      requestsMax: 10,
      intervalMsMin: 1000,
      pollMs: 60_000,
      ...options,
    };
    this.publisher = this.#createPublisher();
    this.remote.commitAsPerson("main", { "README.md": "Hello\n" });
    this.remote.commitAsPerson(stateBranch, { "checkpoint.json": "{}\n" });
  }

  /** Changes the desired tree: texts by object; undefined removes one. */
  desire(objects: Readonly<Record<string, string | undefined>>): void {
    const files = Object.entries(objects).map(([object, text]) => [
      `desired/${pathOf(object)}`,
      text === undefined ? undefined : manifest(text),
    ]);
    this.remote.commitAsPerson(stateBranch, Object.fromEntries(files));
  }

  get desired(): Record<string, string> {
    return this.#objectsOf(stateBranch, "desired");
  }

  /** Of a branch; the target's by default. */
  objects(branch = "main"): Record<string, string> {
    return this.#objectsOf(branch, "rendered");
  }

  #objectsOf(branch: string, folder: string): Record<string, string> {
    const files = [...this.remote.files(branch, folder)].map(([path, text]) => [
      objectOf(path.slice(folder.length + 1)),
      /^data: (.*)$/m.exec(text)?.[1] ?? text,
    ]);
    return Object.fromEntries(files);
  }

  /** What a person does to a branch: texts by object. */
  editAsPerson(branch: string, objects: Readonly<Record<string, string | undefined>>): ObjectId {
    const files = Object.entries(objects).map(([object, text]) => [
      `rendered/${pathOf(object)}`,
      text === undefined ? undefined : manifest(text),
    ]);
    return this.remote.commitAsPerson(branch, Object.fromEntries(files));
  }

  /** One look, as when the forge's webhook has come. */
  async look(): Promise<boolean> {
    this.publisher.hint(true);
    return this.publisher.look({
      readState: async () => {
        const head = (await this.git.fetchHeads([stateBranch])).get(stateBranch)!;
        return (await this.git.readCommit(head)).tree;
      },
      commit: async (inputs) => this.#commit(inputs),
    });
  }

  /** Looks, with time between, until nothing changes any more. */
  async settle(): Promise<void> {
    for (let look = 0; look < 6; look++) {
      await this.look();
      this.clock.advance(3000);
    }
  }

  /** Another process, that knows what is on the servers. */
  restart(): void {
    this.git = new FakeGitRepository(this.remote);
    this.publisher = this.#createPublisher();
  }

  #createPublisher(): ReviewPublisher {
    const { git, clock, log } = this;
    return new ReviewPublisher(this.options, { git, host: this.#forge, clock, log, templates });
  }

  async #commit(inputs: readonly PlanInput[]): Promise<void> {
    await this.git.fault("push", "before");
    const files = inputs.flatMap((input) => (input.kind === "file" ? [[input.path, input.text]] : []));
    this.remote.commitAsPerson(stateBranch, Object.fromEntries(files));
    this.stateCommits++;
    await this.git.fault("push", "after");
  }
}
