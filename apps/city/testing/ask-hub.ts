/**
 * Asks the hub one question of `docs/protocol.md`, as any client may: Engine.IO 4 by plain requests, namespace `/map`.
 * @param url of the dashboard, without a path
 */
export async function askHub<Answer>(url: string, question: object): Promise<Answer> {
  const base = `${url}/socket.io/?EIO=4&transport=polling`;
  const [opened = ''] = await packets(base);
  const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
  const session = `${base}&sid=${sid}`;
  const send = (packet: string) => fetch(session, { method: 'POST', body: packet });
  await send('40/map,');
  await send(`42/map,0${JSON.stringify(['ask', question])}`);
  for (;;) {
    for (const packet of await packets(session)) {
      if (packet.startsWith('44/map,')) throw new Error(`the hub refuses: ${packet.slice('44/map,'.length)}`);
      if (packet === '2') await send('3');
      if (!packet.startsWith('43/map,0')) continue;
      await send('1');
      return (JSON.parse(packet.slice('43/map,0'.length)) as [Answer])[0];
    }
  }
}

async function packets(address: string): Promise<readonly string[]> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  return (await answer.text()).split('\u001e');
}
