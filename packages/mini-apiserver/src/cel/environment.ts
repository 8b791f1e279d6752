import { Environment } from '@marcbachmann/cel-js';

/** The functions that Kubernetes has beyond those of the library. */
export function celEnvironment(): Environment {
  return new Environment({ enableOptionalTypes: true })
    .registerFunction('timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp', (time: Date) => time)
    .registerFunction('string(google.protobuf.Timestamp): string', (time: Date) =>
      time.toISOString().replace('.000', ''),
    )
    .registerFunction('string.replace(string, string): string', (text, from, to) => text.replaceAll(from, () => to))
    .registerFunction('string.charAt(int): string', (text, at) => [...text][Number(at)] ?? '')
    .registerFunction('string.find(string): string', (text, pattern) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '')
    .registerFunction('string.findAll(string): list<string>', (text, pattern) =>
      [...text.matchAll(new RegExp(pattern, 'gu'))].map(([found]) => found),
    )
    .registerFunction('list<int>.sum(): int', (list: bigint[]) => list.reduce((sum, one) => sum + one, 0n));
}
