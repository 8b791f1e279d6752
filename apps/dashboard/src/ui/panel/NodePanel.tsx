'use client';
import type { CityRecord } from '@kubecity/protocol';
import { useMemo } from 'react';
import { age, count, plural, rate } from '../../city/format.ts';
import { rankBackends, rankClients } from '../../city/ranking.ts';
import { refusalsOf } from '../../city/refusals.ts';
import { nodePlace, type Survey } from '../../city/survey.ts';
import { NO_TRAFFIC } from '../../city/traffic.ts';
import { skewWords } from '../../city/versions.ts';
import { goTo, useView } from '../../live/view-store.ts';
import { Why } from '../ask/Why.tsx';
import { useNow } from '../use-now.ts';
import { Classes } from './Classes.tsx';
import { Events } from './Events.tsx';
import { Figures } from './Figures.tsx';
import { MeasuringFacts } from './MeasuringFacts.tsx';
import { NodeNetwork } from './NodeNetwork.tsx';
import { Overrides } from './Overrides.tsx';
import { Chip, Fact, Problem, Row, Section } from './parts.tsx';
import { Ranking } from './Ranking.tsx';
import { Refusals } from './Refusals.tsx';
import { Steer } from './Steer.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

export function NodePanel({ name }: { readonly name: string }) {
  const { survey, into, out, edges, traffic } = useScope({ kind: 'node', id: name }, 'both');
  const measure = useView((state) => state.metric);
  const standing = useStanding({ edges, homes: [name] });
  const rankings = useMemo(() => {
    const { city } = survey;
    return { backends: rankBackends(city, into, measure, 'service'), clients: rankClients(city, out, measure) };
  }, [survey, into, out, measure]);
  const node = survey.city.node.get(name);
  if (!node) return null;
  const pods = [...survey.city.pod.values()].filter((pod) => pod.node === name);
  const unknown = standing.state === 'unknown';
  const nobody = unknown ? 'Not known.' : 'Nobody.';
  return (
    <>
      <Title
        title={name}
        detail={`node${node.zone === undefined ? '' : ` · ${node.zone}`} · ${plural(pods.length, 'pod')}`}
      />
      <Figures id={`node:${name}`} traffic={traffic} standing={standing} />
      <div className="mt-3 flex flex-wrap gap-2">
        <Steer of={{ kind: 'node', id: name }} />
        <Why source={{ kind: 'node', node: name }} />
      </div>
      {!node.ready && <Problem title="The node is not ready">Kubernetes says so; its rules stay as they are.</Problem>}
      {node.agent.error !== undefined && (
        <Problem title="Its agent cannot program the kernel">{node.agent.error}</Problem>
      )}
      {node.agent.problems?.map((problem) => (
        <Problem key={problem} title="Its agent lacks a right">
          {problem}
        </Problem>
      ))}
      <AgentFacts node={node} />
      <NodeNetwork node={node} />
      <Refusals survey={survey} rows={refusalsOf(survey, nodePlace(name))} />
      <Ranking title="Who on it gets the most" rows={rankings.backends} none={nobody} testId="top-backends" />
      <Ranking title="Who on it opens the most" rows={rankings.clients} none={nobody} testId="top-clients" />
      <Classes traffic={traffic} standing={standing} />
      <MeasuringFacts node={node} />
      <Overrides of={{ kind: 'node', id: name }} />
      <Events subjects={[{ kind: 'Node', name }]} />
      <Pods pods={pods} survey={survey} />
    </>
  );
}

/** More are found in the directory. */
const MOST_PODS = 60;

function Pods({ pods, survey }: { readonly pods: readonly CityRecord<'pod'>[]; readonly survey: Survey }) {
  const rateOf = (uid: string) =>
    (survey.sums.intoPod.get(uid) ?? NO_TRAFFIC).openedPerSecond +
    (survey.sums.outOfPod.get(uid) ?? NO_TRAFFIC).openedPerSecond;
  const sorted = [...pods].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <Section title="Pods" aside={count(pods.length)}>
      <div className="-mx-2.5">
        {sorted.slice(0, MOST_PODS).map((pod) => (
          <Row key={pod.uid} onSelect={() => goTo({ kind: 'pod', id: pod.uid })}>
            <span className="code truncate">{pod.name}</span>
            <span className="ml-auto text-soft">{rate(rateOf(pod.uid))}/s</span>
          </Row>
        ))}
      </div>
      {pods.length > MOST_PODS && (
        <p className="mt-1 text-sm text-soft">and {count(pods.length - MOST_PODS)} more in the directory</p>
      )}
    </Section>
  );
}

const AGENT = {
  live: ['live', 'live'],
  stale: ['light', 'silent'],
  absent: ['light', 'never seen'],
} as const;

const MODE_WORDS = {
  observe: 'observes: writes no rules, steers nothing',
  steer: 'steers Services with overrides, in front of kube-proxy',
  replace: 'routes every Service',
} as const;

function AgentFacts({ node }: { readonly node: CityRecord<'node'> }) {
  const now = useNow(1000);
  const { agent } = node;
  const [tone, word] = AGENT[agent.state];
  const skew = skewWords(agent);
  return (
    <dl className="mt-3 divide-y divide-line">
      <Fact name="Agent">
        <Chip tone={tone}>
          {word}
          {agent.state === 'stale' && agent.lastFrameAt !== undefined && ` for ${age(now - agent.lastFrameAt)}`}
        </Chip>
      </Fact>
      {agent.mode !== undefined && <Fact name="Mode">{MODE_WORDS[agent.mode]}</Fact>}
      <Fact name="Kernel and wishes">
        {agent.inSync === undefined ? 'unknown' : agent.inSync ? 'in sync' : 'differ'}
      </Fact>
      {node.addresses.length > 0 && (
        <Fact name="Address">
          <span className="code">{node.addresses.join(', ')}</span>
        </Fact>
      )}
      {node.podCIDR !== undefined && (
        <Fact name="Pods’ range">
          <span className="code">{node.podCIDR}</span>
        </Fact>
      )}
      {agent.rules !== undefined && (
        <Fact name="Rules">
          {count(agent.rules)} in {plural(agent.chains ?? 0, 'chain')} for{' '}
          {plural(agent.servicePorts ?? 0, 'service port')}
        </Fact>
      )}
      {agent.lastSync && (
        <Fact name="Last change">
          {plural(agent.lastSync.rules, 'rule')} in {agent.lastSync.milliseconds.toFixed(0)} ms
          {agent.lastSyncAt !== undefined && `, ${age(now - agent.lastSyncAt)} ago`}
        </Fact>
      )}
      {agent.drift && (
        <Fact name="Changed by another hand">
          {age(now - agent.drift.at)} ago, repaired: <span className="code">{agent.drift.difference}</span>
        </Fact>
      )}
      {agent.version !== undefined && (
        <Fact name="Version">
          {agent.version}
          {skew !== undefined && (
            <span className={agent.skew?.supported ? 'text-light-ink' : 'text-drain-ink'}> · {skew}</span>
          )}
        </Fact>
      )}
    </dl>
  );
}
