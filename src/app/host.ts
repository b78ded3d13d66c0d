/**
 * Keeps a service running while its settings change: the new file is checked and swapped in whole, or refused with the
 * old one kept. Streams of connections that stay as they are stay open meanwhile, so that nothing is missed.
 */

import type { EventStream } from "../ports/event-stream.ts";
import type { Log } from "../ports/system.ts";
import { type CliContext, type ExitCode, reportProblems } from "./cli/context.ts";
import { openControl } from "./compose/control.ts";
import { fileWatch, limitHeapGrowth } from "./compose/process.ts";
import { composeService, type OpenService } from "./compose/service.ts";
import { openStreams } from "./compose/streams.ts";
import { openWebhooks, type WebhookServer } from "./http/webhooks.ts";
import { readServiceConfig, type ServiceConfig, secretReader } from "./read-config.ts";

type OpenStreams = Map<string, readonly EventStream[]>;

/** Runs until the context is stopped. Exit code 3 where the settings can't be used at the start. */
export async function hostService(context: CliContext, file: string, log: Log): Promise<ExitCode> {
  limitHeapGrowth();
  const { value: first, problems } = await readServiceConfig(context, file, false);
  if (
    reportProblems(
      context,
      problems.filter(() => first === undefined),
    ) ||
    first === undefined
  )
    return 3;
  for (const problem of problems) log.problem(problem);

  let config: ServiceConfig | undefined = first;
  let streams: OpenStreams = new Map();
  let service: OpenService | undefined;
  const control = await openControl(first.settings, async (command) => {
    if (service === undefined) throw new Error("the service is starting");
    return service.execute(command);
  });
  try {
    let isFirst = true;
    while (config !== undefined) {
      streams = await exchangeStreams(context, config, streams, log);
      const all = [...streams.values()].flat();
      service = await composeService(context, config, all, log, () =>
        log.info(isFirst ? "ready" : "settings in force"),
      );
      const webhooks = await listen(context, config, service);
      const next: ServiceConfig | undefined = await runUntilChanged(context, file, config, service, log).finally(() =>
        webhooks?.close(),
      );
      await service.close();
      service = undefined;
      config = next;
      isFirst = false;
    }
    return 0;
  } finally {
    await control.close();
    await service?.close();
    for (const opened of streams.values()) for (const stream of opened) await stream.close();
  }
}

async function listen(
  context: CliContext,
  { settings: { webhooks } }: ServiceConfig,
  service: OpenService,
): Promise<WebhookServer | undefined> {
  if (webhooks === undefined) return undefined;
  const { host, port, secret } = webhooks;
  const read = secretReader(context);
  return openWebhooks({ host, port, secret: () => read(secret), onHint: () => service.hint() });
}

/** Runs the service; returns the settings that are to follow, or undefined when it was told to stop. */
async function runUntilChanged(
  context: CliContext,
  file: string,
  config: ServiceConfig,
  service: OpenService,
  log: Log,
): Promise<ServiceConfig | undefined> {
  const stop = new AbortController();
  const stopAll = () => stop.abort();
  if (context.stop.aborted) stopAll();
  context.stop.addEventListener("abort", stopAll, { once: true });
  const running = service.run(stop.signal);
  try {
    const changed = await Promise.race([
      running.then(() => undefined),
      untilChanged(context, file, config, log, stop.signal),
    ]);
    stop.abort();
    await running;
    return context.stop.aborted ? undefined : changed;
  } finally {
    context.stop.removeEventListener("abort", stopAll);
    stop.abort();
  }
}

/** Waits for good settings that say something else; bad ones are told once, and the old ones stay. */
async function untilChanged(
  context: CliContext,
  file: string,
  config: ServiceConfig,
  log: Log,
  signal: AbortSignal,
): Promise<ServiceConfig | undefined> {
  const watch = fileWatch();
  let seen = await watch.fingerprint(config.files);
  while (await watch.tick(signal)) {
    const now = await watch.fingerprint(config.files);
    if (now === seen) continue;
    seen = now;
    const { value: next, problems } = await readServiceConfig(context, file, true);
    for (const problem of problems) log.problem(problem);
    if (next === undefined) log.error("the new settings are refused; the old ones stay in force");
    else if (settingsText(next) !== settingsText(config)) return next;
  }
  return undefined;
}

/** Closes the streams of connections that changed or went, and opens those of new ones. */
async function exchangeStreams(
  context: CliContext,
  config: ServiceConfig,
  old: OpenStreams,
  log: Log,
): Promise<OpenStreams> {
  const { repository, output, state } = config.settings;
  const keys = config.connections.map(({ connection }) =>
    plainText([connection, repository.url, output.path, state.directory]),
  );
  for (const [key, streams] of old) if (!keys.includes(key)) for (const stream of streams) await stream.close();
  return new Map(
    config.connections.map((connection, index) => {
      const key = keys[index] ?? "";
      return [key, old.get(key) ?? openStreams(context, config.settings, connection, log)];
    }),
  );
}

function settingsText({ settings, connections }: ServiceConfig): string {
  return plainText([settings, connections]);
}

function plainText(value: unknown): string {
  return JSON.stringify(value, (_, member) => (member instanceof Map ? [...member] : member));
}
