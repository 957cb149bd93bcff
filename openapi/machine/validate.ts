import type { VirtualMachine } from '../api.ts';
import { type FieldError, field } from '../machinery/errors.ts';
import { labelNameErrors } from '../machinery/names.ts';
import { parseDuration } from '../schema/duration.ts';
import { effectiveMachine } from './effective.ts';
import { accessErrors } from './validation/access.ts';
import { deviceErrors } from './validation/devices.ts';
import { hardwareErrors } from './validation/hardware.ts';
import { networkErrors } from './validation/network.ts';
import { schedulingErrors } from './validation/scheduling.ts';
import { unsupportedErrors } from './validation/unsupported.ts';
import { volumeErrors } from './validation/volumes.ts';

export { statusUpdateErrors } from './validation/status.ts';
export { dormantFieldWarnings } from './validation/unsupported.ts';
export { updateErrors } from './validation/update.ts';

const SHORTEST_IDLE = 1_000;

/**
 * What is wrong with a machine whose form is right: schemaFor(…).default and .validate come first, and these rules rely on
 * the types that they promise. `path` is where the spec stands, for a machine that is described inside of something else.
 */
export function validateMachine(machine: VirtualMachine, path = 'spec'): FieldError[] {
  const { spec } = effectiveMachine(machine);
  const list: FieldError[] = [];
  if (spec.hostname !== undefined) {
    list.push(...labelNameErrors(spec.hostname).map((why) => field.invalid(`${path}.hostname`, spec.hostname, why)));
  }
  if (spec.idle && (parseDuration(spec.idle.after) ?? 0) < SHORTEST_IDLE) {
    list.push(field.invalid(`${path}.idle.after`, spec.idle.after, 'must be at least 1s'));
  }
  list.push(
    ...hardwareErrors(spec.domain, `${path}.domain`),
    ...deviceErrors(spec, path),
    ...networkErrors(spec, path),
    ...volumeErrors(spec, path),
    ...accessErrors(spec, path),
    ...schedulingErrors(spec, path),
    ...unsupportedErrors(spec, path),
  );
  return list;
}
