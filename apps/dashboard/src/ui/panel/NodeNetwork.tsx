'use client';
import type { CityRecord } from '@kubecity/protocol';
import { age, count, plural } from '../../city/format.ts';
import { useNow } from '../use-now.ts';
import { Chip, Fact, Section } from './parts.tsx';

type Agent = CityRecord<'node'>['agent'];
type Isolation = NonNullable<Agent['isolation']>;
type Routes = NonNullable<Agent['routes']>;

const TONES = { off: 'plain', held: 'light', enforcing: 'live', sound: 'live', failing: 'drain' } as const;

const ISOLATION_WORDS = {
  off: 'off: others may enforce policies',
  held: 'asked for, not done',
  enforcing: 'enforcing',
  failing: 'failing: what it held stays',
} as const satisfies Record<Isolation['state'], string>;

const ROUTES_WORDS = {
  off: 'off: others keep the routes',
  held: 'asked for, not done',
  sound: 'all there',
  failing: 'failing',
} as const satisfies Record<Routes['state'], string>;

/** What a node's agent does about NetworkPolicies and about routes to other nodes' pods, by its last word. */
export function NodeNetwork({ node: { agent } }: { readonly node: CityRecord<'node'> }) {
  const now = useNow(1000);
  const { isolation, routes } = agent;
  return (
    <>
      {isolation && (
        <Section title="Network policies" aside={`as of ${age(now - isolation.at)} ago`}>
          <dl className="divide-y divide-line" data-testid="node-isolation">
            <Fact name="State">
              <Chip tone={TONES[isolation.state]}>{ISOLATION_WORDS[isolation.state]}</Chip>
            </Fact>
            {isolation.state !== 'off' && (
              <Fact name="Enforced">
                {plural(isolation.policies, 'policy', 'policies')}, {plural(isolation.rules, 'rule')}
              </Fact>
            )}
          </dl>
          {isolation.message !== undefined && <Words>{isolation.message}</Words>}
        </Section>
      )}
      {routes && <RoutesOf routes={routes} now={now} />}
    </>
  );
}

function RoutesOf({ routes, now }: { readonly routes: Routes; readonly now: number }) {
  const { mode, state, message, direct, vxlan, none, missing, repaired } = routes;
  return (
    <Section title="Routes to other nodes’ pods" aside={`as of ${age(now - routes.at)} ago`}>
      <dl className="divide-y divide-line" data-testid="node-routes">
        <Fact name="State">
          <Chip tone={TONES[state]}>{ROUTES_WORDS[state]}</Chip>
        </Fact>
        {mode !== 'off' && (
          <>
            <Fact name="Mode">{mode === 'auto' ? 'direct where it can be, else VXLAN' : 'direct only'}</Fact>
            <Fact name="Ranges">
              {count(direct)} direct · {count(vxlan)} by VXLAN ·{' '}
              <span className={none > 0 ? 'text-drain-ink' : ''}>{count(none)} without a route</span>
            </Fact>
          </>
        )}
        {repaired && (
          <Fact name="Last repair">
            {age(now - repaired.at)} ago: <span className="code">{repaired.difference}</span>
          </Fact>
        )}
      </dl>
      {message !== undefined && <Words>{message}</Words>}
      {missing.length > 0 && (
        <ul className="mt-1.5 flex flex-col gap-1.5" aria-label="Without a route">
          {missing.map(({ node, range, why }) => (
            <li key={`${node} ${range}`} className="rounded-card border border-drain/35 bg-drain/8 px-3 py-2">
              <span className="font-medium">{node}</span> <span className="code">{range}</span>
              <span className="block text-sm text-soft wrap-anywhere">{why}</span>
            </li>
          ))}
        </ul>
      )}
      {none > missing.length && <p className="mt-1 text-sm text-soft">and {count(none - missing.length)} more</p>}
    </Section>
  );
}

const Words = ({ children }: { readonly children: string }) => (
  <p className="mt-1.5 text-sm text-soft wrap-anywhere">{children}</p>
);
