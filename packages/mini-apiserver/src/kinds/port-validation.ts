import { type FieldError, invalidValue } from '../field-error.ts';

export const PORT_RANGE = 'must be between 1 and 65535, inclusive';

export function checkPortNumber(field: string, port: number): FieldError[] {
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? [] : [invalidValue(field, port, PORT_RANGE)];
}

/** A port's name as IANA_SVC_NAME: what `targetPort` and container ports use. */
export function checkPortName(field: string, name: string): FieldError[] {
  const fault = (detail: string) => [invalidValue(field, name, detail)];
  if (name.length > 15) return fault('must be no more than 15 characters');
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) || name.includes('--')) {
    return fault("must contain only alpha-numeric characters (a-z, 0-9), and hyphens ('-')");
  }
  return /[a-z]/.test(name) ? [] : fault('must contain at least one letter (a-z)');
}
