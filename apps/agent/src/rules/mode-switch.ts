import type { KubeProxyHere } from '@kubecity/netfilter';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Clock } from '../runner.ts';
import { type Course, decideCourse } from './course.ts';

export interface ModeSwitchOptions {
  readonly wished: () => Pick<AgentConfig, 'mode' | 'takeOver'>;
  readonly findKubeProxy: () => Promise<KubeProxyHere>;
  /** Whether rules that an agent before this one left in the kernel route every Service. */
  readonly foundRouting: () => Promise<boolean>;
  /** Told before anything is written for it. */
  readonly changed: (course: Course, before: Course | undefined) => void;
  /** Time to ask again. */
  readonly due: () => void;
  readonly clock: Clock;
}

/** A kube-proxy may come, go, or change its own mode. */
const LOOK_AGAIN_MS = 30_000;

/** Which mode is carried out, as the configuration and what else routes on this node have it. */
export class ModeSwitch {
  readonly #options: ModeSwitchOptions;
  #course: Course | undefined;
  /** What was wished at the last decision. */
  #asked = '';
  #lookAt = 0;
  #timer: { cancel(): void } | undefined;

  constructor(options: ModeSwitchOptions) {
    this.#options = options;
  }

  /** Absent before the first decision. */
  get course(): Course | undefined {
    return this.#course;
  }

  /** What holds from now on. The node is only looked at where that may change something. */
  async settle(): Promise<Course> {
    const { wished, clock } = this.#options;
    const { mode, takeOver } = wished();
    const asked = `${mode} ${takeOver}`;
    if (this.#course && asked === this.#asked && clock.now() < this.#lookAt) return this.#course;
    const kubeProxy = await this.#options.findKubeProxy();
    const acting = this.#course ? this.#course.mode : (await this.#options.foundRouting()) ? 'replace' : undefined;
    const course = decideCourse({ wished: mode, takeOver, kubeProxy, acting });
    this.#asked = asked;
    this.#planLook(course);
    const before = this.#course;
    this.#course = course;
    if (!isSame(course, before)) this.#options.changed(course, before);
    return course;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #planLook({ mode, front, remark }: Course): void {
    const { clock, due } = this.#options;
    this.#timer?.cancel();
    // Who replaces or observes as wished has nothing to expect of others.
    const looks = mode === 'steer' || front === 'nft' || remark !== undefined;
    this.#lookAt = looks ? clock.now() + LOOK_AGAIN_MS : Number.POSITIVE_INFINITY;
    if (looks) this.#timer = clock.after(LOOK_AGAIN_MS, due);
  }
}

function isSame(a: Course, b: Course | undefined): boolean {
  return b !== undefined && a.mode === b.mode && a.front === b.front && a.remark === b.remark;
}
