import { expect, it } from 'vitest';
import type { Hit } from '../../src/map/hit.ts';
import { Pointer } from '../../src/map/pointer.ts';

/** As much of an element as a pointer needs. */
class Host extends EventTarget {
  readonly style = { cursor: '' };
  getBoundingClientRect = () => ({ left: 100, top: 50 });
  say(type: string, x: number, y: number): void {
    this.dispatchEvent(Object.assign(new Event(type), { clientX: x, clientY: y, buttons: 0 }));
  }
}

it('tells what lies under it, and of what is chosen no longer: the map may slide away then', () => {
  const host = new Host();
  const heard: unknown[] = [];
  const hit = { kind: 'service', id: 'service:shop/cart' } as unknown as Hit;
  new Pointer(host as unknown as HTMLElement, {
    under: ({ x }) => (x < 300 ? hit : undefined),
    hover: (under, at) => heard.push(['hover', under?.id, at.x, at.y]),
    choose: (chosen) => heard.push(['choose', chosen?.id]),
    isClickable: () => true,
  });
  host.say('pointermove', 200, 80);
  host.say('click', 200, 80);
  host.say('pointermove', 201, 80);
  expect(heard).toEqual([
    ['hover', 'service:shop/cart', 100, 30],
    ['hover', undefined, 100, 30],
    ['choose', 'service:shop/cart'],
    ['hover', 'service:shop/cart', 101, 30],
  ]);
});
