import { cleanAddress, cleanRange, socketText } from '@kubecity/routing';
import { z } from 'zod';

/** Fields of case files. Addresses and ranges come out as canonical text, whatever their spelling. */

export const name = z.string().min(1);
export const port = z.int().min(1).max(65_535);
export const address = canonical('an IP address', (text) => cleanAddress(text)?.text);
export const range = canonical('a range, address/bits', (text) => cleanRange(text)?.text);
export const backend = canonical('address:port', (text) => {
  const [, v6, v4, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = cleanAddress(v6 ?? v4 ?? '');
  return host && Number(digits) <= 65_535 ? socketText(host.text, Number(digits)) : undefined;
});

function canonical(what: string, clean: (text: string) => string | undefined) {
  return z.string().transform((text, context) => {
    const value = clean(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `not ${what}: ${JSON.stringify(text)}` });
    return z.NEVER;
  });
}
