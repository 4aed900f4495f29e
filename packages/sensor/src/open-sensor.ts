import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { cpus, homedir } from 'node:os'
import type { BpfMap } from '@runwarden/libbpf'
import { builtObjects } from './built-objects.ts'
import { type FirstTry, type LoadOptions, tryHooks } from './hooks.ts'
import { scopeIdentity } from './scope.ts'
import { sensitivePlaces } from './sensitive.ts'
import type { KnownWorker, SensorOptions } from './sensor.ts'
import { Watch } from './watch.ts'

/** A busy agent may need this long to open its sockets; beyond, a program goes on without. */
const NETNS_WAIT_NS = 300_000_000n

const RINGS = ['urgent', 'bulk', 'lost'] as const
const NARROWED = ['narrowings', 'program_fits', 'step_fits', 'process_fits'] as const

/** What is known of processes and steps, for the next sensor of the scope. */
export const STEP_MAPS = ['members', 'known_workers', 'steps_begun'] as const

/** A sensor that the kernel verifies meanwhile. */
export interface OpenSensor {
  /** For the enforcement object, which shares them. */
  readonly maps: Readonly<Record<(typeof RINGS)[number], BpfMap>>
  /** What processes fulfil of narrowed policy lines, by the maps' names: the enforcement writes the lines and reads the processes. */
  readonly narrowed: Readonly<Record<string, BpfMap>>
  /** @internal */
  readonly watch: Watch
  /** @internal */
  readonly load: LoadOptions
  /** @internal */
  readonly first: FirstTry
  /** Releases it, and its maps. */
  close(): void
}

/**
 * Begins to load the kernel sensor of one scope, for startSensor().
 * @throws BpfError when the kernel takes no BPF at all; ENOENT when cgroup, workspace or object is missing
 */
export function openSensor(options: SensorOptions): OpenSensor {
  const { workspace, alsoWatched = [] } = options
  const watch = new Watch(
    workspace === null ? [] : [realpathSync(workspace), ...alsoWatched],
    options.sensitive ?? sensitivePlaces,
    options.homes ?? [homedir()],
  )
  const scope = scopeIdentity(options.scopeCgroup)
  const load: LoadOptions = {
    directory: options.objectDir ?? builtObjects(),
    ...(options.withoutT1 === undefined ? {} : { withoutT1: options.withoutT1 }),
    globals: {
      scope_cgid: scope.id,
      scope_level: scope.level,
      agent_cgid: options.agentCgroup ?? 0n,
      own_netns: options.onAwaiting ? statSync('/proc/self/ns/net').ino : 0,
      netns_wait_ns: cpus().length > 1 ? NETNS_WAIT_NS : 0n,
      handed_over: Number(options.handedOver ?? false),
      first_names_mounts: Number(isEmpty(options.scopeCgroup)),
      ends_leavers: Number(options.endLeavers ?? false),
      ends_engine_callers: Number(options.endEngineCallers ?? false),
      ...workerGlobals(options.worker ?? 'first'),
      watched_inodes: bytesOf(watch.inodeBits),
      watched_folders: bytesOf(watch.folderBits),
      watched_hashes: bytesOf(watch.nameBits),
    },
    keepsLeavers: options.endLeavers !== true,
    shared: [...RINGS, ...NARROWED],
    reuse: options.stepMaps ?? {},
    unneeded: options.fresh === true ? ['steps_running', 'steps_kept'] : [],
    prepare(object) {
      object.run('adopt')
      const inodes = object.map('watched')
      for (const [key, value] of watch.inodes) inodes.set(key, value)
      const names = object.map('watched_names')
      for (const [key, value] of watch.names) names.set(key, value)
    },
  }
  const first = tryHooks(load)
  const { object } = first
  return {
    maps: { urgent: object.map('urgent'), bulk: object.map('bulk'), lost: object.map('lost') },
    narrowed: Object.fromEntries(NARROWED.map((name) => [name, object.map(name)])),
    watch,
    load,
    first,
    close: () => object.close(),
  }
}

const workerRules = { first: 0, file: 1, told: 2 } as const

function workerGlobals(worker: KnownWorker): Record<string, number | bigint> {
  if (worker === 'first' || worker === 'told') return { worker_rule: workerRules[worker] }
  const { inode, device } = worker
  return { worker_rule: workerRules.file, worker_inode: inode, worker_device: device }
}

function bytesOf(words: BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

/** Whether nothing runs in a cgroup. The root of the hierarchy has no such file: something always does there. */
function isEmpty(cgroup: string): boolean {
  const events = `${cgroup}/cgroup.events`
  return existsSync(events) && readFileSync(events, 'utf8').includes('populated 0')
}
