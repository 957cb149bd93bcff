/** Our OpenAPI 2.0 document in the hands of the libraries of Kubernetes itself: gnostic, kube-openapi, kubectl. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { publishedResources } from '../../../apiserver/discovery/published.ts';
import { describedResources } from '../../../hack/generator/described-resources.ts';
import { openApiV2 } from '../../../openapi/assemble/v2.ts';
import { openApiV2Protobuf } from '../../../openapi/assemble/v2-protobuf.ts';
import { machine } from '../../conformance/machines.ts';
import { type Oracle, openOracle, type Report } from './openapi-oracle/oracle.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [keyword: string]: unknown;
}
type Document = { readonly paths: object; readonly definitions: Readonly<Record<string, Schema>> };

const documentOf = (embedded: boolean) =>
  openApiV2(publishedResources(describedResources(embedded)), { version: 'v0.1.0' }) as unknown as Document;

const whole = documentOf(true);
/** What a cluster gets to see. */
const behind = documentOf(false);

const manifests = [
  machine('right'),
  machine('misspelt', ({ spec }) => {
    spec.domain.cpu = { sokets: 2 };
  }),
  machine('mistyped', ({ spec }) => {
    spec.domain.cpu = { cores: 'two' };
  }),
  machine('numbers', ({ spec, metadata }) => {
    spec.domain.memory = { guest: 134_217_728 };
    metadata.creationTimestamp = null;
  }),
];

describe('the libraries of Kubernetes 1.20', () => {
  let oracle: Oracle;
  let report: Report;
  before(async () => {
    oracle = await openOracle();
    report = await oracle.ask(behind, openApiV2Protobuf(behind), manifests, true);
  });

  test('O7: gnostic reads the document, alone and merged into the cluster’s', async () => {
    const { sameInProtobuf } = await oracle.ask(whole, openApiV2Protobuf(whole), [], false);
    assert.deepEqual([sameInProtobuf, report.sameInProtobuf], [true, true]);
    // It does refuse what it does not know.
    const [name = ''] = Object.keys(behind.definitions);
    const broken = { ...behind, definitions: { ...behind.definitions, [name]: { nullable: true } } };
    await assert.rejects(oracle.ask(broken, openApiV2Protobuf(behind), [], false), /nullable/);
    const other = { ...behind, paths: {} };
    assert.equal((await oracle.ask(other, openApiV2Protobuf(behind), [], false)).sameInProtobuf, false);
  });

  test('O9, O30: kubectl makes its models of the document and judges machines by them', () => {
    assert.equal(report.kinds.includes('torpor.dev/v1alpha1/VirtualMachine'), true, `${report.kinds}`);
    assert.equal(
      report.kinds.every((kind) => kind.startsWith('torpor.dev/v1alpha1/')),
      true,
    );
    const [right, misspelt, mistyped, numbers] = report.faults;
    assert.equal(right, '');
    assert.match(misspelt ?? '', /VirtualMachine\.spec\.domain\.cpu.*unknown field "sokets"/);
    assert.match(mistyped ?? '', /cores.*got "string", expected "integer"/);
    assert.equal(numbers, '');
  });

  test('O4: the aggregator keeps every path of ours and puts none of the cluster’s aside', () => {
    assert.deepEqual(report.mergedPaths, Object.keys(behind.paths).sort());
  });

  test('O5: merging renames what the cluster has in another version, and leaves its own alone', async () => {
    const theirs = JSON.parse(await readFile(oracle.cluster, 'utf8')) as Document;
    const ours = report.mergedDefinitions.map((name) => name.replace(/_v\d+$/, ''));
    for (const name of ours) assert.ok(behind.definitions[name], name);
    for (const [name, schema] of Object.entries(behind.definitions)) {
      const merged = report.mergedDefinitions.includes(name);
      assert.equal(merged, theirs.definitions[name] === undefined, name);
      // What is named as upstream has upstream's shape.
      const same = theirs.definitions[name];
      if (same !== undefined) assertSameShape(name, schema, same);
    }
    assert.equal(report.mergedKinds > report.kinds.length + 100, true);
  });
});

/** Fields that Kubernetes gained or lost after 1.20, by definition. */
const since: Readonly<Record<string, { readonly gained?: readonly string[]; readonly lost?: readonly string[] }>> = {
  ObjectMeta: { lost: ['clusterName'] },
  ManagedFieldsEntry: { gained: ['subresource'] },
  DeleteOptions: { gained: ['ignoreStoreReadErrorWithClusterBreakingPotential'] },
  PodAffinityTerm: { gained: ['namespaceSelector', 'matchLabelKeys', 'mismatchLabelKeys'] },
  TopologySpreadConstraint: { gained: ['minDomains', 'nodeAffinityPolicy', 'nodeTaintsPolicy', 'matchLabelKeys'] },
};

/** The same fields of the same types; bounds, texts and rules for merging may say more than upstream did. */
function assertSameShape(name: string, ours: Schema, theirs: Schema): void {
  const { gained = [], lost = [] } = since[name.slice(name.lastIndexOf('.') + 1)] ?? {};
  const fields = (schema: Schema, without: readonly string[]) =>
    Object.keys(schema.properties ?? {})
      .filter((field) => !without.includes(field))
      .sort();
  assert.deepEqual(fields(ours, gained), fields(theirs, lost), name);
  for (const [field, schema] of Object.entries(ours.properties ?? {})) {
    const same = theirs.properties?.[field];
    if (same !== undefined) assert.deepEqual(typeOf(schema), typeOf(same), `${name}.${field}`);
  }
  assert.equal(ours.type, theirs.type, name);
}

function typeOf(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { type, format, $ref, items, additionalProperties } = schema as Schema;
  return { type, format, $ref, items: typeOf(items), additionalProperties: typeOf(additionalProperties) };
}
