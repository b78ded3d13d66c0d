/** Which files of the state are of what a hub has of charts. */
import { deliveryChartsFolder, deliveryFolder, unitFileName } from "../../plan/paths.ts";
import { chartUnit } from "../unit.ts";

/** Of what brings a unit's charts, in the folder that a root applies. */
export function isChartUnitPath(path: string): boolean {
  return path.startsWith(`${deliveryFolder}/hub/`) && path.slice(path.lastIndexOf("/") + 1).startsWith(chartUnit(""));
}

/** Of a chart or of its source; the file that keeps the folder is apart. */
export function isChartFile(path: string): boolean {
  return path.startsWith(`${deliveryChartsFolder}/`) && !path.endsWith(`/${unitFileName}`);
}

/** Of what a hub has of charts, or of what brings that. */
export function isOfCharts(path: string): boolean {
  return isChartUnitPath(path) || isChartFile(path);
}
