/** What settings and the connections that they name have to fit each other in, beyond what the settings alone say. */
import type { Connection } from "../model/connection.ts";
import type { Problem } from "../model/problem.ts";
import type { Settings } from "../model/settings.ts";
import { findUncaptured } from "./read-lease.ts";
import { findReadOutcomes } from "./read-outcomes.ts";

/** Errors: with one of them the settings are not used. */
export function checkConnections(
  settings: Settings,
  read: readonly { readonly connection: Connection }[],
): readonly Problem[] {
  return [...findUncaptured(settings, read), ...findReadOutcomes(settings, read)];
}
