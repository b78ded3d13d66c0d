/**
 * Every command that a page of docs/ prints in a block is typed as it is printed, block by block, and has to work; each
 * section begins where the page began. What can't be run here is in `elsewhere`, with the reason. Those of the README are
 * typed by `newcomer.test.ts`.
 *
 * Commands of kubectl, helm and nats, and what asks a cluster, need `npm run tools kubectl helm nats kube-apiserver etcd`,
 * then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { codeBlocks, readPage, readPages, sectionLine, shellBlocks } from "../docs/pages.ts";
import { commandLines } from "../docs/shell-commands.ts";
import { isBuilt, type ToolName } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { addLooseKind, libPath, startSveltosHub } from "./sveltos-hub.ts";
import { TypingPlace } from "./typing-place.ts";
import { until } from "./workbench.ts";

const root = findProjectRoot();
const fleetUrl = "https://github.com/acme/fleet.git";
const rehearsalUrl = "https://git.example.com/acme/rehearsal.git";

/** By page and command, why it can't be run here. */
const elsewhere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/delivery.md": {
    "flux get kustomizations -A": "Flux's command is no Go module that can be built: its manifests are made beside it",
  },
  "docs/install.md": {
    "kubectl --namespace=sluice exec fleet-sluice-0 -- sluice doctor -f /etc/sluice/settings/sluice.yaml":
      "no kubelet runs the pod; that the chart puts the settings there is tested in contract/chart.test.ts",
    "helm install --namespace=sluice --values=values.yaml fleet deploy/helm/sluice":
      "a kube-apiserver that is built from its module has no version, which helm compares; applied as a dry run below",
    "systemd-creds encrypt --name=git-token ./token /etc/sluice/git-token.cred": "writes to the machine's /etc",
    "cp deploy/systemd/sluice.service /etc/systemd/system/": "writes to the machine's /etc",
    "systemctl enable --now sluice": "needs systemd as the first process",
    "journalctl --unit=sluice --follow": "needs systemd as the first process",
    "nsc add user --account FLEET --name=sluice --allow-pub '$JS.API.STREAM.INFO.ORDERS,$JS.API.CONSUMER.*.ORDERS.>,$JS.API.CONSUMER.MSG.NEXT.ORDERS.*,$JS.ACK.>' --allow-sub '_INBOX.>'":
      "the Go module proxy has no nsc; such users are tested in contract/nats-permissions.test.ts",
    "nsc generate creds --account FLEET --name=sluice > sluice.creds": "the Go module proxy has no nsc",
  },
};

interface Scene {
  readonly repositories?: readonly string[];
  /** What the page takes to be there. */
  readonly prepare?: (place: TypingPlace) => Promise<void>;
  /** What the page's prose has people do before a command. */
  readonly before?: Readonly<Record<string, (place: TypingPlace) => Promise<void>>>;
  /** What must have come of it, where all commands were typed. */
  readonly after?: (place: TypingPlace) => Promise<void>;
  /** Nothing of the page can be typed without a cluster. */
  readonly isWhole?: true;
}

const kubeStops = new WeakMap<TypingPlace, () => Promise<void>>();

/** A kubeconfig with these contexts, all for one server; the first is current. */
async function useCluster(
  place: TypingPlace,
  server: { readonly kubeconfigFile: string; stop(): Promise<void> },
  contexts: readonly string[],
): Promise<void> {
  kubeStops.set(place, () => server.stop());
  const config = JSON.parse(await readFile(server.kubeconfigFile, "utf8"));
  const [{ context }] = config.contexts;
  const named = contexts.map((name) => ({ name, context }));
  const file = join(place.folder, "kubeconfig");
  await writeFile(file, JSON.stringify({ ...config, contexts: named, "current-context": contexts[0] }), {
    mode: 0o600,
  });
  place.env.KUBECONFIG = file;
}

/** A repository with what `init` writes, pushed; the address is a folder, which needs no credentials. */
async function beginFleet(place: TypingPlace): Promise<void> {
  const bare = join(place.folder, "own.git");
  await place.git("init", "--quiet", "--bare", bare);
  await place.git("init", "--quiet", place.start);
  await place.git("-C", place.start, "remote", "add", "origin", bare);
  await place.type("sluice init . --nats nats://127.0.0.1:4222");
  await place.type("git add --all && git commit --quiet --message=Begin && git push --quiet origin HEAD:main");
}

const scenes: Readonly<Record<string, Scene>> = {
  "docs/delivery.md": {
    isWhole: true,
    prepare: async (place) => {
      const server = await startKubeApiServer();
      await useCluster(place, server, ["hub"]);
      await addLooseKind(server, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations", "Namespaced");
    },
  },
  "docs/drill.md": {
    prepare: async (place) => {
      await beginFleet(place);
      await place.type("sluice run");
    },
  },
  "docs/install.md": {
    repositories: [fleetUrl],
    prepare: async (place) => {
      const { start: folder, folder: home } = place;
      await beginFleet(place);
      const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
      await promisify(execFile)("npm", pack, { cwd: root });
      Object.assign(place.env, { npm_config_prefix: join(home, "global"), npm_config_prefer_offline: "true" });
      await symlink(join(root, "deploy"), join(folder, "deploy"));
      await writeFile(join(folder, "token"), "secret");
      await copyFile(join(folder, "nats.json"), join(folder, "sveltos-nats.json"));
      const values = codeBlocks(readPage("docs/install.md")).find(({ text }) => text.startsWith("# values.yaml"));
      await writeFile(join(folder, "values.yaml"), values!.text);
    },
    before: {
      "kubectl create namespace sluice": async (place) => useCluster(place, await startKubeApiServer(), ["production"]),
    },
    after: async (place) => {
      const values = "--namespace=sluice --values=values.yaml --kube-version=1.36.3";
      const applied = await place.type(
        `helm template ${values} fleet deploy/helm/sluice | kubectl apply --namespace=sluice --dry-run=server -f -`,
      );
      // The pod that the page looks into is this one's first.
      expect(applied).toContain("statefulset.apps/fleet-sluice created (server dry run)");
    },
  },
  "docs/migrate-from-sveltos.md": {
    isWhole: true,
    repositories: [rehearsalUrl],
    prepare: async (place) => {
      const hub = await startSveltosHub();
      await useCluster(place, hub.server, ["hub", "eu-1"]);
      const cluster = { name: "eu-1", namespace: "fleet", labels: { env: "production" } };
      await hub.post(`${libPath}/namespaces/fleet/sveltosclusters`, {
        apiVersion: "lib.projectsveltos.io/v1beta1",
        kind: "SveltosCluster",
        metadata: cluster,
        spec: { kubeconfigName: "eu-1" },
      });
      // Without one no event is taken, and a service is not ready.
      await hub.post(`${libPath}/eventsources`, {
        apiVersion: "lib.projectsveltos.io/v1beta1",
        kind: "EventSource",
        metadata: { name: "user-operation" },
        spec: { messagingMatchCriteria: [{ subject: "user-operation", cloudEventSource: "auth.example.com" }] },
      });
      await hub.post(`${libPath}/eventtriggers`, {
        apiVersion: "lib.projectsveltos.io/v1beta1",
        kind: "EventTrigger",
        metadata: { name: "manage-namespace" },
        spec: {
          sourceClusterSelector: { matchLabels: { env: "production" } },
          eventSourceName: "user-operation",
          oneForEvent: true,
          policyRefs: [{ kind: "ConfigMap", namespace: "default", name: "namespace" }],
        },
      });
      await hub.post("/api/v1/namespaces/default/configmaps", {
        metadata: { name: "namespace", annotations: { "projectsveltos.io/instantiate": "ok" } },
        data: { "a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: '{{ .CloudEvent.subject }}'}\n" },
      });
    },
    before: {
      "sluice apply --cluster fleet/eu-1 --kubeconfig eu-1.kubeconfig --dry-run --adopt=application/apply-patch":
        async (place) => {
          const settings = join(place.directory, "sluice.yaml");
          const bare = place.bareRepository(rehearsalUrl);
          const text = (await readFile(settings, "utf8")).replace(rehearsalUrl, bare).replace(/^ +auth: .*\n/m, "");
          await writeFile(settings, text);
          const connection = join(place.directory, "nats.json");
          await writeFile(connection, (await readFile(connection, "utf8")).replace(":4222", `:${place.nats.port}`));
          await place.type("git init --quiet && git add --all && git commit --quiet --message=Begin");
          await place.type(`git push --quiet ${bare} HEAD:main`);
          await place.type("sluice run");
          await until(
            async () => (await place.pushedFiles(rehearsalUrl)).some((path) => path.startsWith("rendered/fleet/eu-1/")),
            "the cluster's folder",
          );
          await copyFile(place.env.KUBECONFIG!, join(place.directory, "eu-1.kubeconfig"));
        },
    },
  },
  "docs/operating.md": {
    prepare: async (place) => {
      // As zsh has it; and the folder that fish makes when it first starts.
      const fpath = join(place.folder, "site-functions");
      await mkdir(fpath);
      await mkdir(join(place.folder, ".config", "fish", "completions"), { recursive: true });
      await writeFile(join(place.folder, "environment"), `fpath=(none ${fpath})\n`);
      place.env.BASH_ENV = join(place.folder, "environment");
      // Of no shell within another, with a socket as Node's for stdin, bash believes that it was logged in to: it reads none.
      place.env.SHLVL = "1";
    },
    after: async (place) => {
      expect(await readFile(join(place.folder, "site-functions", "_sluice"), "utf8")).toContain("#compdef sluice");
    },
  },
  "docs/outcomes.md": {
    after: async (place) => {
      const info = await inspectStream(place, "OUTCOMES");
      expect(info.config.subjects).toEqual(["sluice.outcomes"]);
    },
  },
  "docs/scaling.md": {
    after: async (place) => {
      const nats = await connect({ servers: place.nats.url });
      await jetstream(nats).publish("part.3.alice", "{}");
      await nats.close();
      const { state } = await inspectStream(place, "USERS-3", { subjects_filter: ">" });
      expect(Object.keys(state.subjects ?? {})).toEqual(["users.alice"]);
    },
  },
};

async function inspectStream(place: TypingPlace, stream: string, options = {}) {
  const nats = await connect({ servers: place.nats.url });
  const info = await (await jetstreamManager(nats)).streams.info(stream, options);
  await nats.close();
  return info;
}

const cluster: readonly ToolName[] = ["kubectl", "helm", "kube-apiserver", "etcd"];
const built = new Set<ToolName>();
for (const tool of [...cluster, "nats"] as const) if (await isBuilt(tool)) built.add(tool);

/** Tools that a command needs and that are not there, or not to be used. */
function missingTools(command: string, scene: Scene | undefined): readonly ToolName[] {
  const needed =
    scene?.isWhole || /^(?:kubectl|helm) /.test(command) ? cluster : /^nats /.test(command) ? ["nats"] : [];
  return (needed as readonly ToolName[]).filter(
    (tool) => process.env.SLUICE_TEST_ALL === undefined || !built.has(tool),
  );
}

const pages = readPages().filter((page) => page.path !== "README.md" && shellBlocks(page).length > 0);

describe.each(pages)("$path", (page) => {
  const typed = shellBlocks(page).flatMap(({ language, text, line }) =>
    commandLines(language, text).map((command) => ({ command, section: sectionLine(page, line) })),
  );
  const scene = scenes[page.path];
  const reasons = elsewhere[page.path] ?? {};
  const here = typed.filter(({ command }) => reasons[command] === undefined);
  const missing = [...new Set(here.flatMap(({ command }) => missingTools(command, scene)))];
  const ready = here.filter(({ command }) => missingTools(command, scene).length === 0);

  it("prints what is said to be run elsewhere", () => {
    expect(Object.keys(reasons).filter((reason) => !typed.some(({ command }) => command === reason))).toEqual([]);
  });

  it.skipIf(ready.length === 0)(
    missing.length === 0 ? "has commands that work" : `has commands that work, those apart that need ${missing}`,
    async () => {
      const place = await TypingPlace.open({
        tools: (["kubectl", "helm", "nats"] as const).filter((tool) => built.has(tool)),
        repositories: scene?.repositories ?? [],
      });
      try {
        await scene?.prepare?.(place);
        let at = 0;
        for (const { command, section } of ready) {
          if (section !== at) place.directory = place.start;
          at = section;
          await scene?.before?.[command]?.(place);
          await place.type(command);
        }
        if (missing.length === 0) await scene?.after?.(place);
      } finally {
        await place.close();
        await kubeStops.get(place)?.();
      }
    },
  );
});
