import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import { wishOf } from './wish.ts';

const boot = { uid: 'u1', bootID: 'b1', nodeName: 'n1' };
const now = new Date('2026-03-01T00:00:00Z');

function machine(
  change: { readonly spec?: object; readonly status?: object; readonly metadata?: object } = {},
): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'm', namespace: 'd', uid: 'u1', ...change.metadata },
    spec: { runStrategy: 'Always', domain: {}, terminationGracePeriodSeconds: 12, ...change.spec },
    status: { phase: 'Running', nodeName: 'n1', bootID: 'b1', ...change.status },
  } as VirtualMachine;
}

test('a machine that is bound here runs until something says stop', () => {
  assert.deepEqual(wishOf(machine(), boot, now), { want: 'run' });
  const halted = wishOf(machine({ spec: { runStrategy: 'Halted' } }), boot, now);
  assert.deepEqual([halted.want, halted.want === 'stop' && halted.grace], ['stop', 12]);
});

test("a deletion gives the machine's own grace period, whatever the server noted", () => {
  const deleted = wishOf(
    machine({ metadata: { deletionTimestamp: '2026-03-01T00:00:00Z', deletionGracePeriodSeconds: 0 } }),
    boot,
    now,
  );
  assert.deepEqual([deleted.want, deleted.want === 'stop' && deleted.grace], ['stop', 12]);
});

test('a restart of this boot stops it, one of an earlier boot does not', () => {
  const request = (bootID: string) => ({
    status: { requests: [{ id: 'r', action: 'restart', args: { bootID, gracePeriodSeconds: 3 } }] },
  });
  const stop = wishOf(machine(request('b1')), boot, now);
  assert.deepEqual([stop.want, stop.want === 'stop' && stop.grace], ['stop', 3]);
  assert.equal(wishOf(machine(request('b0')), boot, now).want, 'run');
});

test('a boot that is not the machine’s any more is abandoned', () => {
  const gone: (VirtualMachine | undefined)[] = [
    undefined,
    machine({ metadata: { uid: 'u2' } }),
    machine({ status: { bootID: 'b2' } }),
    machine({ status: { nodeName: 'n2' } }),
    machine({ status: { nodeName: undefined, bootID: undefined } }),
  ];
  for (const one of gone) assert.equal(wishOf(one, boot, now).want, 'abandon');
});
