/**
 * A thousand connections that Secrets describe, on one nats-server: what they take of the service while they are idle, how
 * soon all are subscribed, at first and after the server was killed, and what they take from a lone event of another one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { findFreePort, type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite, type MeasuredService } from "./bench-site.ts";

const secondsToSubscribeMax = 30;
const memoryMiBMax = 512;
const idleShareMax = 0.05;
const eventsATurn = 10;

export async function benchConnections({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const [connections, events, idleSeconds] = isQuick ? [200, 40, 10] : [1000, 200, 60];
  const agents = await Agents.start(connections);
  const sites: BenchSite[] = [];
  const services: MeasuredService[] = [];
  try {
    const open = async (further: string) => {
      const site = await BenchSite.open({
        clusters: 1,
        shards: 0,
        output: ", secrets: plain",
        connections: further,
        documents: agents.documents(),
      });
      sites.push(site);
      const service = await site.startService();
      services.push(service);
      // The first event makes what later ones find.
      await site.publish([0]);
      await site.untilPushed();
      return { site, service };
    };
    const without = await open("");
    const started = performance.now();
    const withThem = await open(
      `, {name: agents, fromSecrets: true, connectTo: {"${agents.configured}": '${byLabel}'}}`,
    );
    const asked = performance.now();
    await agents.untilSubscribed(withThem.service);
    const subscribed = (performance.now() - asked) / 1000;
    await sleep(5_000);
    const idle = [
      await idleShare(withThem.service, idleSeconds),
      await idleShare(without.service, idleSeconds),
    ] as const;
    const memory = [withThem.service.usage(), without.service.usage()] as const;
    await agents.server.kill();
    await sleep(2_000);
    await agents.server.restart();
    const restarted = performance.now();
    await agents.untilSubscribed(withThem.service);
    const again = (performance.now() - restarted) / 1000;
    const afterwards = withThem.service.usage();
    const times = await inTurns(withThem, without, events);
    const [mine, other] = [percentile(times.with, 0.5), percentile(times.without, 0.5)];
    const name = `${connections} connections from Secrets`;
    return [
      {
        name: `${name}: lone event of another, p50 with them by p50 without`,
        ratio: mine / other,
        goal: { atMost: 1.05 },
        detail: `with ${formatNumber(mine)} ms, without ${formatNumber(other)} ms, of ${events} each, in turns`,
      },
      {
        name: `${name}: memory by ${memoryMiBMax} MiB`,
        ratio: memory[0].currentMiB / memoryMiBMax,
        goal: { atMost: 1 },
        detail: `${formatNumber(memory[0].currentMiB)} MiB, peak ${formatNumber(memory[0].peakMiB)}; without ${formatNumber(memory[1].currentMiB)}, peak ${formatNumber(memory[1].peakMiB)}; after the restart ${formatNumber(afterwards.currentMiB)}, peak ${formatNumber(afterwards.peakMiB)}`,
      },
      {
        name: `${name}: CPU while idle by ${idleShareMax} of a core`,
        ratio: idle[0] / idleShareMax,
        goal: { atMost: 1 },
        detail: `${formatNumber(idle[0])} of a core, without them ${formatNumber(idle[1])}, over ${idleSeconds} s`,
      },
      {
        name: `${name}: seconds from their Secrets' first push until all are subscribed by ${secondsToSubscribeMax}`,
        ratio: subscribed / secondsToSubscribeMax,
        goal: { atMost: 1 },
        detail: `${formatNumber(subscribed)} s; the service had started ${formatNumber((asked - started) / 1000)} s before`,
      },
      {
        name: `${name}: seconds from the server's restart until all are subscribed by ${secondsToSubscribeMax}`,
        ratio: again / secondsToSubscribeMax,
        goal: { atMost: 1 },
        detail: `${formatNumber(again)} s`,
      },
    ];
  } finally {
    for (const service of services) {
      service.signal("SIGCONT");
      await service.stop();
    }
    for (const site of sites) await site.close();
    await agents.server.stop();
  }
}

interface Side {
  readonly site: BenchSite;
  readonly service: MeasuredService;
}

/** Milliseconds of lone events, a few with and a few without; the other service stands still meanwhile. */
async function inTurns(withThem: Side, without: Side, events: number): Promise<Record<"with" | "without", number[]>> {
  const times: Record<"with" | "without", number[]> = { with: [], without: [] };
  let user = 1;
  for (let done = 0; done < events; done += eventsATurn) {
    for (const [key, side, other] of [
      ["with", withThem, without],
      ["without", without, withThem],
    ] as const) {
      other.service.signal("SIGSTOP");
      side.service.signal("SIGCONT");
      for (let index = 0; index < eventsATurn; index++, user++) {
        const pushed = side.site.nextPush("main");
        const started = performance.now();
        await side.site.publish([user]);
        await pushed;
        times[key].push(performance.now() - started);
        await side.site.untilPushed();
      }
    }
  }
  return times;
}

/** CPU seconds of the service a second. */
async function idleShare(service: MeasuredService, seconds: number): Promise<number> {
  const before = service.usage().cpuSeconds;
  const started = performance.now();
  await sleep(seconds * 1000);
  return (service.usage().cpuSeconds - before) / ((performance.now() - started) / 1000);
}

/** Where a cluster's own nats-server would be reached. */
const byLabel = '{{ index .Cluster.metadata.annotations "example.com/nats" }}';

/** The clusters' nats-server. There is one: each cluster has an address of its own for it, out of 127.0.0.0/8. */
class Agents {
  readonly server: NatsServer;
  /** As the Secrets say it. */
  readonly configured = "nats.nats.svc.cluster.local:4222";
  readonly #connections: number;
  readonly #monitor: string;

  private constructor(server: NatsServer, connections: number, monitor: string) {
    this.server = server;
    this.#connections = connections;
    this.#monitor = monitor;
  }

  static async start(connections: number): Promise<Agents> {
    const port = await findFreePort();
    const config = `http: "127.0.0.1:${port}"`;
    const server = await startNatsServer({ host: "0.0.0.0", jetstream: true, config });
    const nats = await connect({ servers: server.url });
    await (await jetstreamManager(nats)).streams.add({ name: "AGENTS", subjects: ["stream.>"] });
    await nats.close();
    return new Agents(server, connections, `http://127.0.0.1:${port}/connz?subs=1&limit=${connections + 100}`);
  }

  /** Clusters, and a profile that brings each its Secret: every other one reads a stream, the others a subject. */
  documents(): string {
    const clusters = Array.from({ length: this.#connections }, (_, index) => {
      const address = `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}:${this.server.port}`;
      return `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata:
  name: agent-${index}
  namespace: fleet
  labels: {env: agents, kind: ${kindOf(index)}}
  annotations: {example.com/nats: "${address}"}
`;
    });
    const url = `nats://${this.configured}`;
    return [
      ...clusters,
      profile(
        "core",
        `{"nats": {"configuration": {"url": "${url}", "subjects": ["core.{{ .Cluster.metadata.name }}.>"]}}}`,
      ),
      profile(
        "stream",
        `{"jetstream": {"configuration": {"url": "${url}", "streams": [{"name": "AGENTS", "subjects": ["stream.{{ .Cluster.metadata.name }}.>"]}]}}}`,
      ),
    ].join("---\n");
  }

  /** As the server sees it: a subscription to its subject, or a request for a stream's messages, of each. */
  async untilSubscribed(service: MeasuredService): Promise<void> {
    for (;;) {
      service.checkRuns();
      const shown = await fetch(this.#monitor).then((answer) => answer.json(), noneShown);
      const { connections } = shown as { connections: readonly ShownConnection[] };
      if (connections.filter(isSubscribed).length >= this.#connections) return;
      await sleep(100);
    }
  }
}

interface ShownConnection {
  readonly name?: string;
  readonly subscriptions: number;
}

/** While the server is down. */
const noneShown = () => ({ connections: [] });

/** Who reads a stream subscribes to the answers of its requests, and then to messages. */
function isSubscribed({ name = "", subscriptions }: ShownConnection): boolean {
  const index = /^sluice agents\/fleet\/agent-(\d+)$/.exec(name)?.[1];
  return index !== undefined && subscriptions > (kindOf(Number(index)) === "stream" ? 1 : 0);
}

function kindOf(index: number): "core" | "stream" {
  return index % 2 === 0 ? "core" : "stream";
}

function profile(kind: "core" | "stream", connection: string): string {
  return `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: agents-${kind}}
spec:
  clusterSelector: {matchLabels: {kind: ${kind}}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: sveltos-nats-${kind}}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: sveltos-nats-${kind}
  namespace: default
  annotations: {projectsveltos.io/template: ok}
data:
  secret.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: sveltos-nats, namespace: projectsveltos}
    type: addons.projectsveltos.io/cluster-profile
    stringData:
      sveltos-nats: |
        ${connection}
`;
}
