import { type FieldError, field } from '../../machinery/errors.ts';
import { subdomainErrors } from '../../machinery/names.ts';
import { parseImageReference } from '../image-reference.ts';

export function imageErrors(image: string, path: string): FieldError[] {
  if (parseImageReference(image)) return [];
  const text = 'must be an image reference such as registry.example/debian:12 or registry.example/debian@sha256:…';
  return [field.invalid(path, image, text)];
}

/** An object's name as it stands in a reference to it. */
export function objectNameErrors(name: string, path: string): FieldError[] {
  return subdomainErrors(name).map((why) => field.invalid(path, name, why));
}

export function secretNameErrors(name: string | undefined, path: string): FieldError[] {
  return name === undefined ? [] : objectNameErrors(name, path);
}
