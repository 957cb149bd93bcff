import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../openapi/api.ts';
import { guestHostname } from './guest-hostname.ts';

const hostnameOf = (name: string, hostname?: string) =>
  guestHostname({ metadata: { name }, spec: { ...(hostname ? { hostname } : {}) } } as unknown as VirtualMachine);

test('a host name is always a DNS label', () => {
  assert.equal(hostnameOf('web'), 'web');
  assert.equal(hostnameOf('web.example.org'), 'web');
  assert.equal(hostnameOf('web', 'Other.Name'), 'other');
  assert.equal(hostnameOf(`${'a'.repeat(62)}-b`), 'a'.repeat(62));
  assert.equal(hostnameOf('x', 'a,b\nc'), 'a-b-c');
  assert.equal(hostnameOf('.'), 'machine');
});
