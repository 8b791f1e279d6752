import type { KernelSet, SetText } from '../src/index.ts';

type Held = Pick<KernelSet, 'type'> & { readonly members: Set<string> };

/** A kernel's sets that take the lines we write, and refuse what a kernel refuses. */
export class SetMirror {
  readonly sets = new Map<string, Held>();

  /** Members by name. */
  get found(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map([...this.sets].map(([name, { members }]) => [name, members]));
  }

  apply(text: SetText[keyof SetText]): void {
    for (const line of text.split('\n')) if (line !== '') this.#line(line);
  }

  #line(line: string): void {
    const [verb = '', name = '', what = ''] = line.split(' ');
    const set = this.sets.get(name);
    if ((verb === 'create') === (set !== undefined)) throw new Error(`refused: ${line}`);
    if (verb === 'create') this.sets.set(name, { type: what as KernelSet['type'], members: new Set() });
    else if (verb === 'add') set?.members.add(asKept(what));
    else if (verb === 'del') set?.members.delete(asKept(what));
    else if (verb === 'destroy') this.sets.delete(name);
    else throw new Error(`unknown: ${line}`);
  }
}

/** A port without a protocol is one of TCP. */
function asKept(member: string): string {
  return member.replace(/,(?=\d+$)/, ',tcp:');
}
