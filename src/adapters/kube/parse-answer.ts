/** What an API server answered, or whatever answers in its place: JSON, or trouble that passes. */
import { isJsonObject, type JsonObject, parseJson } from "../../model/json.ts";
import { SluiceError } from "../../model/problem.ts";

/** An object of plain values. Throws CLUSTER_UNAVAILABLE. */
export function parseAnswer<T>(text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw noObject(error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as T;
  throw noObject();
}

/** An object as the model has them: in the order and with the numbers that were sent. Throws CLUSTER_UNAVAILABLE. */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw noObject(error);
  }
  if (isJsonObject(value)) return value;
  throw noObject();
}

export function noObject(cause?: unknown): SluiceError {
  const message = "the API server answers with something that is no object of Kubernetes";
  const hint = "Something between may answer in its place, such as a proxy or a login page.";
  return new SluiceError({ code: "CLUSTER_UNAVAILABLE", message, hint }, cause);
}
