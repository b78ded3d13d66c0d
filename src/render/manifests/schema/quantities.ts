/** Quantities such as `500m` and `1Gi`, as k8s.io/apimachinery/pkg/api/resource reads them. */

const form = /^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?[0-9]{1,4}))?$/;

const powers: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity means, in double precision; undefined where it is none. */
export function readQuantity(text: string): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign, digits, unit, exponent] = match;
  const value = Number(digits) * (unit === undefined ? 10 ** Number(exponent ?? 0) : powers[unit]!);
  return sign === "-" ? -value : value;
}
