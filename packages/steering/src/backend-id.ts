import { type Backend, type ServicePortKey, socketText } from '@kubecity/routing';

/** Of the map. The same for both families of a service port: their addresses cannot be taken for each other. */
export const backendId = (key: ServicePortKey, { address, port }: Pick<Backend, 'address' | 'port'>) =>
  `${key}|${socketText(address, port)}`;
