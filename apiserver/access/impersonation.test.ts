import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isError } from '../../openapi/machinery/errors.ts';
import { createImpersonation } from './impersonation.ts';

// Somebody who may impersonate everybody, by a rule.
const impersonate = createImpersonation({ authorize: async () => ({ kind: 'allowed', reason: '' }) });
const act = (groups: string[], rawHeaders: string[]) =>
  impersonate({ name: 'anna', groups, extra: {} }, { rawHeaders } as never as IncomingMessage);

const ours = [
  ['Impersonate-User', 'torpor:reconcilers'],
  ['Impersonate-User', 'torpor:launcher:node-1', 'Impersonate-Group', 'torpor:launchers'],
  ['Impersonate-User', 'bob', 'Impersonate-Group', 'plain', 'Impersonate-Group', 'torpor:launchers'],
];

test("a rule that allows to impersonate everybody does not give the names of Torpor's own parts", async () => {
  for (const headers of ours) {
    await assert.rejects(act(['system:authenticated'], headers), (error) => {
      assert.ok(isError(error, 'forbidden'), String(error));
      assert.match(error.message, /reserved for Torpor's own parts/);
      return true;
    });
  }
  assert.equal((await act([], ['Impersonate-User', 'torporous'])).name, 'torporous');
});

test("administrators act for Torpor's own parts", async () => {
  for (const headers of ours) assert.equal((await act(['system:masters'], headers)).name, headers[1]);
});
