import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorName, errorOfResponse, errors, errorTable, field, isError, StatusError } from './errors.ts';

const machines = { group: 'torpor.dev', plural: 'virtualmachines', kind: 'VirtualMachine' };
const secrets = { group: '', plural: 'secrets', kind: 'Secret' };

/** One example of each, with the message as Kubernetes words it. An error without an example fails the count below. */
const examples: Readonly<Record<ErrorName, readonly [StatusError, string]>> = {
  badRequest: [errors.badRequest('no'), 'no'],
  unauthorized: [errors.unauthorized(), 'Unauthorized'],
  forbidden: [
    errors.forbidden(machines, 'a', 'User "u" cannot get resource "virtualmachines"'),
    'virtualmachines.torpor.dev "a" is forbidden: User "u" cannot get resource "virtualmachines"',
  ],
  namespaceTerminating: [
    errors.namespaceTerminating(machines, 'a', 'ns'),
    'virtualmachines.torpor.dev "a" is forbidden: unable to create new content in namespace ns because it is being terminated',
  ],
  notAdmitted: [
    errors.notAdmitted(machines, '', 'exceeded quota: "a" < 1'),
    'virtualmachines.torpor.dev is forbidden: exceeded quota: "a" < 1',
  ],
  notFound: [errors.notFound(machines, 'a'), 'virtualmachines.torpor.dev "a" not found'],
  unknownResource: [errors.unknownResource(), 'the server could not find the requested resource'],
  methodNotAllowed: [
    errors.methodNotAllowed(machines, 'create'),
    'create is not supported on resources of kind "virtualmachines.torpor.dev"',
  ],
  unknownMethod: [errors.unknownMethod(), 'the server does not allow this method on the requested resource'],
  notAcceptable: [
    errors.notAcceptable(['application/json', 'application/yaml']),
    'only the following media types are accepted: application/json, application/yaml',
  ],
  alreadyExists: [errors.alreadyExists(secrets, 'a'), 'secrets "a" already exists'],
  generateNameConflict: [
    errors.generateNameConflict(secrets, 'a'),
    'secrets "a" already exists, the server was not able to generate a unique name for the object',
  ],
  applyConflict: [errors.applyConflict('Apply failed', [{ field: '.spec.a' }]), 'Apply failed'],
  conflict: [
    errors.conflict(machines, 'a'),
    'Operation cannot be fulfilled on virtualmachines.torpor.dev "a": the object has been modified; please apply your changes to the latest version and try again',
  ],
  preconditionFailed: [
    errors.preconditionFailed(machines, 'a', 'UID in precondition: x, UID in object meta: y'),
    'Operation cannot be fulfilled on virtualmachines.torpor.dev "a": Precondition failed: UID in precondition: x, UID in object meta: y',
  ],
  expired: [errors.expired('too old resource version: 1 (2)'), 'too old resource version: 1 (2)'],
  gone: [errors.gone('gone'), 'gone'],
  requestTooLarge: [errors.requestTooLarge(3145728), 'Request entity too large: limit is 3145728'],
  unsupportedMediaType: [
    errors.unsupportedMediaType(['application/json']),
    'the body of the request was in an unknown format - accepted media types include: application/json',
  ],
  invalid: [
    errors.invalid(machines, 'a', [field.required('spec.domain')]),
    'VirtualMachine.torpor.dev "a" is invalid: spec.domain: Required value',
  ],
  unprocessable: [errors.unprocessable(), 'the server rejected our request due to an error in our request'],
  tooManyRequests: [
    errors.tooManyRequests('Too many requests, please try again later.'),
    'Too many requests, please try again later.',
  ],
  internal: [errors.internal('x'), 'Internal error occurred: x'],
  serverTimeout: [
    errors.serverTimeout(machines, 'list'),
    'The list operation against virtualmachines.torpor.dev could not be completed at this time, please try again.',
  ],
  serviceUnavailable: [errors.serviceUnavailable('not in sync', 2), 'not in sync'],
  gatewayTimeout: [errors.gatewayTimeout('request did not complete'), 'Timeout: request did not complete'],
  resourceVersionTooLarge: [
    errors.resourceVersionTooLarge('9', '4'),
    'Timeout: Too large resource version: 9, current: 4',
  ],
};

test('the table, the factories and the examples have the same 27 names', () => {
  const names = Object.keys(errorTable);
  assert.equal(names.length, 27);
  assert.deepEqual(Object.keys(errors).sort(), [...names].sort());
  assert.deepEqual(Object.keys(examples).sort(), [...names].sort());
});

for (const [name, [error, message]] of Object.entries(examples)) {
  test(`${name}: code, reason and message`, () => {
    const { code, reason } = errorTable[name as ErrorName];
    assert.equal(error.code, code);
    assert.equal(error.reason, reason);
    assert.equal(error.status.message, message);
    assert.equal(error.status.code, code);
    assert.equal(error.status.status, 'Failure');
    assert.ok(isError(error, name as ErrorName));
  });
}

test('details name the plural resource, but the kind for validation and preconditions', () => {
  assert.deepEqual(errors.notFound(machines, 'a').status.details, {
    name: 'a',
    group: 'torpor.dev',
    kind: 'virtualmachines',
  });
  assert.deepEqual(errors.notFound(secrets, 'a').status.details, { name: 'a', kind: 'secrets' });
  assert.equal(errors.preconditionFailed(machines, 'a', 'x').status.details?.kind, 'VirtualMachine');
  assert.equal(errors.invalid(machines, 'a', []).status.details?.kind, 'VirtualMachine');
  assert.equal(errors.badRequest('x').status.details, undefined);
  assert.deepEqual(errors.unknownResource().status.details, {});
});

test('several field errors are shown in brackets, each text once, and all as causes', () => {
  const error = errors.invalid(machines, 'web', [
    field.invalid('spec.domain.memory.guest', 'lots', 'quantities must match'),
    field.duplicate('spec.volumes[1].name', 'root'),
    field.duplicate('spec.volumes[1].name', 'root'),
  ]);
  assert.equal(
    error.message,
    'VirtualMachine.torpor.dev "web" is invalid: [spec.domain.memory.guest: Invalid value: "lots": quantities must match, spec.volumes[1].name: Duplicate value: "root"]',
  );
  assert.deepEqual(error.causes[0], {
    reason: 'FieldValueInvalid',
    message: 'Invalid value: "lots": quantities must match',
    field: 'spec.domain.memory.guest',
  });
  assert.equal(error.causes.length, 3);
});

test('forbidden: without a resource, without a name, and with HTML in it', () => {
  assert.equal(
    errors.forbidden(undefined, '', 'User "u" cannot get path "/x"').message,
    'forbidden: User "u" cannot get path "/x"',
  );
  assert.equal(errors.forbidden(machines, '', 'no').message, 'virtualmachines.torpor.dev is forbidden: no');
  assert.match(errors.forbidden(machines, 'a', '<script>').message, /&lt;script&gt;/);
});

test('causes that controllers key on', () => {
  assert.equal(errors.namespaceTerminating(machines, 'a', 'n').causes[0]?.reason, 'NamespaceTerminating');
  assert.equal(errors.resourceVersionTooLarge('2', '1').causes[0]?.reason, 'ResourceVersionTooLarge');
  assert.equal(errors.generateNameConflict(machines, 'a').retryAfterSeconds, 1);
  assert.equal(errors.expired('x', 'token').status.metadata.continue, 'token');
  assert.match(errors.alreadyExists(machines, 'a', true).message, /^object is being deleted: /);
});

test('an answer that is no Status becomes one, with the reason of its code and a bounded text', () => {
  const error = errorOfResponse(503, `<html>${'x'.repeat(10_000)}`, 7);
  assert.equal(error.reason, 'ServiceUnavailable');
  assert.equal(error.retryAfterSeconds, 7);
  assert.ok(error.message.length <= 2048);
  assert.equal(errorOfResponse(404, '').reason, 'NotFound');
  assert.equal(errorOfResponse(409, '').reason, 'AlreadyExists');
  assert.equal(errorOfResponse(418, '').reason, '');
  assert.ok(errorOfResponse(418, '') instanceof StatusError);
});
