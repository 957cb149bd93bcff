/** kubectl of three generations straight against torpor-apiserver: what it finds, shows and explains. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Generation, generations } from './kubectl-generations.ts';
import { machine } from './machines.ts';

const suite = await generations();

before(async () => {
  await suite.start();
  for (const { kubectl } of suite.all) {
    const labelled = (name: string, tier: string) =>
      machine(name, (body) => Object.assign(body.metadata, { labels: { tier } }));
    await kubectl().withFile(
      { apiVersion: 'v1', kind: 'List', items: [labelled('web', 'front'), labelled('db', 'back')] },
      'create',
      '-f',
    );
  }
});
after(() => suite.stop());

for (const generation of suite.all) reading(generation);

function reading({ version, release, namespace, since, kubectl }: Generation): void {
  const says = (...args: string[]) => kubectl().ok(...args);
  const lines = async (...args: string[]) => (await says(...args)).trim().split('\n');

  test(`D17: kubectl ${version}: short names and the category all find machines`, async () => {
    const [head = '', ...rows] = await lines('api-resources', '--api-group=torpor.dev', '-o', 'wide');
    assert.match(head, /^NAME +SHORTNAMES +API\w+ +NAMESPACED +KIND +VERBS/);
    const row = rows.find((one) => one.startsWith('virtualmachines '));
    assert.match(row ?? '', /^virtualmachines +vm,vms +torpor\.dev\/v1alpha1 +true +VirtualMachine /);
    for (const verb of ['create', 'deletecollection', 'watch']) assert.match(row ?? '', new RegExp(verb));
    const wanted = ['virtualmachine.torpor.dev/db', 'virtualmachine.torpor.dev/web'];
    for (const name of ['vm', 'vms', 'virtualmachine', 'VirtualMachines', 'virtualmachines.v1alpha1.torpor.dev', 'all'])
      assert.deepEqual(await lines('get', name, '-o', 'name'), wanted, name);
  });

  test(`kubectl ${version}: what resources and versions there are`, async () => {
    const versions = await lines('api-versions');
    for (const one of ['torpor.dev/v1alpha1', 'v1', 'rbac.authorization.k8s.io/v1'])
      assert.ok(versions.includes(one), one);
    const listed = await lines('api-resources', '--verbs=list', '--namespaced=false', '-o', 'name');
    assert.equal(listed.includes('hosts.torpor.dev'), true, `${listed}`);
    assert.equal(listed.includes('virtualmachines.torpor.dev'), false, `${listed}`);
    assert.equal(listed.includes('selfsubjectaccessreviews.authorization.k8s.io'), false, `${listed}`);
    if (since('1.23'))
      assert.ok(
        (await lines('api-resources', '--categories=all', '-o', 'name')).includes('virtualmachines.torpor.dev'),
      );
    assert.match(await says('version'), /torpor/);
  });

  test(`D38: kubectl ${version}: what is on disk is used, and asked for again when api-resources wants it or a kind is not in it`, async () => {
    const cache = join(suite.bench().directory, 'cache');
    const own = (await readdir(cache)).find((name) => name.includes(release)) ?? '';
    const discovery = join(cache, own, 'discovery');
    const [server = ''] = await readdir(discovery);
    const file = join(discovery, server, 'torpor.dev/v1alpha1/serverresources.json');
    await says('get', 'vm');
    const told = await readFile(file, 'utf8');
    const empty = JSON.stringify({ ...JSON.parse(told), resources: [] });
    await writeFile(file, empty);
    await says('get', 'configmaps');
    assert.equal(await readFile(file, 'utf8'), empty);
    await says('apply', '-f', await kubectl().manifest(machine('unknown')), '--dry-run=client');
    assert.equal(await readFile(file, 'utf8'), told);
    await writeFile(file, empty);
    assert.ok((await lines('api-resources', '-o', 'name')).includes('virtualmachines.torpor.dev'));
    assert.equal(await readFile(file, 'utf8'), told);
  });

  test(`kubectl ${version}: get in every form`, async () => {
    assert.match(await says('get', 'vm'), /^NAME +STATUS +READY +NODE +IP +AGE\ndb +Pending .*\nweb +Pending /);
    assert.match(await says('get', 'vms', '-o', 'wide'), /^NAME .* CPU +MEMORY +RUNSTRATEGY +IMAGE/);
    assert.match(
      await says('get', 'vm', '--all-namespaces'),
      new RegExp(`^NAMESPACE +NAME .*\\n(.*\\n)*${namespace} +web`),
    );
    assert.match(await says('get', 'vm', 'web', '--show-labels'), /LABELS\nweb .*tier=front/);
    assert.match(await says('get', 'vm', '-L', 'tier'), /TIER\ndb .*back\nweb .*front/);
    assert.match(await says('get', 'vm', '-l', 'tier=front', '--no-headers'), /^web .*\n$/);
    assert.match(await says('get', 'vm', '--field-selector=metadata.name=db', '--no-headers'), /^db .*\n$/);
    assert.match(await says('get', 'vm', '--sort-by=.metadata.labels.tier', '--no-headers'), /^db .*\nweb /);
    assert.match(await says('get', 'vm', '--chunk-size=1', '--no-headers'), /^db .*\nweb /);
    assert.match(await says('get', 'vm,configmaps,hosts', '--no-headers'), /virtualmachine\.torpor\.dev\/web/);
    const guest = '.spec.domain.memory.guest';
    assert.equal(await says('get', 'vm', 'web', '-o', `jsonpath={${guest}}`), '128Mi');
    assert.equal(await says('get', 'vm', 'web', '-o', `go-template={{${guest}}}`), '128Mi');
    assert.match(
      await says('get', 'vm', '-o', `custom-columns=N:.metadata.name,G:${guest}`),
      /^N +G\ndb +128Mi\nweb +128Mi\n$/,
    );
    assert.equal(JSON.parse(await says('get', 'vm', 'web', '-o', 'json')).kind, 'VirtualMachine');
    assert.equal(JSON.parse(await says('get', 'vm', '-o', 'json')).items.length, 2);
    assert.match(
      await says('get', 'vm', 'web', '-o', 'yaml'),
      /^apiVersion: torpor\.dev\/v1alpha1\nkind: VirtualMachine\n/,
    );
    const raw = JSON.parse(
      await says('get', '--raw', `/apis/torpor.dev/v1alpha1/namespaces/${namespace}/virtualmachines/web`),
    );
    assert.equal(raw.metadata.name, 'web');
    if (since('1.24')) assert.match(await says('get', 'vm', 'web', '--subresource=status'), /^NAME .*\nweb /);
  });

  test(`kubectl ${version}: what is not there is said as for any other kind`, async () => {
    const missing = await kubectl().run('get', 'vm', 'nobody');
    assert.equal(missing.code, 1);
    assert.match(missing.text, /Error from server \(NotFound\): virtualmachines\.torpor\.dev "nobody" not found/);
    assert.match((await kubectl().run('get', 'unicorns')).text, /the server doesn't have a resource type "unicorns"/);
    assert.match((await kubectl().run('get', 'vm', '-l', '!!')).text, /unable to parse requirement|found '!'/);
  });

  test(`kubectl ${version}: describe shows the whole machine`, async () => {
    const described = await says('describe', 'vm', 'web');
    assert.match(described, /^Name: +web\nNamespace: +kubectl-/);
    assert.match(described, /Kind: +VirtualMachine\n/);
    assert.match(described, /^ +Guest: +128Mi$/m);
  });

  test(`kubectl ${version}: get -w shows a change as it comes`, async () => {
    const watched = says('get', 'vm', '-l', 'tier=watched', '-w', '--no-headers', '--request-timeout=5s');
    const made = machine('watched', (body) => Object.assign(body.metadata, { labels: { tier: 'watched' } }));
    const file = await kubectl().manifest(made);
    // The list may come before or after; the watch ends with its time.
    await says('create', '-f', file);
    assert.match(await watched.catch((error: Error) => error.message), /watched +Pending/);
    await says('delete', '-f', file, '--wait=false');
    await says('patch', 'vm', 'watched', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  });

  test(`O24: kubectl ${version}: explain goes down to every field`, async () => {
    const tree = await says('explain', 'vm.spec.domain', '--recursive');
    const group = since('1.27')
      ? 'GROUP: +torpor\\.dev\\nKIND: +VirtualMachine\\nVERSION: +v1alpha1'
      : 'KIND: +VirtualMachine\\nVERSION: +torpor\\.dev/v1alpha1';
    assert.match(tree, new RegExp(`^${group}\n`));
    for (const line of [
      /^ +cpu\t</m,
      /^ +cores\t<integer>/m,
      /^ +disks\t<\[\]/m,
      /^ +bootOrder\t<integer>/m,
      /^ +guest\t</m,
    ])
      assert.match(tree, line);
    const disks = await says('explain', 'vm.spec.domain.devices.disks');
    assert.match(disks, /(RESOURCE|FIELD): +disks <\[\](Object|Disk)>/);
    assert.match(disks, /^ +bootOrder\t<integer>\n +Order in which the firmware tries to boot/m);
    assert.match(disks, /^ +name\t<string> -required-$/m);
    assert.match(await says('explain', 'vm', '--api-version=torpor.dev/v1alpha1'), /^ +spec\t</m);
    assert.match(await says('explain', 'vmpool.spec.template.spec.domain.cpu'), /^ +cores\t<integer>/m);
    assert.match(await says('explain', 'vm.metadata.labels'), /FIELD: +labels <map\[string\]string>/);
    assert.match(await says('explain', 'secret.data'), /FIELD: +data <map\[string\]string>/);
    const missing = await kubectl().run('explain', 'vm.spec.nothing');
    assert.equal(missing.code, 1);
    assert.match(missing.text, /field "nothing" does not exist/);
  });

  test(`kubectl ${version}: shells complete kinds and names`, async () => {
    if (since('1.23')) {
      const completed = async (...words: string[]) => (await says('__complete', ...words)).split('\n');
      assert.ok((await completed('get', 'virtualm')).includes('virtualmachines.torpor.dev'));
      assert.deepEqual((await completed('get', 'vm', 'w')).slice(0, 2), ['web', ':4']);
      assert.ok((await completed('describe', 'vm', '')).includes('db'));
      assert.ok((await completed('get', 'vm', '-n', 'kubectl-')).includes(namespace));
    } else {
      // What its shell functions run.
      const names = await lines('api-resources', '-o', 'name', '--cached', '--request-timeout=5s', '--verbs=get');
      assert.equal(names.includes('virtualmachines.torpor.dev'), true, `${names}`);
      const template = '{{ range .items }}{{ .metadata.name }} {{ end }}';
      assert.equal(await says('get', `--template=${template}`, '--request-timeout=5s', 'vm'), 'db web ');
    }
  });

  test(`kubectl ${version}: what one may do: all at once, and one question`, async () => {
    assert.match(await says('auth', 'can-i', '--list'), /\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
    assert.equal(await says('auth', 'can-i', 'create', 'virtualmachines/console'), 'yes\n');
    assert.equal((await kubectl().run('auth', 'can-i', 'create', 'vm', '--as=nobody')).code, 1);
  });
}
