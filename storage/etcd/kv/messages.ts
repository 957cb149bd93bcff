import type { ICompare, IKeyValue, IRequestOp, IResponseHeader, ITxnRequest } from 'etcd3';
import { fieldsOf, MessageWriter } from './protobuf.ts';

/**
 * Requests and answers of etcd's KV service (etcdserverpb, rpc.proto): the fields that single gets and transactions use.
 * A request with any other field is a mistake of the caller and throws, so that nothing is left out silently.
 */

export interface RangeAnswer {
  readonly header: IResponseHeader;
  readonly kvs: readonly IKeyValue[];
}

export interface TxnAnswer {
  readonly header: IResponseHeader;
  readonly succeeded: boolean;
  /** One for each operation of the branch that was taken; a put or a delete tells nothing. */
  readonly responses: readonly { readonly response_range: { readonly kvs: readonly IKeyValue[] } }[];
}

/** `head` bytes stay free at the front. */
export function encodeRange(key: Buffer, head = 0): Buffer {
  return rangeRequest(key).finish(head);
}

export function encodeTxn(request: ITxnRequest, head = 0): Buffer {
  const message = new MessageWriter();
  for (const compare of request.compare ?? []) message.message(1, compareMessage(compare));
  for (const operation of request.success ?? []) message.message(2, operationMessage(operation));
  for (const operation of request.failure ?? []) message.message(3, operationMessage(operation));
  return message.finish(head);
}

const rangeRequest = (key: Buffer): MessageWriter => new MessageWriter().bytes(1, key);

const TARGETS = { Version: 0, Create: 1, Mod: 2, Value: 3 } as const;

function compareMessage(compare: ICompare): MessageWriter {
  const { key, target, result, version, mod_revision, ...unknown } = compare;
  if (result !== 'Equal' || Object.keys(unknown).length > 0) throw unsupported('condition', compare);
  const message = new MessageWriter().number(2, TARGETS[target as keyof typeof TARGETS]).bytes(3, bytesOf(key));
  switch (target) {
    case 'Version':
      return message.number(4, BigInt(version ?? 0));
    case 'Mod':
      return message.number(6, BigInt(mod_revision ?? 0));
    default:
      throw unsupported('condition', compare);
  }
}

function operationMessage(operation: IRequestOp): MessageWriter {
  const { request_range, request_put, request_delete_range } = operation;
  if (request_put !== undefined) {
    const { key, value, ...unknown } = request_put;
    if (Object.keys(unknown).length > 0) throw unsupported('put', request_put);
    return new MessageWriter().message(2, new MessageWriter().bytes(1, bytesOf(key)).bytes(2, bytesOf(value)));
  }
  const only = request_range ?? request_delete_range;
  if (only === undefined || Object.keys(only).some((name) => name !== 'key')) throw unsupported('operation', operation);
  return new MessageWriter().message(request_range === undefined ? 3 : 1, rangeRequest(bytesOf(only.key)));
}

function bytesOf(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new TypeError('keys and values of etcd requests are buffers');
  return value;
}

const unsupported = (what: string, value: object): TypeError =>
  new TypeError(`this ${what} of an etcd request has fields that are not encoded: ${Object.keys(value).join(', ')}`);

export function decodeRange(message: Buffer): RangeAnswer {
  let header: IResponseHeader | undefined;
  const kvs: IKeyValue[] = [];
  for (const { field, bytes } of fieldsOf(message)) {
    if (field === 1) header = headerOf(bytes);
    else if (field === 2) kvs.push(keyValue(bytes));
  }
  return { header: present(header), kvs };
}

export function decodeTxn(message: Buffer): TxnAnswer {
  let header: IResponseHeader | undefined;
  let succeeded = false;
  const responses: TxnAnswer['responses'][number][] = [];
  for (const { field, number, bytes } of fieldsOf(message)) {
    if (field === 1) header = headerOf(bytes);
    else if (field === 2) succeeded = number !== 0n;
    else if (field === 3) responses.push({ response_range: { kvs: rangeOf(bytes) } });
  }
  return { header: present(header), succeeded, responses };
}

/** Found pairs of a response operation; none when it is a put's or a delete's. */
function rangeOf(operation: Buffer): readonly IKeyValue[] {
  for (const { field, bytes } of fieldsOf(operation)) {
    if (field !== 1) continue;
    return [...fieldsOf(bytes)].filter((inner) => inner.field === 2).map((inner) => keyValue(inner.bytes));
  }
  return [];
}

function headerOf(message: Buffer): IResponseHeader {
  const numbers = ['0', '0', '0', '0', '0'];
  for (const { field, number } of fieldsOf(message)) numbers[field] = String(number);
  const [, cluster_id = '0', member_id = '0', revision = '0', raft_term = '0'] = numbers;
  return { cluster_id, member_id, revision, raft_term };
}

function present(header: IResponseHeader | undefined): IResponseHeader {
  if (header === undefined) throw new RangeError('an answer of etcd has no header');
  return header;
}

const EMPTY = Buffer.alloc(0);

function keyValue(message: Buffer): IKeyValue {
  const pair: IKeyValue = {
    key: EMPTY,
    value: EMPTY,
    create_revision: '0',
    mod_revision: '0',
    version: '0',
    lease: '0',
  };
  for (const { field, number, bytes } of fieldsOf(message)) {
    if (field === 1) pair.key = bytes;
    else if (field === 2) pair.create_revision = String(number);
    else if (field === 3) pair.mod_revision = String(number);
    else if (field === 4) pair.version = String(number);
    else if (field === 5) pair.value = bytes;
    else if (field === 6) pair.lease = String(number);
  }
  return pair;
}
