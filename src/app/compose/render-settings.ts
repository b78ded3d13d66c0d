/** What rendering goes by, made of the settings. */
import { createHmac } from "node:crypto";
import type { Settings } from "../../model/settings.ts";
import type { RenderSettings } from "../../render/render-trigger.ts";
import type { CliContext } from "../cli/context.ts";
import { secretReader } from "../read-config.ts";

export function composeRenderSettings(settings: Settings, context: CliContext): RenderSettings {
  const { compatibility, output, render, name } = settings;
  const base = { instance: name, compatibility, secrets: output.secrets, hidesEvents: output.records === "identity" };
  if (render.seedKey === undefined) return base;
  return { ...base, drawBytes: bytesFrom(secretReader(context)(render.seedKey)) };
}

/** For tests and for what must not see secrets: functions of chance draw from a key that everybody knows. */
export function composeOpenRenderSettings({ compatibility, output, render, name }: Settings): RenderSettings {
  const settings = {
    instance: name,
    compatibility,
    secrets: output.secrets,
    hidesEvents: output.records === "identity",
  };
  return render.seedKey === undefined ? settings : { ...settings, drawBytes: bytesFrom("sluice") };
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
