/** `output.sops`: what it needs, what it does not go with, and what Flux is told of it. */
import { expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";

const load = (lines: string) =>
  loadSettings(
    `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: https://git.example.com/acme/fleet.git}
${lines}
`,
    "/etc/sluice/sluice.yaml",
  );

it("names its files beside the settings, and the key by reference", () => {
  const { value, problems } = load(`config: {decrypt: sops}
output: {secrets: sops, sops: {config: ./.sops.yaml, hmacKey: {env: KEY}, decryptionSecret: sops-age}}
delivery: {kind: flux}`);

  expect(problems).toEqual([]);
  expect(value?.config).toMatchObject({ kind: "target", decrypt: "sops" });
  expect(value?.output).toMatchObject({
    secrets: "sops",
    sops: { config: "/etc/sluice/.sops.yaml", hmacKey: { kind: "env", name: "KEY" }, decryptionSecret: "sops-age" },
  });
  expect(value?.delivery).toMatchObject({ kind: "flux", decryption: { secret: "sops-age" } });
});

it("tells Flux nothing where nothing is encrypted", () => {
  const { value } = load("output: {sops: {hmacKey: {env: KEY}, decryptionSecret: sops-age}}\ndelivery: {kind: flux}");
  expect(value?.delivery).not.toHaveProperty("decryption");
});

const applier = "delivery: {kind: applier, kubeconfigs: {fleet/eu: {file: ./eu}}}";
it.each([
  ["sops without rules", "output: {secrets: sops}", "needs output.sops.config"],
  ["argocd", "output: {secrets: sops, sops: {config: ./a}}\ndelivery: {kind: argocd}", "delivery.kind argocd"],
  ["the applier", `output: {secrets: sops, sops: {config: ./a}}\n${applier}`, "delivery.kind applier"],
  ["a key in the file", "output: {sops: {hmacKey: secret}}", "hmacKey"],
])("%s is an error", (_, lines, message) => {
  const { value, problems } = load(lines);
  expect(value).toBeUndefined();
  expect(problems).toMatchObject([{ code: "SETTINGS_INVALID", message: expect.stringContaining(message) }]);
});
