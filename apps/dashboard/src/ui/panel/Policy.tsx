import type { CityRecord } from '@kubecity/protocol';
import { policyWords } from '../../city/policy.ts';
import type { Backend } from '../../city/services.ts';
import { Fact, Section } from './parts.tsx';

interface Props {
  readonly service: CityRecord<'service'>;
  readonly backends: readonly Backend[];
}

/** How the Service treats its clients, in sentences, and the doors it has. */
export function Policy({ service, backends }: Props) {
  const doors = service.ports.filter(({ nodePort }) => nodePort !== undefined);
  return (
    <Section title="Policy">
      <ul className="flex list-disc flex-col gap-1 pl-4 marker:text-faint" data-testid="policy">
        {policyWords(service, backends).map((words) => (
          <li key={words} className="wrap-anywhere">
            {words}
          </li>
        ))}
      </ul>
      {doors.length > 0 && (
        <dl className="mt-1.5 divide-y divide-line">
          {doors.map(({ key, name, port, protocol, nodePort }) => (
            <Fact key={key} name={`Every node, port ${nodePort}`}>
              {name === '' ? '' : `${name} `}
              {port}/{protocol}
            </Fact>
          ))}
        </dl>
      )}
    </Section>
  );
}
