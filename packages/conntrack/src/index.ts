export { formatIPv4, parseIPv4 } from './address.ts';
export { FlowDecoder } from './decode.ts';
export type { Directory } from './directory.ts';
export { type Edge, EdgeTable, OTHER_CLIENTS } from './edges.ts';
export { type DumpRequest, encodeCreateRequest, encodeDumpRequest, encodeFlow } from './encode.ts';
export { emptyFlowRow, type FlowRow, IP_PROTOCOL, STATUS, TCP_STATE } from './flow-row.ts';
export { EdgeFrames, type TableFigures } from './frames.ts';
export { FlowLedger, type LedgerOptions } from './ledger.ts';
export { AnswerProgress, forEachMessage, type MessageVisitor, viewOf } from './messages.ts';
