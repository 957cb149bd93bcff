import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errors } from '../openapi/machinery/errors.ts';
import { machineName } from './connect.ts';
import { failureText } from './failure.ts';

describe('names of machines on the command line', () => {
  it('takes what kubectl prints', () => {
    for (const given of ['tiny', 'vm/tiny', 'vms/tiny', 'virtualmachine/tiny', 'virtualmachines.torpor.dev/tiny']) {
      assert.equal(machineName(given), 'tiny');
    }
    assert.equal(machineName('a.b-c'), 'a.b-c');
  });

  it('refuses what can be no name, before anything is sent', () => {
    for (const given of ['', 'Tiny', '../secrets', 'pod/tiny', 'a b', 'a/', '-a']) {
      assert.throws(() => machineName(given), /is no name of a machine/);
    }
  });
});

describe('failures', () => {
  it("prints a server's refusal as kubectl does, and anything else as an error", () => {
    const refusal = errors.notFound({ group: 'torpor.dev', plural: 'virtualmachines' }, 'x');
    assert.equal(failureText(refusal), 'Error from server (NotFound): virtualmachines.torpor.dev "x" not found');
    assert.equal(failureText(new Error('no')), 'error: no');
    assert.equal(failureText('text'), 'error: text');
  });
});
