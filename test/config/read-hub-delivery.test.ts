/** `delivery` for a hub: what is filled in, and what is refused where it stands. */
import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";

function load(lines: string, url = "https://git.example.com/acme/fleet.git") {
  const text = `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${url}, branch: release}
connections: [{name: bus, file: ./bus.json}]
${lines}
`;
  return loadSettings(text, "/etc/sluice/sluice.yaml");
}

describe("delivery", () => {
  it("of flux has the defaults of docs/settings.md", () => {
    expect(load("delivery: {kind: flux}").value?.delivery).toEqual({
      kind: "flux",
      path: "delivery",
      split: "cluster",
      buckets: 1,
      artifacts: false,
      source: { name: "fleet", namespace: "flux-system" },
      interval: "10m",
      retryInterval: "30s",
      timeout: "1m",
    });
  });

  it("of argocd takes repository and branch from the repository", () => {
    expect(load("delivery: {kind: argocd}").value?.delivery).toEqual({
      kind: "argocd",
      path: "delivery",
      split: "cluster",
      buckets: 1,
      namespace: "argocd",
      project: "default",
      repoURL: "https://git.example.com/acme/fleet.git",
      revision: "release",
    });
  });

  it("is split by owner where that is asked for", () => {
    expect(load("delivery: {kind: flux, split: owner}").value?.delivery).toMatchObject({ split: "owner" });
  });

  it.each([
    [
      "what is the other kind's",
      "delivery: {kind: flux, project: default}",
      5,
      "delivery.project goes with kind argocd",
    ],
    [
      "what is the other kind's",
      "delivery: {kind: argocd, source: {name: a}}",
      5,
      "delivery.source goes with kind flux",
    ],
    ["a split by what there is not", "delivery: {kind: flux, split: team}", 5, "split"],
    ["folders in each other", "delivery: {kind: flux, path: rendered/hub}", 5, "delivery.path and output.path overlap"],
    ["folders in each other", "delivery: {kind: flux, path: config}", 5, "delivery.path and config.path overlap"],
    ["a folder outside", "delivery: {kind: flux, path: ../hub}", 5, "within the repository"],
    [
      "review",
      "delivery: {kind: flux, artifacts: true}\nreview: {mode: pull-request, forge: github}",
      5,
      "review.mode: pull-request",
    ],
    ["what is no number of buckets", "delivery: {kind: flux, buckets: 3}", 5, "buckets"],
  ])("refuses %s: %s", (_, lines, line, message) => {
    const { value, problems } = load(lines);

    expect(value).toBeUndefined();
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: "SETTINGS_INVALID",
        at: expect.objectContaining({ line }),
        message: expect.stringContaining(message),
      }),
    );
  });

  it("of argocd needs an address where the repository is a path", () => {
    const { problems } = load("delivery: {kind: argocd}", "./fleet.git");

    expect(problems).toMatchObject([{ code: "SETTINGS_INVALID", message: expect.stringContaining("repoURL") }]);
  });
});
