import { expect, it } from "vitest";
import { baseOf, isOfTheBase, type WorkflowEvent } from "../../src/app/workflow-event.ts";

const fleet = { full_name: "acme/fleet" };
const fork = { full_name: "mallory/fleet" };
const request = (head: { full_name: string } | null): WorkflowEvent => ({
  repository: fleet,
  pull_request: { number: 7, base: { sha: "b", repo: fleet }, head: { repo: head } },
});
const run = (event: string, head: object | undefined): WorkflowEvent => ({
  repository: fleet,
  workflow_run: {
    event,
    head_branch: "change",
    head_sha: "c",
    ...(head === undefined ? {} : { head_repository: head }),
  },
});

const cases: readonly [name: string | undefined, event: WorkflowEvent, isOurs: boolean, why: string][] = [
  ["pull_request", request(fleet), true, "a branch of the repository itself"],
  ["pull_request", request(fork), false, "a fork's"],
  ["pull_request", request(null), false, "its repository is gone"],
  ["pull_request", { repository: fleet }, false, "nothing is known of the head"],
  ["pull_request_target", request(fork), false, "secrets in the job, a fork's head"],
  ["pull_request_target", request(fleet), true, "a branch of the repository itself"],
  ["pull_request_review", request(fork), false, "a fork's"],
  ["pull_request_review_comment", request(fork), false, "a fork's"],
  ["issue_comment", { repository: fleet }, false, "may check out the head that the comment is on"],
  ["issues", { repository: fleet }, false, "the same"],
  ["merge_group", { repository: fleet, merge_group: { base_sha: "b" } }, false, "its requests may be forks'"],
  ["workflow_run", run("pull_request", fork), false, "a fork's"],
  ["workflow_run", run("pull_request", undefined), false, "its repository is gone"],
  ["workflow_run", run("issue_comment", fleet), false, "the run before was about anything"],
  ["workflow_run", run("pull_request_target", fleet), false, "the run before has the base's head, not the fork's"],
  ["workflow_run", run("pull_request", fleet), true, "a branch of the repository itself"],
  ["workflow_run", run("push", fleet), true, "pushed to the repository itself"],
  ["push", { repository: fleet }, true, "pushed to the repository itself"],
  ["push", request(fork), false, "a payload that does not fit"],
  ["schedule", {}, true, "the default branch"],
  ["workflow_dispatch", { repository: fleet }, true, "started by who may write"],
  ["deployment", { repository: fleet }, false, "not known to be the base's"],
  ["check_run", { repository: fleet }, false, "not known to be the base's"],
  [undefined, request(fleet), false, "no runner"],
  [undefined, {}, false, "no runner"],
];

for (const [name, event, isOurs, why] of cases) {
  it(`${name ?? "no event"} is ${isOurs ? "" : "not "}trusted: ${why}`, () => {
    expect(isOfTheBase(name, event)).toBe(isOurs);
  });
}

it("the base is the commit that the event names", () => {
  expect(baseOf(request(fork))).toBe("b");
  expect(baseOf({ merge_group: { base_sha: "m" } })).toBe("m");
  expect(baseOf({})).toBeUndefined();
});
