import type { Admission } from '../registry/core.ts';
import { admitComponentWrite } from './components.ts';
import { admitLauncherWrite } from './launchers/admission.ts';
import { admitRoleWrite } from './rbac/escalation.ts';
import type { RulesSource } from './rbac/source.ts';

/** Limits that depend on what is written, checked inside the write: who launchers are bound to, what roles may give. */
export function createAdmission(rules: RulesSource): Admission {
  return (write) => {
    admitLauncherWrite(write);
    admitComponentWrite(write);
    admitRoleWrite(write, rules);
  };
}
