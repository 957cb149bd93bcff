import type { VirtualMachineSpec } from '../../../openapi/api.ts';

export interface BootOrder {
  /** QEMU's bootindex by disk name; every disk has one. */
  readonly disks: ReadonlyMap<string, number>;
  /** By interface name; only interfaces with a bootOrder are booted from. */
  readonly interfaces: ReadonlyMap<string, number>;
}

/** First what has a bootOrder, by it; then the other disks as listed. */
export function bootOrder({ domain }: VirtualMachineSpec): BootOrder {
  const disks = new Map<string, number>();
  const interfaces = new Map<string, number>();
  const candidates = [
    ...(domain.devices?.disks ?? []).map(({ name, bootOrder: order }) => ({
      name,
      order: order ?? Number.POSITIVE_INFINITY,
      into: disks,
    })),
    ...(domain.devices?.interfaces ?? []).flatMap(({ name, bootOrder: order }) =>
      order === undefined ? [] : [{ name, order, into: interfaces }],
    ),
  ];
  // Equal orders keep the order of the list: sort is stable. Infinity minus Infinity is no number.
  candidates.sort((a, b) => (a.order === b.order ? 0 : a.order - b.order));
  for (const [index, { name, into }] of candidates.entries()) into.set(name, index + 1);
  return { disks, interfaces };
}
