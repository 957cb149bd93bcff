/** A field that is a number or a text, as Kubernetes has it for ports and percentages. */
export type IntOrString = number | string;

export function isIntOrString(value: unknown): value is IntOrString {
  return typeof value === 'string' || (typeof value === 'number' && isInt32(value));
}

const isInt32 = (value: number) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

/**
 * The number that `value` means out of `total`: 3 is 3, "25%" of 10 is 2, or 3 with `roundUp`. undefined when a text is
 * no percentage (Kubernetes: "invalid value for IntOrString").
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number | undefined {
  if (typeof value === 'number') return isInt32(value) ? value : undefined;
  const match = /^([0-9]{1,9})%$/.exec(value);
  if (!match) return undefined;
  const share = (Number(match[1]) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
