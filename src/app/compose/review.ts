/** Review by pull request: the forge, and what keeps requests in line with the state. */
import { GiteaCodeHost } from "../../adapters/gitea/gitea-code-host.ts";
import { GithubCodeHost } from "../../adapters/github/github-code-host.ts";
import type { GithubAuth } from "../../adapters/github/github-tokens.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import { deliversReleases, hubDeliveryOf, type ReviewSettings, type Settings } from "../../model/settings.ts";
import type { Ports } from "../../pipeline/branches/branch-parts.ts";
import { ReviewPublisher } from "../../pipeline/review/review-publisher.ts";
import type { CodeHost } from "../../ports/code-host.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";
import { openHttp, readGithubAuth } from "./repository.ts";
import { compileShipped } from "./shipped-template.ts";

type Reviewed = Extract<ReviewSettings, { mode: "pull-request" }>;

export function openCodeHost(context: CliContext, settings: Settings, review: Reviewed, log: Log): CodeHost {
  const { forge, place, auth } = review;
  const read = secretReader(context);
  const http = openHttp(settings);
  if (forge === "github") {
    const githubAuth: GithubAuth =
      auth.kind === "token" ? { kind: "token", token: () => read(auth.token) } : readGithubAuth(auth, read);
    return new GithubCodeHost({ ...place, http, auth: githubAuth, log });
  }
  if (auth.kind !== "token") throw new Error("the settings let a GitHub App through for gitea");
  return new GiteaCodeHost({ ...place, http, token: () => read(auth.token), clock: systemClock });
}

export function composeReview(
  context: CliContext,
  settings: Settings,
  review: Reviewed,
  ports: Ports,
): ReviewPublisher {
  return createReview(settings, review, { ...ports, host: openCodeHost(context, settings, review, ports.log) });
}

/** The same over a forge that is open. */
export function createReview(
  settings: Settings,
  review: Reviewed,
  ports: Ports & { readonly host: CodeHost },
): ReviewPublisher {
  const { grouping, labels, reviewers, assignees, isDraft, hold, autoMerge, requestsMax, intervalMsMin, pollMs } =
    review;
  const templates = {
    title: compileShipped("review-title.tmpl"),
    body: compileShipped("review-body.tmpl"),
    commit: compileShipped("review-commit.tmpl"),
    comment: compileShipped("review-comment.tmpl"),
  };
  const delivery = hubDeliveryOf(settings);
  const options = {
    target: settings.repository.branch,
    outputPath: settings.output.path,
    ...(delivery === undefined ? {} : { deliveryPath: delivery.path }),
    hasReleases: deliversReleases(settings),
    instance: settings.name,
    grouping,
    decoration: { labels, reviewers, assignees },
    isDraft,
    hold,
    autoMerge,
    requestsMax,
    intervalMsMin,
    pollMs,
  };
  return new ReviewPublisher(options, { ...ports, templates });
}
