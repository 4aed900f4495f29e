import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BpfError, type BpfStep } from './error.ts'

declare const kind: unique symbol
/** What JavaScript holds of a kernel resource; only the binding can look inside. */
export type Handle<K extends 'object' | 'link' | 'map' | 'ring' | 'uprobes'> = {
  readonly [kind]: K
}

export interface MapInfo {
  type: number
  id: number
  name: string
  keySize: number
  valueSize: number
  maxEntries: number
  /** Bytes of one value in user space: all CPUs' for per-CPU maps. */
  slot: number
}

export interface MapBatch {
  keys: Buffer
  values: Buffer
  count: number
  cursor: Buffer | undefined
}

/** The functions of native/*.c, one to one. */
export interface Native {
  start(
    fail: (step: BpfStep, code: string, errno: number, what: string, log?: string) => Error,
  ): void
  close(handle: Handle<'object' | 'link' | 'map' | 'ring' | 'uprobes'>): void
  open(path: string, debug: boolean): Handle<'object'>
  disable(object: Handle<'object'>, program: string): void
  reuse(object: Handle<'object'>, name: string, map: Handle<'map'>): void
  resize(object: Handle<'object'>, name: string, entries: number): void
  global(object: Handle<'object'>, name: string, value: bigint | Uint8Array): void
  makeMap(object: Handle<'object'>, name: string): void
  loadAhead(object: Handle<'object'>): void
  load(object: Handle<'object'>): string
  programs(object: Handle<'object'>): { name: string; section: string; type: string }[]
  objectMap(object: Handle<'object'>, name: string): Handle<'map'>
  attach(
    object: Handle<'object'>,
    program: string,
    cgroup?: string,
    map?: Handle<'map'>,
  ): Handle<'link'>
  multiUprobe(object: Handle<'object'>, program: string): void
  attachUprobes(
    object: Handle<'object'>,
    program: string,
    path: string,
    offsets: BigUint64Array,
    cookies: BigUint64Array,
    returns: boolean,
  ): Handle<'uprobes'>
  closeUprobes(uprobes: Handle<'uprobes'>[]): void
  attachUplink(
    object: Handle<'object'>,
    program: string,
    ifindex: number,
    path: string,
  ): Handle<'link'>
  attachClassifier(object: Handle<'object'>, program: string, ifindex: number): void
  classifier(ifindex: number): number
  detachClassifier(ifindex: number): void
  install(object: Handle<'object'>, program: string, map: Handle<'map'>, index: number): void
  run(object: Handle<'object'>, program: string, context?: Uint8Array): number
  pin(handle: Handle<'link'> | Handle<'map'>, path: string): void
  detach(link: Handle<'link'>): void
  update(link: Handle<'link'>, object: Handle<'object'>, program: string): void
  openLink(path: string): Handle<'link'>
  readIter(link: Handle<'link'>): Buffer
  mapInfo(map: Handle<'map'>): MapInfo
  mapGet(map: Handle<'map'>, key: Uint8Array): Buffer | undefined
  mapSet(map: Handle<'map'>, key: Uint8Array, value: Uint8Array, flags: number): void
  mapDelete(map: Handle<'map'>, key: Uint8Array): boolean
  mapSetBatch(map: Handle<'map'>, keys: Uint8Array, values: Uint8Array, count: number): number
  mapDeleteBatch(map: Handle<'map'>, keys: Uint8Array, count: number): number
  mapBatch(
    map: Handle<'map'>,
    cursor: Buffer | undefined,
    count: number,
    take: boolean,
  ): MapBatch | undefined
  mapUsed(map: Handle<'map'>): Omit<MapBatch, 'cursor'>
  mapNextKey(map: Handle<'map'>, key: Buffer | undefined): Buffer | undefined
  openMapId(id: number): Handle<'map'>
  openMapPin(path: string): Handle<'map'>
  ringNew(
    maps: Handle<'map'>[],
    bufferBytes: number,
    wake: boolean,
    onBatch: (buffer: Buffer, bytes: number, count: number) => void,
    timeAt: number | undefined,
  ): Handle<'ring'>
  ringDrain(ring: Handle<'ring'>): number
  ringLook(ring: Handle<'ring'>): number
  ringRef(ring: Handle<'ring'>, on: boolean): void
  connectFromCgroup(cgroup: string, address: string, port: number): number
  destroyTcpSocket(
    pid: number,
    source: Uint8Array,
    sourcePort: number,
    destination: Uint8Array,
    destinationPort: number,
    device: number,
    cookie: bigint,
  ): number
  programsOn(cgroup: string, type: number): number[]
  isFirst(link: Handle<'link'>, ifindex: number): boolean
  cgroupNamespace(cgroup: string): number
  bindIn(namespace: string, tcp: boolean, address: string, port: number): number
  netnsCookie(socket: number): bigint
  peerOf(socket: number): { pid: number; uid: number; gid: number }
  netlinkIn(namespace: string, protocol: number, groups: readonly number[]): number
  netlinkRead(socket: number, buffer: Buffer): number
  dropFilePages(): number
  refuseCoreDumps(): boolean
  openPath(folder: number, path: string, cached: boolean, follow: boolean): number
  keptStat(fd: number): string | undefined
  lockFile(fd: number): boolean
  copyAttributes(path: string, fd: number): number
}

/** Where `make -C packages/libbpf/native` puts the binding, libbpf and libelf beside it. */
export const bindingPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/libbpf.node`, import.meta.url),
)

/** A program that gives the command its scope as the root of the cgroup hierarchy: see native/cgroup-view.c. */
export const cgroupViewPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/cgroup-view`, import.meta.url),
)

/** A program that enters a cgroup and becomes another: see native/enter.c. */
export const enterPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/enter`, import.meta.url),
)

/** A program that shuts itself in and becomes another: see native/confine.c. */
export const confinePath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/confine`, import.meta.url),
)

/** A program that tries the roads to root: see native/roads.c. */
export const roadsPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/roads`, import.meta.url),
)

/** A program that makes the mounts of a namespace worth no setuid bit, and those that it is told of again: see native/nosuid.c. */
export const nosuidPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/nosuid`, import.meta.url),
)

/** A program that ends processes which are held for a decision that nobody takes any more: see native/end-held.c. */
export const endHeldPath = fileURLToPath(
  new URL(`../build/linux-${process.arch}/end-held`, import.meta.url),
)

let loaded: Native | undefined

/**
 * The binding of this thread.
 * @throws BpfError BPF_NO_BINDING when it is not built for this machine, or cannot be loaded here
 */
export function native(): Native {
  if (loaded) return loaded
  if (!existsSync(bindingPath)) {
    throw new BpfError('binding', 'BPF_NO_BINDING', 2, `${bindingPath}: run scripts/bootstrap`)
  }
  const module: { exports: Partial<Native> } = { exports: {} }
  try {
    process.dlopen(module, bindingPath)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BpfError('binding', 'BPF_NO_BINDING', 0, bindingPath, why, cause)
  }
  loaded = module.exports as Native
  loaded.start(
    (step, code, errno, what, log) => new BpfError(step, code, errno, what, log || undefined),
  )
  return loaded
}
