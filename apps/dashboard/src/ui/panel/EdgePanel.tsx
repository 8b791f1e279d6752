'use client';
import { backendAddress, backendName, clientName } from '../../city/edge-rows.ts';
import { count, rate } from '../../city/format.ts';
import { isDirect, nodeOfBackend, nodeOfClient, podOfBackend, podUidOf } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { Connections } from '../ask/Connections.tsx';
import { Classes } from './Classes.tsx';
import { Figures } from './Figures.tsx';
import { Chip, Fact, PlaceLink } from './parts.tsx';
import { Title } from './Title.tsx';
import { useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

/** One edge: one client, one service port (or none), one backend. */
export function EdgePanel({ id }: { readonly id: string }) {
  const { survey, edges, traffic } = useScope({ kind: 'edge', id });
  const { city } = survey;
  const past = useCity((state) => state.moment !== undefined);
  const edge = city.edge.get(id);
  const standing = useStanding({ edges, homes: [], services: edge ? [edge.service] : undefined });
  if (!edge) return null;
  const direct = isDirect(edge);
  const client = edge.client.kind === 'pod' ? city.pod.get(podUidOf(edge)) : undefined;
  const clientNode = nodeOfClient(city, edge);
  const backend = city.backend.get(edge.backend);
  const uid = podOfBackend(city, edge);
  const name = backendName(city, edge);
  const backendNode = nodeOfBackend(city, edge);
  return (
    <>
      <Title
        title={`${clientName(city, edge)} → ${direct ? name : edge.service}`}
        detail={direct ? 'edge · direct, past every Service' : `edge · ${edge.servicePort}`}
      />
      <Figures id={`edge:${id}`} traffic={traffic} standing={standing} />
      <div className="mt-3 flex items-center gap-2">
        <Connections edge={edge} />
        {past && <span className="text-sm text-light-ink">of now, not of then</span>}
      </div>
      <dl className="mt-3 divide-y divide-line">
        <Fact name="Client">
          {client ? (
            <PlaceLink to={{ kind: 'pod', id: client.uid }}>{client.name}</PlaceLink>
          ) : (
            <span className="code">{clientName(city, edge)}</span>
          )}
          {clientNode !== undefined && ` on ${clientNode}`}
          {edge.client.kind === 'pod' && !client && <Gone />}
        </Fact>
        {!direct && (
          <Fact name="Service">
            <PlaceLink to={{ kind: 'service', id: edge.service }}>{edge.service}</PlaceLink>
          </Fact>
        )}
        <Fact name="Backend">
          {backend && backend.podUid === uid ? (
            <PlaceLink to={{ kind: 'backend', id: edge.backend }}>{name}</PlaceLink>
          ) : (
            <span className="code">{name}</span>
          )}
          {backendNode !== undefined && ` on ${backendNode}`}
          {edge.podUid !== undefined && !city.pod.has(edge.podUid) && <Gone />}
        </Fact>
        <Fact name="Address">
          <span className="code">{backendAddress(edge)}</span>
        </Fact>
        <Fact name="Packets, both ways">{rate(edge.packetsPerSecond)}/s</Fact>
        <Fact name="Opened in all">{count(edge.opened)}</Fact>
        {edge.stale && (
          <Fact name="State">
            <Chip tone="light">stale: its agent is silent</Chip>
          </Fact>
        )}
      </dl>
      <Classes traffic={traffic} standing={standing} />
    </>
  );
}

const Gone = () => <span className="text-light-ink"> · gone</span>;
