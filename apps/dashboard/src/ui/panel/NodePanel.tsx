'use client';
import type { CityRecord } from '@kubecity/protocol';
import { age, count, plural, rate } from '../../city/format.ts';
import { NO_TRAFFIC } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { useNow } from '../use-now.ts';
import { MeasuringFacts } from './MeasuringFacts.tsx';
import { Chip, Fact, Figures, Problem, Row, Section } from './parts.tsx';
import { Title } from './Title.tsx';

export function NodePanel({ name }: { readonly name: string }) {
  const survey = useCity((state) => state.survey);
  const node = survey.city.node.get(name);
  if (!node) return null;
  const pods = [...survey.city.pod.values()].filter((pod) => pod.node === name);
  const rateOf = (uid: string) =>
    (survey.sums.intoPod.get(uid) ?? NO_TRAFFIC).openedPerSecond +
    (survey.sums.outOfPod.get(uid) ?? NO_TRAFFIC).openedPerSecond;
  return (
    <>
      <Title
        title={name}
        detail={`node${node.zone === undefined ? '' : ` · ${node.zone}`} · ${plural(pods.length, 'pod')}`}
      />
      <Figures traffic={survey.sums.byNode.get(name) ?? NO_TRAFFIC} />
      {!node.ready && <Problem title="The node is not ready">Kubernetes says so; its rules stay as they are.</Problem>}
      {node.agent.error !== undefined && (
        <Problem title="Its agent cannot program the kernel">{node.agent.error}</Problem>
      )}
      <AgentFacts node={node} />
      <MeasuringFacts node={node} />
      <Section title="Pods">
        <div className="-mx-2.5">
          {pods
            .sort((a, b) => a.name.localeCompare(b.name))
            .map((pod) => (
              <Row key={pod.uid} onSelect={() => goTo({ kind: 'pod', id: pod.uid })}>
                <span className="code truncate">{pod.name}</span>
                <span className="ml-auto text-soft">{rate(rateOf(pod.uid))}/s</span>
              </Row>
            ))}
        </div>
      </Section>
    </>
  );
}

const AGENT = {
  live: ['live', 'live'],
  stale: ['light', 'silent'],
  absent: ['light', 'never seen'],
} as const;

function AgentFacts({ node }: { readonly node: CityRecord<'node'> }) {
  const now = useNow(1000);
  const { agent } = node;
  const [tone, word] = AGENT[agent.state];
  return (
    <dl className="mt-3 divide-y divide-line">
      <Fact name="Agent">
        <Chip tone={tone}>
          {word}
          {agent.state === 'stale' && agent.lastFrameAt !== undefined && ` for ${age(now - agent.lastFrameAt)}`}
        </Chip>
      </Fact>
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
      {agent.version !== undefined && <Fact name="Version">{agent.version}</Fact>}
    </dl>
  );
}
