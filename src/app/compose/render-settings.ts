/** What rendering goes by, made of the settings. */
import { createHmac } from "node:crypto";
import type { Settings } from "../../model/settings.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";

export function composeRenderSettings(settings: Settings, context: CliContext): RenderSettings {
  const { seedKey } = settings.render;
  const base = settingsWithoutChance(settings);
  return seedKey === undefined ? base : { ...base, drawBytes: bytesFrom(secretReader(context)(seedKey)) };
}

/** For tests and for what must not see secrets: functions of chance draw from a key that everybody knows. */
export function composeOpenRenderSettings(settings: Settings): RenderSettings {
  const base = settingsWithoutChance(settings);
  return settings.render.seedKey === undefined ? base : { ...base, drawBytes: bytesFrom("sluice") };
}

function settingsWithoutChance({ output, name, config, delivery }: Settings): RenderSettings {
  const { secrets, records } = output;
  const commitsConstants = config.kind === "target";
  // Where nothing is said of a delivery it may be Flux.
  const isReadAsWritten = delivery !== undefined && delivery.kind !== "flux";
  return { instance: name, secrets, commitsConstants, hidesEvents: records === "identity", isReadAsWritten };
}

/** Counter mode over HMAC: as many bytes as wanted, and nothing about the key. */
function bytesFrom(key: string): NonNullable<RenderSettings["drawBytes"]> {
  return (purpose, call, length) => {
    const blocks: Uint8Array[] = [];
    for (let block = 0; block * 32 < length; block++) {
      blocks.push(
        createHmac("sha256", key)
          .update(JSON.stringify([purpose, call, block]))
          .digest(),
      );
    }
    return Buffer.concat(blocks).subarray(0, length);
  };
}
