import { randomInt } from 'node:crypto';

/**
 * Names, label keys and label values: the rules and the words of apimachinery's util/validation. Each function returns
 * what is wrong, in Kubernetes' wording; an empty list means the text is fine. Lengths are bytes.
 */

const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const qualifiedFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValueFormat = `(${qualifiedFormat})?`;

const labelPattern = new RegExp(`^${labelFormat}$`);
const subdomainPattern = new RegExp(`^${subdomainFormat}$`);
const qualifiedPattern = new RegExp(`^${qualifiedFormat}$`);
const labelValuePattern = new RegExp(`^${labelValueFormat}$`);

function regexText(message: string, format: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${examples.length > 0 ? `e.g. ${shown}` : ''}regex used for validation is '${format}')`;
}

/** A pattern is not tried on texts that are far too long anyway: it would only take time. */
const HOPELESS = 4096;
const matches = (pattern: RegExp, text: string) => text.length > HOPELESS || pattern.test(text);

const tooLong = (maximum: number) => `must be no more than ${maximum} bytes`;
const longer = (text: string, maximum: number) => Buffer.byteLength(text) > maximum;

/** DNS-1123 label, at most 63: namespaces, disk and volume names. */
export function labelNameErrors(name: string): string[] {
  const list: string[] = [];
  if (longer(name, 63)) list.push(tooLong(63));
  if (!matches(labelPattern, name)) {
    list.push(
      regexText(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        labelFormat,
        'my-name',
        '123-abc',
      ),
    );
  }
  return list;
}

/** DNS-1123 subdomain, at most 253: the names of most objects. */
export function subdomainErrors(name: string): string[] {
  const list: string[] = [];
  if (longer(name, 253)) list.push(tooLong(253));
  if (!matches(subdomainPattern, name)) {
    list.push(
      regexText(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomainFormat,
        'example.com',
      ),
    );
  }
  return list;
}

/** What no name may be, whatever its own rule: it stands between slashes of a URL. RBAC names have only this rule. */
export function pathSegmentErrors(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}

/** Label keys, annotation keys (in lower case) and finalizers: `name` or `dns.prefix/name`. */
export function qualifiedNameErrors(value: string): string[] {
  const list: string[] = [];
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${regexText(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        qualifiedFormat,
        'MyName',
        'my.name',
        '123-abc',
      )} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') list.push('prefix part must be non-empty');
    else list.push(...subdomainErrors(prefix).map((message) => `prefix part ${message}`));
  }
  if (name === '') list.push('name part must be non-empty');
  else if (longer(name, 63)) list.push(`name part ${tooLong(63)}`);
  if (!matches(qualifiedPattern, name)) {
    list.push(
      `name part ${regexText(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        qualifiedFormat,
        'MyName',
        'my.name',
        '123-abc',
      )}`,
    );
  }
  return list;
}

export function labelValueErrors(value: string): string[] {
  const list: string[] = [];
  if (longer(value, 63)) list.push(tooLong(63));
  if (!matches(labelValuePattern, value)) {
    list.push(
      regexText(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValueFormat,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return list;
}

/** Without vowels and look-alikes, so that no words appear. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const GENERATED_LENGTH = 63;

/** metadata.generateName with five random characters; the base is cut so that the result has at most 63. */
export function generateName(base: string): string {
  let name = base.slice(0, GENERATED_LENGTH - SUFFIX_LENGTH);
  for (let i = 0; i < SUFFIX_LENGTH; i++) name += suffixAlphabet[randomInt(suffixAlphabet.length)];
  return name;
}
