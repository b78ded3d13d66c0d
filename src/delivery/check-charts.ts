/** What of charts the delivery does not bring to clusters: warnings, each at its place. */
import type { Catalog } from "../model/catalog.ts";
import type { ChartRef } from "../model/chart.ts";
import type { Problem } from "../model/problem.ts";

/** Nothing is generated of charts: no tool is told of them. */
export function checkUndelivered({ eventTriggers, profiles }: Catalog): readonly Problem[] {
  return [...eventTriggers.values(), ...profiles.values()].flatMap(({ charts }) =>
    charts.map((chart): Problem => {
      return impossible(chart, `${chart.field} is kept in the state alone: nothing brings it to a cluster`, hint);
    }),
  );
}

const hint = "Set delivery.kind: docs/delivery.md says what each makes of it.";

function impossible({ at }: ChartRef, message: string, hint: string): Problem {
  return { code: "DELIVERY_IMPOSSIBLE", severity: "warning", message, at, hint };
}
