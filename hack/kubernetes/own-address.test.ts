import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type ClusterHome, clusterHomeAt, makeClusterHome } from './home.ts';
import { addOwnAddress, removeOwnAddress } from './own-address.ts';
import { checkedAddress } from './settings.ts';

describe("a cluster's address", () => {
  // Of the network for documentation: nobody has them.
  const [address, other] = ['192.0.2.17', '192.0.2.18'];
  const ip = async (...args: string[]) => (await promisify(execFile)('ip', args)).stdout;
  const stands = async (wanted: string) => (await ip('address', 'show', 'dev', 'lo')).includes(`${wanted}/32`);
  let home: ClusterHome;
  before(async () => {
    home = clusterHomeAt(await mkdtemp(path.join(tmpdir(), 'torpor-address-')));
    await makeClusterHome(home);
  });
  after(async () => {
    await removeOwnAddress(home);
    await rm(home.root, { recursive: true });
  });

  it('N1 stands on the loopback interface until it is removed, and gives way to another', async () => {
    await addOwnAddress(home, address);
    await addOwnAddress(home, address);
    assert.ok(await stands(address));
    await addOwnAddress(home, other);
    assert.ok(!(await stands(address)));
    assert.ok(await stands(other));
    assert.equal(await removeOwnAddress(home), true);
    assert.ok(!(await stands(other)));
    assert.equal(await removeOwnAddress(home), false);
  });

  it('N2 is left alone when it was there before', async () => {
    await ip('address', 'add', `${address}/32`, 'dev', 'lo');
    try {
      await addOwnAddress(home, address);
      assert.equal(await removeOwnAddress(home), false);
      assert.ok(await stands(address));
    } finally {
      await ip('address', 'delete', `${address}/32`, 'dev', 'lo');
    }
  });

  it('is none that Kubernetes refuses as an endpoint', () => {
    assert.equal(checkedAddress(address), address);
    for (const wrong of ['127.0.0.1', '169.254.0.1', '0.0.0.0', '224.0.0.1', '::1', 'here'])
      assert.throws(() => checkedAddress(wrong), /neither loopback nor link-local/);
  });
});
