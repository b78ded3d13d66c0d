/** Three nats-servers on 127.0.0.1 that form a cluster with JetStream. */
import { findFreePort, type NatsServer, startNatsServer } from "./nats-server.ts";

export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  /** All of them, separated by commas. */
  readonly url: string;
  /** By the name that the cluster knows it by. */
  find(name: string): NatsServer;
  stop(): Promise<void>;
}

/** `config`: further lines for each of them. */
export async function startNatsCluster(config = ""): Promise<NatsCluster> {
  const names = ["n1", "n2", "n3"];
  const routes = await Promise.all(names.map(() => findFreePort()));
  const urls = routes.map((port) => `nats://127.0.0.1:${port}`).join(", ");
  const servers: NatsServer[] = [];
  try {
    for (const [index, name] of names.entries()) {
      const cluster = `cluster { name: test, listen: "127.0.0.1:${routes[index]}", routes: [${urls}] }`;
      servers.push(await startNatsServer({ jetstream: true, config: `server_name: ${name}\n${cluster}\n${config}` }));
    }
  } catch (error) {
    for (const server of servers) await server.stop();
    throw error;
  }
  return {
    servers,
    url: servers.map(({ url }) => url).join(","),
    find(name) {
      const server = servers[names.indexOf(name)];
      if (server === undefined) throw new Error(`no server ${name}`);
      return server;
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
