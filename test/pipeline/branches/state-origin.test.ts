/** A state in a repository that is not the one it remembers: a person says what happened. */
import { expect, it } from "vitest";
import { repositoryName } from "../../../src/config/repository-name.ts";
import { StateOrigin } from "../../../src/pipeline/branches/state-origin.ts";
import { emptyCheckpoint } from "../../../src/plan/checkpoint-file.ts";

const newId = () => "new";
const state = { ...emptyCheckpoint, stateId: "old", catalog: "c0ffee" };
const here = "git.example.com/acme/fleet";
const there = "git.example.com/acme/other";

it("goes on where it is at home, and where it remembers nothing yet", () => {
  const origin = new StateOrigin(here);
  expect(origin.judge({ ...state, repository: here }, newId)).toEqual({ ...state, repository: here });
  expect(origin.judge(state, newId)).toEqual({ ...state, repository: here });
  expect(() => origin.claim("copied")).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ code: "USAGE" }) }),
  );
});

it("is held elsewhere, and names both repositories", () => {
  const origin = new StateOrigin(here);
  for (let times = 0; times < 2; times++) {
    expect(() => origin.judge({ ...state, repository: there }, newId)).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ code: "CHANGE_HELD", message: expect.stringContaining(there) }),
      }),
    );
  }
});

it.each([
  ["moved", { ...state, repository: here }],
  // Its clusters' ConfigMaps and its consumers bear the id: they are made anew.
  ["copied", { ...state, repository: here, stateId: "new", catalog: "" }],
] as const)("that was %s goes on once a person says so", (claim, expected) => {
  const origin = new StateOrigin(here);
  expect(() => origin.judge({ ...state, repository: there }, newId)).toThrow();
  expect(origin.claim(claim)).toContain(here);
  expect(origin.judge({ ...state, repository: there }, newId)).toEqual(expected);
});

it.each([
  ["https://git.example.com/acme/fleet.git", here],
  ["https://git.example.com/acme/fleet/", here],
  ["https://GIT.example.com:8443/acme/fleet", here],
  ["ssh://git@git.example.com:2222/acme/fleet.git", here],
  ["git@git.example.com:acme/fleet.git", here],
  ["git.example.com:/acme/fleet.git", here],
  ["/srv/git/fleet.git", "/srv/git/fleet"],
  ["file:///srv/git/fleet.git", "/srv/git/fleet"],
  ["https://git.example.com/acme/100%.git", "git.example.com/acme/100%"],
])("%s is %s, however it is reached", (url, name) => {
  expect(repositoryName(url)).toBe(name);
});
