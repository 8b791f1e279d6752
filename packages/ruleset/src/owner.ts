/** Who of us looks after a chain, a set or a jump. Each writes and takes away its own and does not see the other's. */
export type Owner = 'routing' | 'isolation';

/** Chains `CITY-I…` and `CITY-J…` are isolation's, and so are sets named so: everything else of ours routes. */
export function ownerOf(name: string): Owner {
  return /^CITY-[IJ]/.test(name) ? 'isolation' : 'routing';
}

/** Of a rule in a foreign chain that leads to a chain of ours. */
export function ownerOfJump(rule: string): Owner {
  return / -[jg] CITY-[IJ]|^-[jg] CITY-[IJ]/.test(rule) ? 'isolation' : 'routing';
}
