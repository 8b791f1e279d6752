import { cleanUp } from './clean-up.ts';
import { readConfig } from './config/config.ts';
import { connectTo } from './connect.ts';
import { doctor } from './doctor/command.ts';
import { initKernel } from './kernel-settings.ts';
import { createLog } from './log.ts';
import { removeRoutes } from './routes/remove-routes.ts';
import { runAgent } from './run.ts';

const { command, invocation, loaded, faults } = readConfig(process.argv.slice(2));
const log = createLog(loaded.config);

if (command === 'cleanup') {
  await cleanUp(log);
  await removeRoutes(log);
} else if (command === 'init') process.exitCode = (await initKernel(loaded.config, log)) ? 0 : 1;
else if (command === 'doctor') {
  const client = connectTo(loaded.config);
  process.exitCode = await doctor({ loaded, faults, output: invocation.output }, client);
  await client.close();
} else await runAgent(invocation, loaded, log);
