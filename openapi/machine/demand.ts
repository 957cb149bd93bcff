import type { VirtualMachine } from '../api.ts';
import { quantityMilliValue, quantityValue, tryParseQuantity } from '../machinery/quantity.ts';

/** What a machine takes of its host: thousandths of a core, and bytes. */
export interface Demand {
  readonly cpu: number;
  readonly memory: number;
}

/** Reserved for each virtual processor when spec.domain.resources says nothing. */
const MILLICORES_PER_CPU = 100;
/** QEMU itself, beside the guest's memory. */
const OVERHEAD_BYTES = 96 * 1024 * 1024;

/** From the spec alone, so that the scheduler and the reservation that the server keeps count the same. */
export function demandOf(machine: VirtualMachine): Demand {
  const { cpu, memory, resources } = machine.spec.domain;
  const cpus = (cpu?.cores ?? 1) * (cpu?.sockets ?? 1) * (cpu?.threads ?? 1);
  const askedCpu = tryParseQuantity(resources?.requests?.cpu);
  const askedMemory = tryParseQuantity(resources?.requests?.memory);
  const guest = tryParseQuantity(memory?.guest);
  return {
    cpu: askedCpu ? Number(quantityMilliValue(askedCpu)) : cpus * MILLICORES_PER_CPU,
    memory: askedMemory
      ? Number(quantityValue(askedMemory))
      : (guest ? Number(quantityValue(guest)) : 0) + OVERHEAD_BYTES,
  };
}
