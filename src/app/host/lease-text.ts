/** What makes a lease the one that it is, as text. */
import type { ServiceConfig } from "../read-config.ts";
import { plainText } from "./plain-text.ts";

/** Empty: the settings ask for none. */
export function leaseText({ settings, connections }: ServiceConfig): string {
  const { lease } = settings;
  if (lease === undefined) return "";
  const used = connections.find(({ connection }) => connection.name === lease.connection);
  return plainText([lease, used?.connection]);
}
