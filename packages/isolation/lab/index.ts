export { type PacketOutcome, PacketPlayer } from './packet-player.ts';
