import { setTimeout as rest } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tool } from './lab/lab.ts';
import { answersOf, eventually, ModeCity, ours, PATIENCE_MS, WEB_DOORS } from './lab/mode-city.ts';
import { CITY } from './takeover/city.ts';
import { RecordedKubeProxy } from './takeover/kube-proxy.ts';

const ALL = answersOf(['p1', 'p2']);
const ONLY_P2 = answersOf(['p2']);
const LEASE_MS = 3000;
const KUBE_JUMP = ['-m', 'comment', '--comment', 'kubernetes_service_portals', '-j', 'KUBE-SERVICES'];

vi.setConfig({ testTimeout: PATIENCE_MS });

const city = new ModeCity();
const kubeProxy = new RecordedKubeProxy();

beforeAll(async () => {
  await city.open();
  await kubeProxy.start();
  city.configure('observe');
  await city.beginCalls();
  await city.startAgent();
});

afterAll(async () => {
  await city.close();
  await kubeProxy.cleanUp();
});

describe('beside rules as kube-proxy writes them, under calls that never stop', () => {
  it('observe writes nothing', async () => {
    await city.carriesOut('observe');
    expect(ours()).toEqual([]);
    await city.settlesTo(ALL);
    expect(await city.servers()).toEqual(['KUBE']);
  });

  it('steer leaves every Service to kube-proxy that no override acts on', async () => {
    city.configure('steer');
    await city.carriesOut('steer');
    await city.settlesTo(ALL);
    expect(await city.servers()).toEqual(['KUBE']);
    await city.expectUnbroken(ALL);
  });

  it('a drain holds at every door of its Service, with the sources that kube-proxy would show, and at no other', async () => {
    await city.wish('drain', ['p1'], { drain: {} });
    await city.settlesTo(ONLY_P2);
    expect(await city.servers()).toEqual(['CITY', 'KUBE']);
    await city.expectUnbroken(ALL);
  });

  it('policy Local keeps the address of who comes from outside', async () => {
    await city.wish('local', ['p1'], { weight: 50 }, 'shop');
    await eventually(() => expect(ours().some((line) => line.startsWith('-A CITY-L-'))).toBe(true));
    expect(await city.answersNow()).toEqual(ONLY_P2);
    // Nobody else has a door that is called.
    expect(await city.servers()).toEqual(['CITY']);
    await city.release('local');
    await eventually(() => expect(ours().some((line) => line.startsWith('-A CITY-L-'))).toBe(false));
  });

  it('kube-proxy that puts its jumps in front again is overtaken', async () => {
    for (const hook of ['PREROUTING', 'OUTPUT']) tool(['iptables -t nat -I', hook, '1', ...KUBE_JUMP].join(' '));
    const first = (hook: string) => tool(`iptables -t nat -S ${hook} 1`);
    await eventually(() => {
      for (const hook of ['PREROUTING', 'OUTPUT']) expect(first(hook)).toContain('-j CITY-SERVICES');
    });
    await city.settlesTo(ONLY_P2);
    for (const hook of ['PREROUTING', 'OUTPUT']) tool(['iptables -t nat -D', hook, ...KUBE_JUMP].join(' '));
    await city.expectUnbroken(ALL);
  });

  it('a killed agent: the rules go on by themselves, then kube-proxy has its Services back, and nothing breaks', async () => {
    await city.holdOpen();
    await city.stopAgent('SIGKILL');
    expect((await city.answersNow()).filter((answer) => !ONLY_P2.includes(answer))).toEqual([]);
    await rest(LEASE_MS);
    await city.settlesTo(ALL);
    expect(await city.servers()).toEqual(['KUBE']);
    await city.expectUnbroken(ALL);
    await city.startAgent();
    await city.settlesTo(ONLY_P2);
    await city.expectUnbroken(ALL);
  });

  it('so does one that stands still; when it goes on, so does the drain', async () => {
    city.signal('SIGSTOP');
    await rest(LEASE_MS);
    await city.settlesTo(ALL);
    city.signal('SIGCONT');
    await city.settlesTo(ONLY_P2);
    await city.expectUnbroken(ALL);
  });

  it('a Service without backends by an override is refused at every door, and not left to kube-proxy', async () => {
    await city.wish('closed', [], { weight: 0, allowEmpty: true });
    const refused = WEB_DOORS.map((door) => `${door} ECONNREFUSED`);
    await city.settlesTo([...ALL.filter((answer) => !answer.includes(' web')), ...refused].sort());
    await city.release('closed');
    await city.settlesTo(ONLY_P2);
    await city.forgive();
    city.expectNoStrays();
  });

  it('session affinity of a steered Service is kept', async () => {
    const [web] = CITY.filter(({ kind, metadata }) => kind === 'Service' && metadata.name === 'web');
    if (!web) throw new Error('there is no Service web');
    const spec = web.spec as object;
    await city.release('drain');
    await city.wish('neutral', ['p1'], { weight: 100 });
    city.put({ ...web, spec: { ...spec, sessionAffinity: 'ClientIP' } });
    await eventually(() => expect(ours().some((line) => line.startsWith('CITY-A4-'))).toBe(true));
    await eventually(async () => {
      const answers = await city.answersNow();
      const pods = new Set(answers.filter((answer) => /^pod web (UDP )?p/.test(answer)));
      expect(pods.size).toBe(2);
    });
    city.put(web);
    await city.release('neutral');
    await city.settlesTo(ALL);
    expect(await city.servers()).toEqual(['KUBE']);
    await city.expectUnbroken(ALL);
  });

  it('an agent that is stopped gives everything to kube-proxy at once', async () => {
    await city.wish('drain', ['p1'], { drain: {} });
    await city.settlesTo(ONLY_P2);
    city.configure('steer', { leaseSeconds: 300 });
    await eventually(() => expect(tool('ipset list CITY-LEASE-4')).toMatch(/128.0.0.0\/1 timeout [12]\d\d/));
    await city.stopAgent('SIGTERM');
    await city.settlesTo(ALL);
    expect(await city.servers()).toEqual(['KUBE']);
    await city.release('drain');
    city.configure('steer');
    await city.startAgent();
    await city.carriesOut('steer');
    await city.expectUnbroken(ALL);
  });
});

describe('changes of mode on a running agent', () => {
  it('meet no call, in whatever direction', async () => {
    await city.answers();
    for (const mode of ['steer', 'replace', 'steer', 'observe', 'replace', 'observe'] as const) {
      city.configure(mode, { takeOver: true });
      await city.carriesOut(mode);
      expect(await city.servers()).toEqual(mode === 'replace' ? ['CITY'] : ['KUBE']);
      if (mode === 'observe') expect(ours()).toEqual([]);
    }
    await city.expectUnbroken(ALL);
  });

  it('hand back only to a kube-proxy that is there', async () => {
    city.configure('replace', { takeOver: true });
    await city.carriesOut('replace');
    await kubeProxy.cleanUp();
    await city.settlesTo(ALL);
    city.configure('observe');
    await city.hasRead('"mode":"observe"');
    await city.settlesTo(ALL);
    await city.carriesOut('replace');
    expect(await city.servers()).toEqual(['CITY']);
    await kubeProxy.start();
    city.configure('steer');
    await city.carriesOut('steer');
    expect(await city.servers()).toEqual(['KUBE']);
    await city.expectUnbroken(ALL);
  });

  it('replace is refused beside kube-proxy unless it is told to take over', async () => {
    city.configure('observe');
    await city.carriesOut('observe');
    await city.stopAgent('SIGTERM');
    city.configure('replace');
    await city.startAgent();
    await eventually(async () => {
      const answer = await fetch('http://127.0.0.1:12349/healthz?verbose');
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('takeOver')]);
    });
    expect(ours()).toEqual([]);
    city.configure('replace', { takeOver: true });
    await city.carriesOut('replace');
    expect(await city.servers()).toEqual(['CITY']);
    await city.expectUnbroken(ALL);
  });
});
