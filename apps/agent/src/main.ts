import { cleanUp } from './clean-up.ts';
import { readConfig } from './config/config.ts';
import { initKernel } from './kernel-settings.ts';
import { createLog } from './log.ts';
import { runAgent } from './run.ts';

const { command, invocation, loaded } = readConfig(process.argv.slice(2));
const log = createLog(loaded.config);

if (command === 'cleanup') await cleanUp(log);
else if (command === 'init') process.exitCode = (await initKernel(loaded.config, log)) ? 0 : 1;
else await runAgent(invocation, loaded, log);
