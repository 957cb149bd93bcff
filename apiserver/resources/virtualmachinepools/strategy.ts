import type { VirtualMachinePool } from '../../../openapi/api.ts';
import { dormantFieldWarnings } from '../../../openapi/machine/validate.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { poolStatusErrors, poolUpdateErrors, validatePool } from '../../../openapi/pool/validate.ts';
import { specChanged } from '../../registry/compare.ts';
import type { Strategy, WriteContext } from '../../registry/resource.ts';

export const virtualMachinePoolStrategy: Strategy = {
  hasStatus: true,
  prepareForCreate(object, context) {
    warn(object, context);
    object.status = { replicas: 0 };
  },
  prepareForUpdate(object, old, context) {
    // Who scales a pool has nothing to do with what stands in its template.
    if (context.info.subresource === '' && specChanged(object, old, true)) warn(object, context);
  },
  validate: (object) => validatePool(poolOf(object)),
  validateUpdate: (object, old) => poolUpdateErrors(poolOf(object), poolOf(old)),
  validateStatusUpdate: (object) => poolStatusErrors(poolOf(object)),
};

export function poolOf(object: KubernetesObject): VirtualMachinePool {
  return object as unknown as VirtualMachinePool;
}

function warn(object: KubernetesObject, context: WriteContext): void {
  const { template } = poolOf(object).spec;
  context.warnings.push(...dormantFieldWarnings(template.spec, 'spec.template.spec'));
}
