import {
  any,
  asObject,
  choose,
  decimal,
  each,
  type Field,
  flag,
  inside,
  type Message,
  message,
  named,
  oneText,
  presentFlag,
  size,
  text,
  texts,
  writeMessage,
} from './protobuf-fields.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { JsonDocument } from './v3.ts';

/**
 * An OpenAPI 2.0 document as a message openapi.v2.Document of gnostic, the form in which kubectl and client-go ask for
 * it. The numbers are those of gnostic's OpenAPIv2.proto; what our documents never have is not listed and refused.
 *
 * @throws Error that names the place of anything that the message has no room for.
 */
export function openApiV2Protobuf(document: JsonDocument): Buffer {
  const steps = openApiV2ProtobufSteps(document);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, stopping after each path and definition: the whole takes too long for one turn of a server. */
export function* openApiV2ProtobufSteps(document: JsonDocument): Generator<void, Buffer> {
  const writer = new ProtobufWriter();
  const { paths, definitions, ...rest } = document;
  writeMessage(writer, headMessage, rest, '#');
  for (const [keyword, value, number, entry, field] of [
    ['paths', paths, 8, 2, pathItem],
    ['definitions', definitions, 9, 1, schema],
  ] as const) {
    if (value === undefined) continue;
    const start = writer.open(number);
    for (const [name, one] of Object.entries(asObject(value, `#/${keyword}`))) {
      named(field)(writer, entry, { [name]: one }, `#/${keyword}`);
      yield;
    }
    writer.close(start);
  }
  return writer.bytes();
}

/** Schemas contain schemas, so the table is looked up only when one is written. */
const schema: Field = (...field) => message(schemaMessage)(...field);

const schemaMessage: Message = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, decimal],
    maximum: [7, decimal],
    exclusiveMaximum: [8, flag],
    minimum: [9, decimal],
    exclusiveMinimum: [10, flag],
    maxLength: [11, size],
    minLength: [12, size],
    pattern: [13, text],
    maxItems: [14, size],
    minItems: [15, size],
    uniqueItems: [16, flag],
    maxProperties: [17, size],
    minProperties: [18, size],
    required: [19, texts],
    enum: [20, each(any)],
    additionalProperties: [
      21,
      choose((value) => (typeof value === 'boolean' ? inside(2, presentFlag) : inside(1, schema))),
    ],
    type: [22, inside(1, oneText)],
    items: [23, inside(1, schema)],
    properties: [25, inside(1, named(schema))],
    readOnly: [27, flag],
    example: [30, any],
  },
  extensions: 31,
};

const bodyParameter = message({
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
  extensions: 6,
});

const queryParameter = message({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    format: [7, text],
    uniqueItems: [20, flag],
  },
  extensions: 23,
});

/** Like a query parameter, which may be empty and thus has one field more before the type. */
const pathParameter = message({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    format: [6, text],
    uniqueItems: [19, flag],
  },
  extensions: 22,
});

/** Where a parameter is decides which message holds it: ParametersItem.parameter.{body, nonBody.{query, path}}. */
const parameterByPlace: Readonly<Record<string, Field>> = {
  body: inside(1, bodyParameter),
  query: inside(2, inside(3, queryParameter)),
  path: inside(2, inside(4, pathParameter)),
};

const parameter: Field = inside(
  1,
  choose((value, at) => {
    const place = String(asObject(value, at).in);
    const field = Object.hasOwn(parameterByPlace, place) ? parameterByPlace[place] : undefined;
    if (field === undefined)
      throw new Error(`${at} of the OpenAPI document is a parameter in ${place}, not known here`);
    return field;
  }),
);

const response = message({ fields: { description: [1, text], schema: [2, inside(1, schema)] }, extensions: 5 });

const operation = message({
  fields: {
    tags: [1, texts],
    summary: [2, text],
    description: [3, text],
    operationId: [5, text],
    produces: [6, texts],
    consumes: [7, texts],
    parameters: [8, each(parameter)],
    responses: [9, inside(1, named(inside(1, response)))],
    schemes: [10, texts],
    deprecated: [11, flag],
  },
  extensions: 13,
});

const pathItem = message({
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
  extensions: 10,
});

/** Everything but paths and definitions. */
const headMessage: Message = {
  fields: {
    swagger: [1, text],
    info: [2, message({ fields: { title: [1, text], version: [2, text], description: [3, text] }, extensions: 7 })],
  },
  extensions: 16,
};
