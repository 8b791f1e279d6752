// To be loaded before an agent (NODE_OPTIONS=--import=…): while the file that TRUTH_FAULT names holds a word, dumps of the
// connection table go wrong in that way, in the process that counts them, with the real kernel behind:
//   interrupted  the kernel says that the table changed under the dump, and half of the rows are missing
//   hole         half of the rows of every second dump are missing, and nothing says so (as when the hash table is resized)
//   cut          the socket fails in the middle
import { readFileSync } from 'node:fs';
import { RawNetlinkSocket } from 'netlink';

const HEADER = 16;
const [NEW_ENTRY, DONE] = [0x100, 3];
const DUMP_INTERRUPTED = 0x10;
const COUNTS = process.argv[1]?.endsWith('/accounting-process.ts');
const emit = RawNetlinkSocket.prototype.emit;
let dumps = 0;

RawNetlinkSocket.prototype.emit = function broken(event, bytes, ...rest) {
  if (event !== 'message' || !COUNTS || !isDump(bytes)) return emit.call(this, event, bytes, ...rest);
  if (this.chunks === undefined && holds(bytes, NEW_ENTRY)) dumps += 1;
  this.chunks = (this.chunks ?? 0) + 1;
  const fault = wished();
  if (fault === 'cut' && this.chunks > 1)
    return emit.call(this, 'error', new Error('the socket was broken on purpose'));
  if (fault === 'interrupted') markInterrupted(bytes);
  const holed = fault === 'interrupted' || (fault === 'hole' && dumps % 2 === 0);
  const hole = holed && this.chunks % 2 === 0 && !holds(bytes, DONE);
  return hole || emit.call(this, event, bytes, ...rest);
};

/** The file goes with the test; an agent may live a moment longer, and an exception here would end it with a core dump. */
function wished() {
  try {
    return readFileSync(process.env.TRUTH_FAULT, 'utf8').trim();
  } catch {
    return 'none';
  }
}

const isDump = (bytes) => holds(bytes, NEW_ENTRY) || holds(bytes, DONE);

function holds(bytes, wanted) {
  for (const { type } of messagesOf(bytes)) if (type === wanted) return true;
  return false;
}

function markInterrupted(bytes) {
  for (const { at, flags } of messagesOf(bytes)) bytes.writeUInt16LE(flags | DUMP_INTERRUPTED, at + 6);
}

function* messagesOf(bytes) {
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    yield { at, type: bytes.readUInt16LE(at + 4), flags: bytes.readUInt16LE(at + 6) };
    at += Math.max(HEADER, (length + 3) & ~3);
  }
}
