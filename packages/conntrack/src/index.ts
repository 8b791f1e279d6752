export { type AddressWords, formatWords, parseWords, sameAddress } from './address.ts';
export type { UnknownAttribute } from './attribute-codec.ts';
export { AttributeCursor, MessageWriter } from './attributes.ts';
export { BatchAnswers } from './batch-answers.ts';
export { FlowDecoder } from './decode.ts';
export { Directory, type DirectoryOptions } from './directory.ts';
export type {
  DirectoryChange,
  DirectoryNode,
  DirectoryPod,
  DirectoryServicePort,
} from './directory-change.ts';
export { Doors, servingBackends } from './doors.ts';
export { type BitFilter, type DumpFilter, type DumpRequest, encodeDumpRequest, flowMatches } from './dump-request.ts';
export type { Edge } from './edge.ts';
export { type EdgeTable, OTHER } from './edges.ts';
export { encodeCreateRequest, encodeFlow } from './encode.ts';
export { type PackedAddress, type PackedEndpoint, packAddress, packEndpoint, packWords } from './endpoint.ts';
export {
  type ConntrackEntry,
  decodeEntry,
  type EntryCounters,
  type EntryProtocolInfo,
  type EntryTuple,
  encodeEntry,
} from './entry.ts';
export { isOver } from './flow-class.ts';
export type { FlowState, OpenFlow, WantedFlow } from './flow-reader.ts';
export {
  ADDRESS,
  type AddressPlace,
  copyFlowRow,
  emptyFlowRow,
  type FlowRow,
  IP_PROTOCOL,
  STATUS,
  TCP_STATE,
} from './flow-row.ts';
export { EdgeFrames, type KernelFigures } from './frames.ts';
export { netfilterMessage } from './header.ts';
export { encodeDeleteBatch, encodeGetRequest, flowIdentity } from './identity.ts';
export { FlowLedger, type LedgerFigures, type LedgerOptions } from './ledger.ts';
export { AnswerProgress, forEachMessage, type MessageVisitor, messagesOf, viewOf } from './messages.ts';
export { isStale, mayLeaveStale, type StaleRules } from './stale.ts';
export { encodeCpuStatsRequest, encodeTableStatsRequest, type TableStats, TableStatsReader } from './table-stats.ts';
export type { TupleFields } from './tuple-writer.ts';
export { type UdpEntry, type UdpFlow, UdpFlowReader, udpFilter } from './udp-flow.ts';
export { HOST_LITTLE_ENDIAN } from './wire.ts';
