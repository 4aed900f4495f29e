import type { Hook } from '@runwarden/events'
import { type BpfMap, type BpfObject, type Link, RingReader } from '@runwarden/libbpf'
import { Decoder } from './decode/decoder.ts'
import { loadHooks } from './hooks.ts'
import { kinds, record_header } from './layout.ts'
import type { SensorRecord } from './record.ts'
import { everyLook, keepLooking } from './looks.ts'
import { countOf } from './per-cpu.ts'
import { type OpenSensor, openSensor, STEP_MAPS } from './open-sensor.ts'
import type { SensitivePlace } from './sensitive.ts'

/** Signals and timers have their turn between batches: a few thousand records, some 20 ms of what is done with them. */
const BATCH_BYTES = 1 << 19
/** A process id, and what stands before each record of a batch. */
const ENVELOPE = 8
const AWAITING_RECORD = ENVELOPE + 8
const AWAITING_BYTES = 1 << 12

/** Which program called Runner.Worker is the runner's: the scope's first one, a file, or those that knowWorker() is told. */
export type KnownWorker = 'first' | 'told' | { inode: bigint; device: number }

export interface SensorOptions {
  /** Folder of observe.bpf.o; by default the build for this machine. */
  objectDir?: string
  /** Directory of the scope's cgroup. */
  scopeCgroup: string
  /** The scope was made a moment ago, and nothing has been in it. */
  fresh?: boolean
  /** An earlier sensor has watched the scope: of what runs, only those are workers that it knew. */
  handedOver?: boolean
  /** STEP_MAPS of that one, with which this one goes on. */
  stepMaps?: Readonly<Record<string, BpfMap>>
  /** Id of the agent's own cgroup, where it is in the scope: it is not watched. */
  agentCgroup?: bigint | undefined
  /** Files below it are told when they change; null: of none but the sensitive places. */
  workspace: string | null
  /** Real paths of folders that are watched as the workspace is, where that is watched; records say `workspace` of their files, too. */
  alsoWatched?: readonly string[]
  /** Places beside the workspace; by default sensitivePlaces. */
  sensitive?: readonly SensitivePlace[]
  /** Home directories whose sensitive files are known by inode, too; by default that of this process. */
  homes?: readonly string[]
  /** Stay at T0 whatever the kernel takes, and list T1's hooks as refused for this reason. */
  withoutT1?: string
  /** What leaves the scope is ended (SIGKILL), and told. */
  endLeavers?: boolean
  /** What connects to a container engine outside of the scope is ended (SIGKILL), and told. */
  endEngineCallers?: boolean
  /** Default: `first`. */
  worker?: KnownWorker
  /**
   * Programs that start in another network namespace than this process's, and in none of `servedNetns`, wait before their
   * first instruction until it is among them, 300 ms at most; on a machine with one processor they are told, and go on.
   * Called with each one's process id, however much else is to be told first.
   */
  onAwaiting?: (pid: number) => void
  /** A batch of records in the order of the acts, of both rings. */
  onRecords(records: SensorRecord[]): void
}

/** The loaded and attached kernel sensor of one scope. */
export class Sensor {
  readonly hooks: readonly Hook[]
  /** T1 when an fentry hook is active. */
  readonly tier: 'T0' | 'T1'
  /** For the enforcement object, which shares them. */
  readonly maps: OpenSensor['maps']
  /** What processes fulfil of narrowed policy lines, by the maps' names: the enforcement writes the lines and reads the processes. */
  readonly narrowed: OpenSensor['narrowed']
  /**
   * Programs that are called at the end of system calls. Slot 0: every socket(); slot 1: every mmap() of code. null: the
   * hook is not active.
   */
  readonly calls: BpfMap | null
  /** What is known of processes (bpf/include/members.h), for who ends a job's. */
  readonly members: BpfMap
  /** Inode numbers of network namespaces in which nobody waits: key and value are 4 bytes, little-endian. */
  readonly servedNetns: BpfMap

  readonly #opened: OpenSensor
  readonly #object: BpfObject
  readonly #links: readonly Link[]
  readonly #decoder: Decoder
  readonly #rings: RingReader
  readonly #awaiting: RingReader
  readonly #endLooks: () => void
  /** Records are being handed over. */
  #delivering = false
  #closed = false

  /** @internal see startSensor */
  constructor(options: SensorOptions, opened: OpenSensor) {
    this.#opened = opened
    const loaded = loadHooks(opened.load, opened.first)
    this.#object = loaded.object
    this.#links = loaded.links
    this.hooks = loaded.hooks
    this.tier = loaded.hooks.some((hook) => hook.tier === 'T1' && hook.state === 'active')
      ? 'T1'
      : 'T0'
    this.maps = opened.maps
    this.narrowed = opened.narrowed
    this.members = loaded.object.map('members')
    this.servedNetns = loaded.object.map('served_netns')
    this.calls = loaded.hooks.some(
      ({ name, state }) => name === 'tp_btf/sys_exit' && state === 'active',
    )
      ? loaded.object.map('calls')
      : null
    const { onRecords } = options
    const decoder = (this.#decoder = new Decoder(opened.watch))
    this.#rings = new RingReader({
      // The first is the one that must not overflow.
      maps: [this.maps.urgent, this.maps.bulk],
      bufferBytes: BATCH_BYTES,
      timeAt: record_header.time,
      wake: true,
      onBatch: (buffer, bytes) => {
        keepLooking()
        const records = decoder.decode(buffer, bytes)
        this.#delivering = true
        try {
          onRecords(records)
        } finally {
          this.#delivering = false
        }
      },
    })
    this.#awaiting = new RingReader({
      maps: [loaded.object.map('awaiting')],
      bufferBytes: AWAITING_BYTES,
      wake: true,
      onBatch: (buffer, bytes) => {
        for (let at = 0; at < bytes; at += AWAITING_RECORD)
          options.onAwaiting?.(buffer.readUInt32LE(at + ENVELOPE))
      },
    })
    // Not each of the urgent records wakes, and none of the others (bpf/include/rings.h).
    this.#endLooks = everyLook(() => this.#rings.look())
  }

  /** Records that did not fit into their ring, and opens whose file was never seen, by kind; kinds that lost none are left out. */
  lost(): Record<string, number> {
    const lost: Record<string, number> = {}
    for (const [name, kind] of Object.entries(kinds)) {
      const unseen = kind === kinds.file ? this.#decoder.unseen : 0
      const count = countOf(this.maps.lost, kind) + unseen
      if (count > 0) lost[name] = count
    }
    return lost
  }

  /** Processes so far that found no room to be known by policy lines that are narrowed: these allow them nothing. */
  unfit(): number {
    return Number(this.#object.map('fits_lost').get(Buffer.alloc(4))?.readBigUInt64LE() ?? 0n)
  }

  /** With `told`: what this process starts from now on are steps that policy lines can be narrowed to. */
  knowWorker(execId: string): void {
    const [tgid = '', start = ''] = execId.split('-')
    const key = Buffer.alloc(16)
    key.writeBigUInt64LE(BigInt(start), 0)
    key.writeUInt32LE(Number(tgid), 8)
    this.#object.map('known_workers').set(key, Buffer.from([1, 0, 0, 0]))
  }

  /** STEP_MAPS, by their names: for the next sensor. */
  stepMaps(): ReadonlyMap<string, BpfMap> {
    return new Map(STEP_MAPS.map((name) => [name, this.#object.map(name)]))
  }

  /** What is in a step stays in it when this sensor has ended, as long as the link holds. Not for a `fresh` scope. */
  keepSteps(): Link {
    return this.#object.attach('steps_kept')
  }

  /** Tells of the workers that run already, and of what runs in their steps; all that is in the scope is known to be from here on. */
  tellRunning(): void {
    if (this.#opened.load.unneeded?.includes('steps_running') === true) return
    using running = this.#object.attach('steps_running')
    running.read()
    this.drain()
  }

  /** Hands over everything that the kernel side has told so far; not while records are being handed over. */
  drain(): void {
    if (!this.#delivering && !this.#closed) this.#rings.drain()
  }

  /** The rings no longer keep the process alive. */
  unref(): void {
    this.#rings.unref()
    this.#awaiting.unref()
  }

  /** Detaches and releases everything; what is still in the rings is gone: drain() before. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#endLooks()
    for (const link of this.#links) link.close()
    this.#rings.close()
    this.#awaiting.close()
    this.#object.close()
    this.#opened.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Loads the kernel sensor for one scope and attaches it: from here on every act of the scope's processes is told.
 * @param opened by openSensor() with the same options: it is loaded already, or nearly
 * @throws BpfError when the kernel takes no BPF at all; ENOENT when cgroup, workspace or object is missing
 */
export function startSensor(options: SensorOptions, opened = openSensor(options)): Sensor {
  try {
    return new Sensor(options, opened)
  } catch (error) {
    opened.close()
    throw error
  }
}
