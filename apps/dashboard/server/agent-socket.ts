import type { AgentHello, AgentToHub, HubToAgent } from '@kubecity/protocol';
import type { DefaultEventsMap, Namespace, Socket } from 'socket.io';

/** What is known of an agent from its handshake on. */
export interface AgentData {
  hello: AgentHello;
  /** The version that both speak. */
  protocol: number;
}
export type AgentsNamespace = Namespace<AgentToHub, HubToAgent, DefaultEventsMap, AgentData>;
export type AgentSocket = Socket<AgentToHub, HubToAgent, DefaultEventsMap, AgentData>;
