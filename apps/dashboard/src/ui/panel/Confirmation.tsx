'use client';
import type { CityRecord } from '@kubecity/protocol';
import type { ReactNode } from 'react';

interface Props {
  readonly override: CityRecord<'override'>;
  /** The backend's pod. */
  readonly name: string;
  /** The way back, beside the words. */
  readonly children?: ReactNode;
}

/** Which nodes have this override in their kernel: a pip each, the names of those that have not, and whose wish it is. */
export function Confirmation({ override, name, children }: Props) {
  const { nodes, reason } = override;
  return (
    <>
      <div className="mt-2 flex gap-1" aria-hidden="true">
        {nodes.acknowledged.map((node) => (
          <span key={node} title={`${node} confirmed`} className="h-[5px] flex-1 rounded-full bg-live" />
        ))}
        {nodes.waitingFor.map((node) => (
          <span
            key={node}
            title={`waiting for ${node}`}
            className="breathing h-[5px] flex-1 rounded-full border border-faint"
          />
        ))}
      </div>
      <div className="mt-2 flex items-center gap-3">
        <p className="min-w-0 flex-1 text-sm text-soft" data-testid={`confirmed-nodes-${name}`}>
          {nodes.acknowledged.length} of {nodes.desired} nodes confirmed
          {nodes.waitingFor.length > 0 && ` · waiting for ${nodes.waitingFor.join(', ')}`}
        </p>
        {children}
      </div>
      <p className="mt-1.5 text-xs text-soft wrap-anywhere">
        <span className="code">{override.name}</span>
        {reason !== undefined && reason !== '' && ` · ${reason}`}
        {override.kind === 'drain' && ' · waits for what is open, without a deadline'}
      </p>
    </>
  );
}
