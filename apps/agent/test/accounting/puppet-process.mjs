/** Stands for the accounting process: tells what it hears, as news, and does what questions order. */
process.on('message', (message) => {
  process.send({ kind: 'news', level: 'info', message: 'heard', about: { json: JSON.stringify(message) } });
  if (message.kind === 'stop') process.disconnect();
  if (message.kind !== 'ask') return;
  const { id, question } = message;
  if (question.backend === 'die') process.kill(process.pid, 'SIGKILL');
  else if (question.backend === 'totals') process.send({ kind: 'totals', totals: { dumps: 1 } });
  else if (question.backend === 'ended') {
    process.send({ kind: 'ended', news: { uid: 'u', connections: 3, left: 0, late: false } });
  } else if (question.backend?.startsWith('frame ')) {
    process.send({ kind: 'frame', link: Number(question.backend.slice(6)), frame: { seq: 0 } });
  } else if (question.backend !== 'silence') process.send({ kind: 'answer', id, answer: { kind: 'flows', total: 7 } });
});
