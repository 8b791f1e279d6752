import type { Candidate } from './endpoints.ts';
import type { OverrideSpec } from './override.ts';
import { title, type Wish } from './precedence.ts';
import type { PodOf } from './selection.ts';
import type { ServiceDoors } from './service.ts';
import type { Division } from './share.ts';

/** One service port with everybody behind it and who decides about them. Lists stand beside `candidates`. */
export interface Judged extends Division {
  readonly doors: ServiceDoors;
  readonly candidates: readonly Candidate[];
  readonly holders: readonly (Wish | undefined)[];
  readonly usable: readonly boolean[];
}

/** What became of one override in one Service. */
export interface Finding {
  readonly wish: Wish;
  /** `namespace/name` */
  readonly service: string;
  readonly state: 'applied' | 'noBackends' | 'overruled' | 'lifted';
  readonly field?: string;
  readonly message?: string;
  /** Titles of overrides that hold what this one names. */
  readonly lostTo: readonly string[];
  /** A share that gets less than it wishes. */
  readonly curtailed: boolean;
}

/** At most so many names in a message. */
const MAX_NAMES = 5;

/**
 * One of each wish, but of those about no one Service only where they name somebody.
 * @param lifted those that the floor forbids, with the reason
 */
export function findingsOf(
  ports: readonly Judged[],
  wishes: readonly Wish[],
  lifted: ReadonlyMap<Wish, string>,
  podOf: PodOf,
): Finding[] {
  const doors = ports[0]?.doors;
  const service = `${doors?.namespace}/${doors?.name}`;
  return wishes.flatMap((wish): Finding[] => {
    const why = lifted.get(wish);
    const said = { wish, service, lostTo: [], curtailed: false };
    if (why !== undefined) {
      return [{ ...said, state: 'lifted', message: `${why}; spec.allowEmpty: true permits that` }];
    }
    const { held, lost } = partsOf(wish, ports, podOf);
    if (!held && lost.size === 0) {
      const { spec } = wish.override;
      return spec.service === undefined ? [] : [{ ...said, state: 'noBackends', ...namesNobody(spec, ports) }];
    }
    const least = Math.min(...ports.map(({ granted }) => granted.get(wish) ?? wish.value));
    const curtailed = least < wish.value;
    const messages = lostMessages(lost);
    if (curtailed) messages.push(`gets ${least} % instead of ${wish.value} %: younger shares take the rest`);
    return [
      {
        ...{ wish, service, curtailed },
        state: held ? 'applied' : 'overruled',
        ...(messages.length > 0 && { message: messages.join('; ') }),
        lostTo: [...lost.keys()].map(({ override }) => title(override)),
      },
    ];
  });
}

interface Parts {
  readonly held: boolean;
  /** Names of backends, by who holds them instead. */
  readonly lost: ReadonlyMap<Wish, ReadonlySet<string>>;
}

function partsOf(wish: Wish, ports: readonly Judged[], podOf: PodOf): Parts {
  let held = false;
  const lost = new Map<Wish, Set<string>>();
  const { hasPort, chooses } = wish.selection;
  for (const { doors, candidates, holders } of ports) {
    if (!hasPort(doors.portName)) continue;
    for (const [i, { endpoint }] of candidates.entries()) {
      const holder = holders[i];
      if (holder === wish) held = true;
      else if (holder && chooses(endpoint, podOf)) {
        const names = lost.get(holder) ?? new Set();
        lost.set(holder, names.add(endpoint.podName ?? endpoint.address));
      }
    }
  }
  return { held, lost };
}

function namesNobody({ ports: wanted }: OverrideSpec, ports: readonly Judged[]): Pick<Finding, 'field' | 'message'> {
  const missing = wanted?.find((port) => !ports.some(({ doors }) => doors.portName === port));
  if (missing === undefined) return { field: 'spec.backends', message: 'names no backend of the Service' };
  return { field: 'spec.ports', message: `the Service has no port named ${JSON.stringify(missing)}` };
}

function lostMessages(lost: Parts['lost']): string[] {
  return [...lost].map(([{ override }, names]) => {
    const verb = names.size === 1 ? 'is' : 'are';
    return `${listed([...names])} ${verb} held by ${title(override)}`;
  });
}

/** `a, b, c and 4 more` */
export function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return more > 0 ? `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more` : names.join(', ');
}
