import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isError } from '../../openapi/machinery/errors.ts';
import { type AnswerShape, negotiate } from './negotiate.ts';

const chosen = (accept: string | undefined, shape: AnswerShape, query = '') => {
  const headers = accept === undefined ? {} : { accept };
  const { media, view } = negotiate({ headers } as IncomingMessage, new URLSearchParams(query), shape);
  return `${media} ${view.kind}${view.kind === 'table' ? ` ${view.version} ${view.rows}` : ''}`;
};
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';

test('C2: nothing, anything and JSON are JSON; the client chooses by order and weight', () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/*',
    'text/html, */*;q=0.8',
    'application/json;charset=utf-8',
  ]) {
    assert.equal(chosen(accept, 'object'), 'application/json object');
  }
  assert.equal(chosen('application/json;q=0.1,application/yaml', 'object'), 'application/yaml object');
  assert.equal(chosen('application/vnd.kubernetes.protobuf,application/json', 'list'), 'application/json object');
  assert.equal(chosen('application/cbor,application/json', 'watch'), 'application/json object');
});

test('C4, C5: views where they belong; a clause that does not fit is skipped', () => {
  assert.equal(chosen(`${table},application/json`, 'list'), 'application/json table v1 Metadata');
  assert.equal(
    chosen('application/json;as=Table;g=meta.k8s.io;v=v1beta1', 'watch'),
    'application/json table v1beta1 Metadata',
  );
  assert.equal(
    chosen('application/json;as=Table;g=meta.k8s.io;v=v2,application/json', 'list'),
    'application/json object',
  );
  assert.equal(chosen(`${table},application/json`, 'plain'), 'application/json object');
  assert.equal(chosen(table, 'list', 'includeObject=Object'), 'application/json table v1 Object');
  assert.equal(
    chosen('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'watch'),
    'application/json partial',
  );
});

test('C2, C11: 406 when nothing fits, 400 for rows that do not exist', () => {
  for (const [accept, shape] of [
    ['text/html', 'object'],
    ['application/json;q=0', 'object'],
    ['application/yaml', 'watch'],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'list'],
    ['application/json;stream=watch', 'list'],
  ] as const) {
    assert.throws(
      () => chosen(accept, shape),
      (error) => isError(error, 'notAcceptable'),
      accept,
    );
  }
  assert.throws(
    () => chosen(table, 'list', 'includeObject=Some'),
    (error) => isError(error, 'badRequest'),
  );
});

test('W1: a watch may be asked for as a stream', () => {
  assert.equal(chosen('application/json;stream=watch', 'watch'), 'application/json object');
});
