import { type BigIntStats, fstatSync } from 'node:fs'
import { type BpfMap, type BpfObject, openObject, RingReader } from '@runwarden/libbpf'
import { execId } from '../identity.ts'
import { everyLook, keepLooking } from '../looks.ts'
import { countOf } from '../per-cpu.ts'
import { scopeIdentity } from '../scope.ts'
import { builtObjects } from '../built-objects.ts'
import { recordsOf } from '../tls/decode.ts'
import { log_chunk, log_file, LOG_FILE_BYTES, log_flags, log_unread } from './layout.ts'

const BATCH_BYTES = 1 << 20
/** Slot of the sensor's map of programs for the end of writes. */
const WRITE_SLOT = 2

/** What one call wrote to a build log, or a part of it. Comes from the writer's own memory. */
export interface LogChunk {
  /** CLOCK_BOOTTIME, ns. */
  time: number
  execId: string
  /** Unique for the log file while it lives. */
  log: string
  /** A page of a runner's log, written by a program called Runner.Worker; else the command's own output. */
  page: boolean
  data: Buffer
  /** What was written behind it was not copied. */
  cut: boolean
}

export interface LogCaptureOptions {
  /** Folder of build_log.bpf.o; by default the build for this machine. */
  objectDir?: string
  /** Directory of the scope's cgroup. */
  scopeCgroup: string
  /** Id of the agent's own cgroup, where it is in the scope: it is not watched. */
  agentCgroup?: bigint | undefined
  /** Sensor.calls */
  calls: BpfMap
  /** Open files that are the log: pipes, sockets, terminals. */
  outputs: readonly number[]
  /** Whether regular files among them are, too: what is written to one may be anything. */
  files: boolean
  /** In the order of the calls' ends, as far as one processor after the other tells them. */
  onChunks(chunks: readonly LogChunk[]): void
}

/** Bytes of logs that were not copied, by why. */
export interface LogUnread {
  /** No room in the ring. */
  noRoom: number
  /** Calls that wrote more than 256 KiB at once. */
  tooLong: number
  /** Written without a buffer of the writer's: sendfile, splice, tee, sendmsg. */
  noBuffer: number
}

/** What one scope's processes write to build logs: to named outputs, and to the pages of a runner's worker. */
export class LogCapture {
  readonly #object: BpfObject
  readonly #ring: RingReader
  readonly #endLooks: () => void
  #closed = false

  /** @throws BpfError when the kernel refuses the program */
  constructor(options: LogCaptureOptions) {
    const scope = scopeIdentity(options.scopeCgroup)
    this.#object = openObject(`${options.objectDir ?? builtObjects()}/build_log.bpf.o`, {
      globals: {
        scope_cgid: scope.id,
        scope_level: scope.level,
        agent_cgid: options.agentCgroup ?? 0n,
      },
    })
    this.#object.load()
    const files = this.#object.map('log_files')
    for (const fd of options.outputs) {
      const key = keyOf(fstatSync(fd, { bigint: true }), options.files)
      if (key !== null) files.set(key, Buffer.alloc(4))
    }
    this.#ring = new RingReader({
      maps: [this.#object.map('log_chunks')],
      bufferBytes: BATCH_BYTES,
      // When it fills up, and what comes first.
      wake: true,
      onBatch: (buffer, bytes) => {
        keepLooking()
        const chunks: LogChunk[] = []
        for (const at of recordsOf(buffer, bytes)) chunks.push(decodeChunk(buffer, at))
        options.onChunks(chunks)
      },
    })
    this.#object.install('log_written', options.calls, WRITE_SLOT)
    this.#endLooks = everyLook(() => this.drain())
  }

  /** Hands over everything that the kernel side has told so far. */
  drain(): void {
    if (!this.#closed) this.#ring.drain()
  }

  unread(): LogUnread {
    const map = this.#object.map('log_unread')
    const count = (what: number): number => countOf(map, what)
    return {
      noRoom: count(log_unread.LOG_NO_ROOM),
      tooLong: count(log_unread.LOG_TOO_LONG),
      noBuffer: count(log_unread.LOG_NO_BUFFER),
    }
  }

  /** Detaches and releases everything; what is still in the ring is gone: drain() before. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#endLooks()
    this.#ring.close()
    this.#object.close()
  }
}

/** struct log_chunk at byte `at`. */
function decodeChunk(buffer: Buffer, at: number): LogChunk {
  const file = at + log_chunk.file
  const flags = buffer.readUInt32LE(at + log_chunk.flags)
  const data = at + log_chunk.data
  return {
    time: Number(buffer.readBigUInt64LE(at + log_chunk.time)),
    execId: execId(
      buffer.readUInt32LE(at + log_chunk.tgid),
      buffer.readBigUInt64LE(at + log_chunk.start),
    ),
    log: `${buffer.readUInt32LE(file + log_file.device)}:${buffer.readBigUInt64LE(file + log_file.inode)}`,
    page: (flags & log_flags.LOG_PAGE) !== 0,
    data: Buffer.from(buffer.subarray(data, data + buffer.readUInt32LE(at + log_chunk.copied))),
    cut: (flags & log_flags.LOG_CUT) !== 0,
  }
}

/** Of what a CI system reads: pipes, sockets, terminals. Another device (/dev/null) is no log. */
function keyOf(stats: BigIntStats, files: boolean): Buffer | null {
  const terminal = stats.isCharacterDevice() && stats.rdev >> 8n !== 1n
  if (!stats.isFIFO() && !stats.isSocket() && !terminal && !(files && stats.isFile())) return null
  const { dev, ino } = stats
  const key = Buffer.alloc(LOG_FILE_BYTES)
  key.writeBigUInt64LE(ino, log_file.inode)
  // stat's device is in the form of glibc's makedev().
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  key.writeUInt32LE(Number(((major << 20n) | (minor & 0xfffffn)) & 0xffffffffn), log_file.device)
  return key
}
