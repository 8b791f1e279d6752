import type { NodePlan } from '../plan/city-plan.ts';
import { inNetns, ip, runCommand } from './command.ts';
import { GATE, gateLines, nodeLines, nodeSwitches, podCableLines, podLines, podLink, underlayLines } from './links.ts';

/** Lays the underlay, the nodes and the gate into the current network namespace and new ones. */
export async function buildNetwork(nodes: readonly NodePlan[], serviceCIDR: string): Promise<void> {
  const [entry] = nodes;
  if (entry === undefined) throw new RangeError('a city needs a node');
  await ip(underlayLines(nodes));
  await Promise.all([
    ip(gateLines(entry, serviceCIDR), GATE.name),
    ...nodes.map(async (node) => {
      await setSwitches(node.name);
      await ip(nodeLines(node), node.name);
    }),
  ]);
}

/** Files of /proc/sys/net show the namespace of the process that opens them, so a process there has to write them. */
function setSwitches(netns: string): Promise<void> {
  const writes = Object.entries(nodeSwitches).map(([file, value]) => `echo ${value} > /proc/sys/net/ipv4/${file}`);
  const [nsenter = '', ...args] = inNetns(netns);
  return runCommand(nsenter, [...args, 'sh', '-e'], writes.join('\n'));
}

/** A namespace with `address` behind `node`. */
export async function addPodNetwork(node: string, netns: string, address: string): Promise<void> {
  await ip([`netns add ${netns}`]);
  await ip(podCableLines(netns, address), node);
  await ip(podLines(address), netns);
}

/**
 * The cable goes first and by name: the kernel takes a namespace down at leisure, and the next pod with this address
 * would find the name of its cable in use.
 */
export async function removePodNetwork(node: string, netns: string, address: string): Promise<void> {
  await ip([`link del ${podLink(address)}`], node);
  await ip([`netns del ${netns}`]);
}
