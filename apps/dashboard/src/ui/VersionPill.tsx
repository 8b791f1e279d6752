'use client';
import { GitCompareArrows } from 'lucide-react';
import { Popover } from 'radix-ui';
import { skewedAgents, skewTitle } from '../city/versions.ts';
import { useCity } from '../live/city-store.ts';
import { goTo } from '../live/view-store.ts';

/** Only while agents and dashboard are not of one version: during an upgrade, or when one stopped half-way. */
export function VersionPill() {
  const { node, cluster } = useCity((state) => state.stream.city);
  const agents = skewedAgents(node.values());
  const ours = [...cluster.values()][0]?.version;
  if (agents.length === 0) return null;
  const far = agents.some(({ supported }) => !supported);
  const title = skewTitle(agents);
  return (
    <Popover.Root>
      <Popover.Trigger
        data-testid="versions"
        title={title}
        className={`touchable flex h-8 items-center gap-1.5 rounded-control px-2 text-sm whitespace-nowrap transition-colors duration-150 hover:bg-hover ${far ? 'text-drain-ink' : 'text-light-ink'}`}
      >
        <GitCompareArrows className="size-3.5" aria-hidden="true" />
        <span aria-hidden="true" className="min-[1600px]:hidden">
          {agents.length}
        </span>
        <span className="sr-only min-[1600px]:not-sr-only">{title}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          data-testid="version-nodes"
          className="rising z-40 max-h-[70vh] w-[420px] overflow-y-auto rounded-card border border-line bg-panel p-3 shadow-cast"
        >
          <p className="mb-2 text-sm text-soft">
            {far
              ? 'More than one minor version apart: bring them to the same, the dashboard first.'
              : 'One minor version apart they work together; what only the newer one knows is missing.'}
            {ours !== undefined && ` The dashboard is ${ours}.`}
          </p>
          <ul className="grid grid-cols-[minmax(96px,1fr)_auto_minmax(0,1.6fr)] gap-x-3 text-sm">
            {agents.map((agent) => (
              <li key={agent.node} className="col-span-3 grid grid-cols-subgrid items-baseline">
                <Popover.Close
                  onClick={() => goTo({ kind: 'node', id: agent.node })}
                  className="touchable min-h-6 truncate py-1 text-left font-medium hover:underline"
                >
                  {agent.node}
                </Popover.Close>
                <span className="py-1">{agent.version}</span>
                <span className={`py-1 ${agent.supported ? 'text-soft' : 'text-drain-ink'}`}>{agent.words}</span>
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
