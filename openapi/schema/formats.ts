import { type FieldError, field } from '../machinery/errors.ts';
import { parseQuantity, QuantityError } from '../machinery/quantity.ts';
import { parseDuration } from './duration.ts';

/** What is wrong with a value of this format; undefined when nothing is. Values of another type are not judged. */
export function formatError(format: string, value: unknown, path: string): FieldError | undefined {
  if (format === 'quantity') return quantityError(value, path);
  if (typeof value !== 'string') return undefined;
  switch (format) {
    case 'date-time':
      return isDateTime(value)
        ? undefined
        : field.typeInvalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`);
    case 'byte':
      // What should have been a secret is not repeated in an error.
      return isBase64(value) ? undefined : field.invalid(path, '<not shown>', 'must be valid base64');
    case 'duration':
      return parseDuration(value) !== undefined
        ? undefined
        : field.invalid(path, value, 'must be a duration such as "30s", "5m" or "1h30m"');
    default:
      return undefined;
  }
}

function quantityError(value: unknown, path: string): FieldError | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  try {
    parseQuantity(value);
    return undefined;
  } catch (error) {
    if (error instanceof QuantityError) return field.invalid(path, value, error.message);
    throw error;
  }
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function isDateTime(text: string): boolean {
  return DATE_TIME.test(text) && !Number.isNaN(Date.parse(text));
}

/** Standard alphabet with padding; line ends are allowed, as Go allows them. */
function isBase64(text: string): boolean {
  if (!/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(text)) return false;
  const bare = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  return bare.length % 4 === 0;
}
