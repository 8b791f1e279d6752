import pino, { type Logger } from 'pino';
import type { AgentConfig } from './config/agent-config.ts';

export function createLog({ logLevel, nodeName }: Pick<AgentConfig, 'logLevel' | 'nodeName'>): Logger {
  return pino({ level: logLevel, base: { node: nodeName } });
}
