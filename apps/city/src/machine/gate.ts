import { join } from 'node:path';
import { gateCalls } from '../plan/shop.ts';
import type { Names, NamesMessage } from '../workload/messages.ts';
import { inNetns } from './command.ts';
import { KeptProcess } from './kept-process.ts';
import { GATE } from './links.ts';
import type { Places } from './places.ts';
import { workloadCommand } from './workload-command.ts';

/** The outside client: the same workload, in a namespace that is no pod's. */
export class Gate {
  readonly #process: KeptProcess;
  #names: Names | undefined;

  constructor(places: Places, seed: number) {
    this.#process = new KeptProcess({
      command: [...inNetns(GATE.name), ...workloadCommand(places.root)],
      env: { ...process.env, SEED: String(seed), POD_NAME: GATE.name, CALLS: gateCalls.join('; ') },
      logPath: join(places.logs, 'gate.log'),
      message: () => this.#names && this.tell(this.#names),
    });
  }

  tell(names: Names): void {
    this.#names = names;
    this.#process.send({ names } satisfies NamesMessage);
  }
}
