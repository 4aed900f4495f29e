import { Link, linkHandleOf } from './link.ts'
import { BpfMap, handleOf } from './map.ts'
import { type Handle, native } from './native.ts'
import { Uprobes, type UprobePlaces } from './uprobes.ts'

export interface OpenOptions {
  /** Programs that are not loaded. */
  disable?: readonly string[]
  /** Maps of the object, by name, whose place a map made elsewhere takes. */
  reuse?: Readonly<Record<string, BpfMap>>
  /** Entries of maps, by name. */
  maxEntries?: Readonly<Record<string, number>>
  /** Initial values of variables in .rodata, .data and .bss; bytes are zero-filled to their size. */
  globals?: Readonly<Record<string, bigint | number | Uint8Array>>
  /**
   * Programs for attachUprobes() that take all places of a file by one link (Linux 6.6): quick to detach, where else each
   * place costs a tenth of a second.
   */
  multiUprobes?: readonly string[]
  /** Keep the verifier's log of programs that load, too: see BpfObject.log. */
  kernelLog?: boolean
}

export interface Program {
  name: string
  /** ELF section, e.g. `tp_btf/sched_process_exec`. */
  section: string
  /** e.g. `tracing`, `cgroup_sock_addr`. */
  type: string
}

export interface Target {
  /** Path of the cgroup's directory. */
  cgroup?: string
  /** What an iterator goes through (`SEC("iter/bpf_sk_storage_map")` and the like). */
  map?: BpfMap
}

/** One BPF object file: open, then load(), then attach() and map(). */
export class BpfObject {
  readonly #handle: Handle<'object'>
  readonly #maps = new Map<string, BpfMap>()
  #log = ''

  /** @internal see openObject */
  constructor(handle: Handle<'object'>) {
    this.#handle = handle
  }

  /** What libbpf (and with `kernelLog` the verifier) said while it loaded. */
  get log(): string {
    return this.#log
  }

  /**
   * Makes maps before load(), so that map() has them: others can share them while load() is still to come. Not for maps
   * that hold what belongs to a socket, task or inode.
   * @throws BpfError step `open`
   */
  make(maps: readonly string[]): void {
    for (const name of maps) {
      native().makeMap(this.#handle, name)
      this.map(name)
    }
  }

  /** Begins load() in a thread of its own: load() then waits for it, as whatever else needs the object does. */
  loadAhead(): void {
    native().loadAhead(this.#handle)
  }

  /** @throws BpfError step `load`, with the refused program and the verifier's log */
  load(): void {
    this.#log = native().load(this.#handle)
  }

  programs(): Program[] {
    return native().programs(this.#handle)
  }

  /** Attaches a program to a cgroup, an iterator to a map, or where its section says. */
  attach(program: string, { cgroup, map }: Target = {}): Link {
    return new Link(native().attach(this.#handle, program, cgroup, map && handleOf(map)))
  }

  /**
   * Attaches a program to places of a file: in every process that maps it, now or later, until they are closed.
   * @param path any that leads to the file, also `/proc/self/fd/N`
   */
  attachUprobes(program: string, path: string, places: UprobePlaces): Uprobes {
    return new Uprobes(this.#handle, program, path, places)
  }

  /**
   * Attaches a classifier to what leaves by a network interface (tcx, Linux 6.6), before all that are there, pinned from
   * the first instant. See isFirst().
   * @param path in a bpffs, free
   */
  attachUplink(program: string, ifindex: number, path: string): Link {
    return new Link(native().attachUplink(this.#handle, program, ifindex, path))
  }

  /**
   * The same by clsact, which every kernel has: it stays when this process ends, and takes the place of the one that was
   * attached so before. See classifier() and detachClassifier().
   */
  attachClassifier(program: string, ifindex: number): void {
    native().attachClassifier(this.#handle, program, ifindex)
  }

  /** Puts a program into a slot of a map of programs, from where another program calls it (`bpf_tail_call`). */
  install(program: string, map: BpfMap, index: number): void {
    native().install(this.#handle, program, handleOf(map), index)
  }

  /**
   * Puts a program in the place of the one that a link holds (cgroup links): from one packet to the
   * next, with neither none nor both at any instant.
   */
  replace(link: Link, program: string): void {
    native().update(linkHandleOf(link), this.#handle, program)
  }

  /** A map of the loaded object; it is the object's, and closed with it. */
  map(name: string): BpfMap {
    let map = this.#maps.get(name)
    if (!map) {
      map = new BpfMap(native().objectMap(this.#handle, name))
      this.#maps.set(name, map)
    }
    return map
  }

  /** Runs a program once (BPF_PROG_RUN, e.g. `SEC("syscall")`) and returns what it returned. */
  run(program: string, context?: Uint8Array): number {
    return native().run(this.#handle, program, context)
  }

  /** Releases the programs and maps; links that were attached stay until they are closed. */
  close(): void {
    for (const map of this.#maps.values()) map.close()
    native().close(this.#handle)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Opens a BPF object file; nothing is in the kernel before load().
 * @throws BpfError step `open`
 */
export function openObject(path: string, options: OpenOptions = {}): BpfObject {
  const handle = native().open(path, options.kernelLog ?? false)
  try {
    for (const program of options.disable ?? []) native().disable(handle, program)
    for (const program of options.multiUprobes ?? []) native().multiUprobe(handle, program)
    for (const [name, map] of Object.entries(options.reuse ?? {})) {
      native().reuse(handle, name, handleOf(map))
    }
    for (const [name, entries] of Object.entries(options.maxEntries ?? {})) {
      native().resize(handle, name, entries)
    }
    for (const [name, value] of Object.entries(options.globals ?? {})) {
      native().global(handle, name, typeof value === 'number' ? BigInt(value) : value)
    }
  } catch (error) {
    native().close(handle)
    throw error
  }
  return new BpfObject(handle)
}

/** Whether a link of attachUplink() holds the first program there: what one before it lets pass, it does not see. */
export function isFirst(link: Link, ifindex: number): boolean {
  return native().isFirst(linkHandleOf(link), ifindex)
}

/** Id of the program that attachClassifier() put on an interface; null: none is there. */
export function classifier(ifindex: number): number | null {
  return native().classifier(ifindex) || null
}

/** Takes it away, if it is there. */
export function detachClassifier(ifindex: number): void {
  native().detachClassifier(ifindex)
}
