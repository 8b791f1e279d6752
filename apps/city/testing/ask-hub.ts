import { HubSession } from './hub-session.ts';

/** Asks the hub one question of `docs/protocol.md`. `url`: of the dashboard, without a path. */
export async function askHub<Answer>(url: string, question: object): Promise<Answer> {
  const session = await HubSession.open(url);
  await session.emit(`0${JSON.stringify(['ask', question])}`);
  for (;;) {
    const { kind, body } = await session.next();
    if (kind !== 'answer' || !body.startsWith('0')) continue;
    await session.close();
    return (JSON.parse(body.slice(1)) as [Answer])[0];
  }
}
