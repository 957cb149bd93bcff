/** kubectl of three generations and what is wrong with a manifest: the oldest judges by our documents, the others ask. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Generation, generations } from './kubectl-generations.ts';
import { type MachineBody, machine } from './machines.ts';

const suite = await generations();
before(() => suite.start());
after(() => suite.stop());

for (const generation of suite.all) validation(generation);

function validation({ version, since, kubectl }: Generation): void {
  const file = (name: string, change: (spec: MachineBody['spec']) => void) =>
    kubectl().manifest(machine(name, ({ spec }) => change(spec)));
  const misspelt = (name: string) =>
    file(name, ({ domain }) => {
      domain.cpu = { cores: 1, sokets: 2 };
      domain.devices.disks[0].disk.buss = 'x';
    });
  const refused = async (path: string, wanted: RegExp, ...flags: string[]) => {
    for (const verb of ['create', 'apply']) {
      const { code, text } = await kubectl().run(verb, ...flags, '-f', path);
      assert.equal(code, 1, text);
      assert.match(text, wanted);
    }
  };

  test(`O13: kubectl ${version}: unknown fields, wrong types and missing fields are found before or by the server`, async () => {
    const unknown = since('1.25')
      ? /unknown field "spec\.domain\.cpu\.sokets", unknown field "spec\.domain\.devices\.disks\[0\]\.disk\.buss"/
      : /ValidationError\(VirtualMachine\.spec\.domain\.cpu\): unknown field "sokets" in dev\.torpor\.v1alpha1\.CPU.*disks\[0\]\.disk\): unknown field "buss"/;
    await refused(await misspelt('misspelt'), unknown);
    const mistyped = await file('mistyped', ({ domain }) => {
      domain.cpu = { cores: 'two' };
    });
    await refused(
      mistyped,
      since('1.25')
        ? /spec\.domain\.cpu\.cores/
        : /spec\.domain\.cpu\.cores\): invalid type .*got "string", expected "integer"/,
    );
    const nameless = await file('nameless', ({ domain }) => {
      domain.devices.disks.push({ disk: {} });
    });
    await refused(
      nameless,
      since('1.25')
        ? /spec\.domain\.devices\.disks\[1\]\.name: Required/
        : /disks\[1\]\): missing required field "name"/,
    );
  });

  test(`kubectl ${version}: --validate=strict names each misspelt path, warn says it and goes on, ignore says nothing`, async (t) => {
    const path = await misspelt('levels');
    if (!since('1.25')) {
      t.diagnostic('this kubectl knows only yes and no');
      await refused(path, /unknown field "sokets"/, '--validate=true');
      const { code, text } = await kubectl().run('apply', '--validate=false', '--dry-run=server', '-f', path);
      // It sends no level, and the server then takes what it takes of everybody: nothing that it does not know.
      assert.equal(code, 1, text);
      assert.match(text, /unknown field "spec\.domain\.cpu\.sokets"/);
      return;
    }
    await refused(
      path,
      /strict decoding error: unknown field "spec\.domain\.cpu\.sokets", unknown field/,
      '--validate=strict',
    );
    const warned = await kubectl().run('apply', '--validate=warn', '--dry-run=server', '-f', path);
    assert.equal(warned.code, 0, warned.text);
    assert.match(warned.text, /^Warning: unknown field "spec\.domain\.cpu\.sokets"$/m);
    assert.match(warned.text, /^Warning: unknown field "spec\.domain\.devices\.disks\[0\]\.disk\.buss"$/m);
    const silent = await kubectl().run('apply', '--validate=ignore', '--dry-run=server', '-f', path);
    assert.deepEqual(silent, { code: 0, text: 'virtualmachine.torpor.dev/levels created (server dry run)\n' });
    const strict = await kubectl().run(
      'apply',
      '--validate=warn',
      '--warnings-as-errors',
      '--dry-run=server',
      '-f',
      path,
    );
    assert.equal(strict.code, 1, strict.text);
  });

  test(`kubectl ${version}: what people and tools write is accepted: numbers for quantities, null for a time, a status that was read`, async () => {
    const path = await file('numbers', ({ domain }) => {
      domain.memory = { guest: 134_217_728 };
    });
    assert.match(await kubectl().ok('create', '-f', path), /numbers created/);
    const timeless = machine('timeless', ({ metadata }) => {
      metadata.creationTimestamp = null;
    });
    assert.match(await kubectl().withFile(timeless, 'apply', '-f'), /timeless created/);
    const read = JSON.parse(await kubectl().ok('get', 'vm', 'numbers', '-o', 'json'));
    assert.ok(read.status, 'it is there');
    read.metadata.labels = { again: 'yes' };
    assert.match(await kubectl().withFile(read, 'apply', '-f'), /numbers configured/);
  });
}
