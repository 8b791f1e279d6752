import type { CityOp } from '@kubecity/protocol';

/** What a browser does with operations. */
export function applyOps(city: Map<string, unknown>, ops: readonly CityOp[]): Map<string, unknown> {
  for (const op of ops) {
    if (op[0] === 'reset') city.clear();
    else if (op[0] === 'set') city.set(`${op[1]} ${op[2]}`, op[3]);
    else if (op[0] === 'delete') city.delete(`${op[1]} ${op[2]}`);
  }
  return city;
}
