/** What concerns the process as a whole: its secrets. */

export { createRedactor as createCliRedactor } from "../../adapters/system/redactor.ts";
