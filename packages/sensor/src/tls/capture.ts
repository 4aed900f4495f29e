import { fstatSync, openSync, realpathSync } from 'node:fs'
import { type BpfMap, type BpfObject, type Link, openObject, RingReader } from '@runwarden/libbpf'
import { Batch } from '../decode/batch.ts'
import { isAtLeast, kernelRelease } from '../hooks.ts'
import { bootClock } from '../identity.ts'
import { everyLook, keepLooking } from '../looks.ts'
import { countOf } from '../per-cpu.ts'
import { scopeIdentity } from '../scope.ts'
import { mayNeverAnswer } from '../served.ts'
import { builtObjects } from '../built-objects.ts'
import type { TlsChunk, TlsEnd, TlsLibrary, TlsOffer } from './chunk.ts'
import { mappedCode, openCodeFile, processesBelow } from './code-file.ts'
import { commonPlaces } from './common-places.ts'
import { contentOf, decodeImage, fileKey, recordsOf, type TlsImage } from './decode.ts'
import { tls_lost } from './layout.ts'
import { NOT_TLS, ProbedFiles } from './probed-files.ts'
import { probePrograms } from './probes.ts'

/** Room for what some 650 processes want to send at once, 96 KiB each. */
const OFFERS_BYTES = 64 << 20
const SWEEP_MS = 1000
const BATCH_BYTES = 1 << 20
/** Files that are told as unseen; a job can make any number of them. */
const MOST_TOLD = 32
const NEVER_ANSWERS =
  'a process or another machine serves its file system, and may let whoever reads it wait for ever: it is not looked at'
/** Key of https_state, in place of a policy's slot. */
const HTTPS_ON = Buffer.from([2, 0, 0, 0])
const ONE = Buffer.from([1, 0, 0, 0])
/** Slot of the sensor's map of programs for the end of mmap(). */
const MMAP_SLOT = 1

/** A process has a TLS library that is seen. */
export interface TlsUse {
  execId: string
  pid: number
  library: TlsLibrary
  /** Of the library or program, in the process's own mount namespace. */
  path: string
  /** Milliseconds that the process had it before the probes were on: what it sent by then was not seen. 0: none. */
  lateMs: number
}

/** A program or library that may have TLS in it, and is not seen. */
export interface TlsUnseen {
  path: string
  reason: string
}

export interface TlsProgramOptions {
  /** Folder of tls.bpf.o; by default the build for this machine. */
  objectDir?: string
  /** Directory of the scope's cgroup. */
  scopeCgroup: string
  /** Id of the agent's own cgroup, where it is in the scope: it is not watched. */
  agentCgroup?: bigint | undefined
  /** Maps that the enforcement of HTTPS rules knows by the same names, for hold(). */
  https?: Readonly<Record<string, BpfMap>> | undefined
  /** Makes room for many that hold() stops at once: 64 MiB of kernel memory, in place of 4. */
  holdsMany?: boolean | undefined
}

export interface TlsCaptureOptions extends TlsProgramOptions {
  /** Sensor.calls: saves a program on each system call. */
  calls?: BpfMap | null
  /** Probed at once; by default what machines commonly have. */
  places?: readonly string[]
  /** In the order of the calls' ends, by session. Goes through it once: each is decoded when it is asked for. */
  onContent(content: Iterable<TlsChunk | TlsEnd | TlsOffer>): void
  onUse?(use: TlsUse): void
  /** A program has just started whose file was not looked at yet, as each new one is at its first start. */
  onNewProgram?(): void
  onUnseen?(unseen: TlsUnseen): void
}

/** What was missed, by how. */
export interface TlsLost {
  /** Calls whose data found no room in the ring: the next chunk of their session says so. */
  chunks: number
  /** Programs and libraries that started without being looked at. */
  images: number
  /** Calls that ended and whose begin was not seen. */
  calls: number
  /** Calls whose data was not in memory. */
  data: number
  /** Writes that could not be offered for a decision: their processes were ended. */
  offers: number
}

type Connection = Pick<TlsOffer, 'pid' | 'start' | 'session'>

/** Probes on the TLS libraries of one scope's processes. */
export class TlsCapture {
  readonly #options: TlsCaptureOptions
  readonly #object: BpfObject
  readonly #links: Link[] = []
  readonly #files: ProbedFiles
  readonly #known: BpfMap
  readonly #images: RingReader
  readonly #chunks: RingReader
  readonly #endLooks: () => void
  readonly #sweeping: NodeJS.Timeout
  /** Files that were told as unseen. */
  readonly #told = new Set<string>()
  /** While it holds. */
  #held: Link[] = []
  #started = false
  #closed = false

  /** @internal see startTlsCapture */
  constructor(options: TlsCaptureOptions, programs: BpfObject) {
    this.#options = options
    this.#object = programs
    this.#object.load()
    this.#files = new ProbedFiles(this.#object, (path, reason) => this.#unseen(path, reason))
    this.#known = this.#object.map('tls_files')
    this.#images = new RingReader({
      maps: [this.#object.map('tls_images')],
      bufferBytes: BATCH_BYTES,
      wake: true,
      onBatch: (buffer, bytes) => {
        keepLooking()
        for (const at of recordsOf(buffer, bytes)) this.#see(decodeImage(buffer, at))
      },
    })
    let batch: Batch | undefined
    this.#chunks = new RingReader({
      maps: [this.#object.map('tls_chunks')],
      bufferBytes: BATCH_BYTES,
      // By what is offered, when it fills up, and what comes first.
      wake: true,
      onBatch: (buffer, bytes) => {
        keepLooking()
        if (batch?.buffer !== buffer) batch = new Batch(buffer)
        options.onContent(contentOf(batch, bytes))
      },
    })
    try {
      this.#start()
    } catch (error) {
      // Its rings would keep this process from ending.
      this.close()
      throw error
    }
    this.#endLooks = everyLook(() => this.drain())
    this.#sweeping = setInterval(() => this.#files.sweep(), SWEEP_MS)
  }

  /**
   * From here on what is about to be sent is offered by onContent(), and where `rules` do not allow it its process stopped until
   * who is offered it lets it go on; or no more. While this process lives: its end ends it, too.
   */
  hold(on: boolean): void {
    if (on === this.#held.length > 0) return
    if (!on) {
      this.#object.map('https_state').set(HTTPS_ON, Buffer.alloc(16))
      for (const link of this.#held) link.close()
      this.#held = []
      return
    }
    const programs = ['https_fork', 'https_exit', 'https_send']
    this.#held = programs.map((program) => this.#object.attach(program))
    this.#object.run('https_decide')
    using running = this.#object.attach('https_running')
    running.read()
  }

  /** Of a process that was looked at by user space. */
  #mark(process: Buffer): void {
    if (this.#held.length > 0) this.#object.map('https_seen').set(process, process)
  }

  #start(): void {
    for (const place of this.#options.places ?? commonPlaces()) {
      try {
        const fd = openSync(place, 'r')
        const key = fileKey(fstatSync(fd, { bigint: true }))
        const number = this.#files.examine(fd, realpathSync(place))
        if (number > NOT_TLS) this.#remember(key, number)
      } catch {
        // Gone, or not for us: who runs it is seen when it does.
      }
    }
    this.#started = true
    this.#links.push(this.#object.attach('tls_exec'))
    const { calls } = this.#options
    if (calls) this.#object.install('tls_mmap', calls, MMAP_SLOT)
    else this.#links.push(this.#object.attach('tls_mmap'))
    this.#useRunning()
  }

  /** Looks at what processes run already. */
  #useRunning(): void {
    for (const pid of processesBelow(this.#options.scopeCgroup)) {
      for (const address of [0n, ...mappedCode(pid)]) {
        const file = openCodeFile({ pid, address })
        if (!file) continue
        // Before: the descriptor is handed over.
        const key = fileKey(fstatSync(file.fd, { bigint: true }))
        const number = this.#files.examine(file.fd, file.path)
        if (number > NOT_TLS) this.#remember(key, number)
        this.#files.use(number, pid)
      }
    }
  }

  /** Looks at a file that a process runs from here on. */
  #see(image: TlsImage): void {
    if (image.known === 0 && image.address === 0n) this.#options.onNewProgram?.()
    // Where hundreds start at once, each has told it before the first one's was looked at.
    const number = image.known || this.#knownBy(image.file) || this.#examine(image)
    const file = this.#files.get(number)
    if (!file) {
      // It was let go since: known no more, it is looked at when it is next run.
      if (image.known > NOT_TLS) this.#known.delete(image.file)
      return
    }
    this.#files.use(number, image.pid)
    if (image.known === 0) this.#mark(image.process)
    this.#options.onUse?.({
      execId: image.execId,
      pid: image.pid,
      library: file.library,
      path: file.path,
      lateMs: Math.max(0, file.since - bootClock.toEpoch(image.time)),
    })
  }

  /** Only of what the scope runs: each file once, and not without end. */
  #unseen(path: string, reason: string): void {
    if (!this.#started || this.#told.has(path) || this.#told.size > MOST_TOLD) return
    this.#told.add(path)
    if (this.#told.size <= MOST_TOLD) this.#options.onUnseen?.({ path, reason })
    else this.#options.onUnseen?.({ path: 'others', reason: `there are more than ${MOST_TOLD}` })
  }

  #examine(image: TlsImage): number {
    const { pid, address, device, path } = image
    if (mayNeverAnswer(image.served, device)) {
      this.#unseen(path, NEVER_ANSWERS)
      return 0
    }
    const file = openCodeFile({ pid, address, device, otherwise: path })
    if (!file) return NOT_TLS
    const changed = fstatSync(file.fd, { bigint: true }).ctimeNs
    const number = this.#files.examine(file.fd, file.path)
    // Another program by now, or changed, or there was no time: it is looked at again when it is next run.
    if (changed === image.changed) this.#remember(image.file, number)
    return number
  }

  /** @returns 0: it was not looked at */
  #knownBy(file: Buffer): number {
    return this.#known.get(file)?.readUInt32LE() ?? 0
  }

  #remember(file: Buffer, number: number): void {
    if (number === 0) return
    const value = Buffer.alloc(4)
    value.writeUInt32LE(number)
    this.#known.set(file, value)
  }

  /** This connection has asked a host with rules. */
  asks(connection: Connection): void {
    this.#object.map('https_asking').set(keyOf(connection), ONE)
  }

  /** What this connection sends needs no decision any more. */
  free(connection: Connection): void {
    this.#object.map('https_free').set(keyOf(connection), Buffer.alloc(4))
  }

  /** This connection is no more: its process has ended. */
  forget(connection: Connection): void {
    for (const map of ['https_requests', 'https_asking'])
      this.#object.map(map).delete(keyOf(connection))
  }

  /** Rules by which the kernel allows what is offered: https_hosts and https_version of bpf/include/https_rules.h. */
  get rules(): { hosts: BpfMap; version: BpfMap } {
    return { hosts: this.#object.map('https_hosts'), version: this.#object.map('https_version') }
  }

  /** Programs and libraries that are seen. */
  probed(): { path: string; library: TlsLibrary }[] {
    return this.#files.list().map(({ path, library }) => ({ path, library }))
  }

  /** Hands over everything that the kernel side has told so far. */
  drain(): void {
    if (this.#closed) return
    this.#images.drain()
    this.#chunks.drain()
  }

  lost(): TlsLost {
    const map = this.#object.map('tls_lost')
    const count = (what: number): number => countOf(map, what)
    return {
      chunks: count(tls_lost.TLS_LOST_CHUNK),
      images: count(tls_lost.TLS_LOST_IMAGE),
      calls: count(tls_lost.TLS_LOST_BEGIN),
      data: count(tls_lost.TLS_LOST_DATA),
      offers: count(tls_lost.TLS_LOST_OFFER),
    }
  }

  /** Detaches and releases everything; what is still in the rings is gone: drain() before. */
  close(): void {
    if (this.#closed) return
    this.hold(false)
    this.#closed = true
    this.#endLooks()
    clearInterval(this.#sweeping)
    for (const link of this.#links) link.close()
    this.#images.close()
    this.#files.close()
    // Without probes nothing is offered any more; what was still waits.
    this.#chunks.drain()
    this.#chunks.close()
    this.#object.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** struct tls_session_key. */
function keyOf({ pid, start, session }: Connection): Buffer {
  const key = Buffer.alloc(24)
  key.writeBigUInt64LE(session, 0)
  key.writeBigUInt64LE(start, 8)
  key.writeUInt32LE(pid, 16)
  return key
}

/**
 * Begins to load the programs for startTlsCapture(): the kernel verifies them meanwhile.
 * @throws BpfError, ENOENT when cgroup or object is missing
 */
export function openTlsPrograms({
  objectDir = builtObjects(),
  scopeCgroup,
  agentCgroup = 0n,
  https = {},
  holdsMany = false,
}: TlsProgramOptions): BpfObject {
  const scope = scopeIdentity(scopeCgroup)
  const programs = openObject(`${objectDir}/tls.bpf.o`, {
    globals: { scope_cgid: scope.id, scope_level: scope.level, agent_cgid: agentCgroup },
    reuse: https,
    ...(holdsMany ? { maxEntries: { tls_chunks: OFFERS_BYTES } } : {}),
    multiUprobes: isAtLeast(kernelRelease(), [6, 6]) ? probePrograms : [],
  })
  programs.loadAhead()
  return programs
}

/**
 * Probes what the scope's processes send and receive by TLS libraries, from before the first of them runs.
 * @param programs by openTlsPrograms() with the same options
 * @throws BpfError when the kernel refuses the programs; ENOENT when cgroup or object is missing
 */
export function startTlsCapture(
  options: TlsCaptureOptions,
  programs = openTlsPrograms(options),
): TlsCapture {
  return new TlsCapture(options, programs)
}
