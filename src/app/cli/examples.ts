/** Examples in the help of commands: what people come for. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  init: [
    "sluice init .",
    "sluice init fleet --url https://github.com/acme/fleet.git --delivery flux",
    "kubectl -n projectsveltos get secret sveltos-nats -o yaml | sluice init . --connection - --delivery applier",
  ],
  import: [
    "sluice import --context hub config",
    "kubectl get eventsources,eventtriggers,clusterprofiles,sveltosclusters,configmaps -A -o yaml | sluice import - config",
    "sluice import --context hub --only clusters --commit --watch",
  ],
  run: ["sluice run", "sluice run -f /etc/sluice/sluice.yaml --log-format json"],
  render: ["sluice render --event login.json", "cat events.jsonl | sluice render --event - --output rendered"],
  diff: ["sluice diff", "sluice diff --event login.json -o summary"],
  test: ["sluice test", "sluice test tests/users.test.yaml"],
  explain: [
    "sluice explain Namespace/alice --cluster fleet/eu-1",
    "sluice explain Namespace/alice --history",
    "sluice explain deployment.apps/web/shop",
  ],
  validate: ["sluice validate", "sluice validate config"],
  doctor: ["sluice doctor", "sluice doctor -o json"],
  status: ["sluice status", "sluice status -o json"],
  show: [
    "sluice show addons --cluster fleet/eu-1",
    "sluice show addons --at 2026-01-31T12:00:00Z",
    "sluice show entities --failed -o wide",
    "sluice show events --watch",
    "sluice show dead-letters -o json",
  ],
  remove: ["sluice remove --source auth.example.com --subject alice"],
  approve: ["sluice approve 3f0c9a1b77de"],
  publish: [
    `sluice publish user.login --type login --source auth.example.com --subject alice --data '{"org":"acme"}'`,
    "echo '{}' | sluice publish user.login --event -",
  ],
};
