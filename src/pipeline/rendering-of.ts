/** What rendering goes by: of the settings, and what of them is part of a catalog as that catalog has it. */
import type { CatalogSettings } from "../model/catalog.ts";
import type { RenderSettings } from "../render/render-spec.ts";

export function renderingOf(settings: RenderSettings, { secrets }: Pick<CatalogSettings, "secrets">): RenderSettings {
  return settings.secrets === secrets ? settings : { ...settings, secrets };
}
