import type { VirtualMachine } from '../../api.ts';
import { type FieldError, field } from '../../machinery/errors.ts';
import { transitionError } from '../phases.ts';

/**
 * Rules for writes of status.
 *
 * M1  The phase follows the table.
 * M2  nodeName and bootID come together by a binding and go together when the host has forgotten the machine; a status
 *     write can take them away and never give or change them.
 */
export function statusUpdateErrors(machine: VirtualMachine, old: VirtualMachine): FieldError[] {
  const now = machine.status ?? {};
  const before = old.status ?? {};
  const list: FieldError[] = [];
  if (now.phase === undefined) {
    if (before.phase !== undefined) list.push(field.required('status.phase'));
  } else {
    const why = transitionError(before.phase, now.phase);
    if (why) list.push(field.invalid('status.phase', now.phase, why));
  }
  for (const name of ['nodeName', 'bootID'] as const) {
    if (now[name] && now[name] !== before[name]) {
      list.push(field.forbidden(`status.${name}`, 'is set by the binding subresource only'));
    }
  }
  if (Boolean(now.nodeName) !== Boolean(now.bootID)) {
    list.push(field.invalid('status.bootID', now.bootID ?? '', 'must be set exactly when status.nodeName is'));
  }
  return list;
}
