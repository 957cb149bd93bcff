import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { GuestPort } from './guest-interfaces.ts';
import { guestRules, hostRules } from './rules.ts';

/** nft reads the rules and says whether they could be set, without setting them. */
async function check(rules: string): Promise<void> {
  const running = promisify(execFile)('nft', ['--check', '-f', '-']);
  running.child.stdin?.end(rules);
  await running;
}

describe('rules in a sandbox', () => {
  const cases: [string, readonly GuestPort[] | undefined][] = [
    [
      'declared ports',
      [
        { protocol: 'tcp', port: 443 },
        { protocol: 'tcp', port: 80 },
        { protocol: 'udp', port: 53 },
      ],
    ],
    ['tcp alone', [{ protocol: 'tcp', port: 80 }]],
    ['udp alone', [{ protocol: 'udp', port: 53 }]],
    ['no declared port', []],
    ['no interface', undefined],
  ];
  for (const [name, ports] of cases) {
    test(`with ${name} are accepted by nft`, () => check(guestRules(ports)));
  }

  test('name each declared port once, and none of the other protocol (N3)', () => {
    const rules = guestRules([
      { protocol: 'tcp', port: 443 },
      { protocol: 'tcp', port: 80 },
      { protocol: 'tcp', port: 80 },
    ]);
    assert.match(rules, /iifname "eth0" tcp dport { 80, 443 } dnat ip to 10\.0\.2\.2/);
    assert.match(rules, /ip daddr 127\.0\.0\.1 tcp dport { 80, 443 } dnat ip to 10\.0\.2\.2/);
    assert.doesNotMatch(rules, /udp dport {/);
  });

  test('pass everything on when no port is declared, and nothing without an interface', () => {
    assert.match(guestRules([]), /iifname "eth0" dnat ip to 10\.0\.2\.2/);
    assert.doesNotMatch(guestRules(undefined), /dnat ip/);
  });
});

test('rules of the host are accepted by nft', () => check(hostRules('10.127.0.0/16')));
