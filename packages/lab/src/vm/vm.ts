import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { writeCpio } from './cpio.ts'
import { VmError } from './error.ts'
import { guestTree } from './guest.ts'
import { fetchKernel, type Kernel, type KernelName } from './kernels.ts'
import { GuestPort, type CommandResult } from './port.ts'
import { portDescriptor, qemu } from './qemu.ts'
import { buildCheckout } from './checkout.ts'
import { compilePrograms } from './compile.ts'
import { guestCheckout, guestNode } from './paths.ts'
import type { TestResult } from './suite/collect.ts'
import type { VmFile } from './tree.ts'

export interface VmOptions {
  kernel: KernelName
  /** Files of this machine or made ones that the guest has; it can write to its copy. */
  files?: readonly VmFile[]
  /**
   * Paths of programs of this machine that the guest has too, with their libraries; on another
   * architecture those of Debian's packages (see libraries.ts for what there is).
   */
  programs?: readonly string[]
  /** Builds the checkout and puts it into the guest, at /runwarden; for runTests. */
  checkout?: boolean
  /** C programs of the checkout, by their paths in it, that its tests call gcc for. */
  compile?: readonly string[]
  /** Kernel modules to load, e.g. 'overlay', 'veth'; what they need is loaded too. */
  modules?: readonly string[]
  /** Default 1024. The files take as much of it as they are large. */
  memoryMb?: number
  /** Default 1. */
  cpus?: number
  /** The kernel's lsm= list; the default lets fentry and LSM programs load. */
  lsm?: string
}

export interface RunOptions {
  /** Seconds; default 60. A command that takes longer is killed, with VM_TIMEOUT. */
  timeout?: number
}

/** Emulation on a machine that is busy with other things takes this long at worst. */
const bootSeconds = 150

/** A running virtual machine. */
export class Vm {
  readonly kernel: Kernel
  readonly #process: ChildProcess
  readonly #port: GuestPort
  readonly #exited: Promise<unknown>
  #console = ''
  #turn: Promise<unknown> = Promise.resolve()

  constructor(kernel: Kernel, process: ChildProcess) {
    this.kernel = kernel
    this.#process = process
    this.#port = new GuestPort(process.stdio[portDescriptor] as Duplex)
    const hear = (bytes: Buffer) => {
      this.#console = (this.#console + bytes.toString()).slice(-16_384)
    }
    process.stdout?.on('data', hear)
    process.stderr?.on('data', hear)
    // 'close', not 'exit': all of the console has been read by then.
    this.#exited = once(process, 'close').then(
      () => this.#port.end(this.#failure('VM_ENDED', 'ended')),
      (cause: unknown) =>
        this.#port.end(
          new VmError('VM_TOOL_MISSING', `${process.spawnfile} cannot be run: ${String(cause)}`, {
            cause,
          }),
        ),
    )
  }

  /** What the kernel and the guest's first process last said. */
  get console(): string {
    return this.#console
  }

  async ready(): Promise<void> {
    await this.#within(bootSeconds, this.#port.ready(), 'did not boot')
  }

  /** Runs a shell script in the guest, as root. Scripts run one at a time. */
  run(script: string, { timeout = 60 }: RunOptions = {}): Promise<CommandResult> {
    const result = this.#turn.then(() =>
      // The guest keeps the time itself; only when it hangs altogether does this run out.
      this.#within(timeout + 30, this.#port.run(script, timeout), `did not answer to: ${script}`),
    )
    this.#turn = result.catch(() => {})
    return result
  }

  /**
   * Runs a test file of the checkout in the guest, without vitest, and tells what came of each test
   * (see suite/vitest.ts for what such a file may use).
   * @param path from the root of the checkout
   * @param options `only`: pattern of the names of the tests to run, "suite > test"
   */
  async runTests(
    path: string,
    { only = '', timeout = 300 }: RunOptions & { only?: string } = {},
  ): Promise<TestResult[]> {
    const run = `${guestCheckout}/packages/lab/src/vm/suite/run.ts`
    const results = '/run/test-results.json'
    const quoted = `'${only.replaceAll("'", String.raw`'\''`)}'`
    const command = `rm -f ${results}; cd ${guestCheckout} && ${guestNode} ${run} ${guestCheckout}/${path} ${results} ${quoted}`
    const { stdout, stderr } = await this.run(command, { timeout })
    const { status, stdout: json } = await this.run(`cat ${results}`)
    const found = status === 0 ? (JSON.parse(json) as TestResult[]) : []
    if (found.length > 0) return found
    const what = status === 0 ? 'has no such test' : 'did not come to its end in the guest'
    throw new VmError('VM_TESTS_ENDED', `${path} ${what}: ${stdout}${stderr}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  async #within<T>(seconds: number, work: Promise<T>, failure: string): Promise<T> {
    const timer = setTimeout(() => {
      this.#port.end(this.#failure('VM_TIMEOUT', `${failure} (after ${seconds} s)`))
    }, seconds * 1000)
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }

  #failure(code: 'VM_ENDED' | 'VM_TIMEOUT', what: string): VmError {
    return new VmError(
      code,
      `the VM with kernel ${this.kernel.name} ${what}; its console:\n${this.#console}`,
    )
  }
}

/**
 * Boots a machine with one of Debian's kernels under qemu. Its root file system is in memory, made
 * of this machine's own files: busybox, node and what the options name. /proc, /sys, cgroup2, bpffs,
 * tracefs and securityfs are mounted, the loopback interface is up, and there is no other.
 */
export async function bootVm(options: VmOptions): Promise<Vm> {
  const kernel = await fetchKernel(options.kernel)
  const { files = [], programs = [], modules = [], checkout = false } = options
  const { memoryMb = 1024, cpus = 1, lsm = 'lockdown,capability,landlock,bpf' } = options
  if (checkout) await buildCheckout()
  const compiled = await compilePrograms(kernel.architecture, options.compile ?? [])
  const tree = await guestTree(kernel, {
    files: [...compiled, ...files],
    programs,
    modules,
    checkout,
  })

  const folder = await mkdtemp(join(tmpdir(), 'runwarden-vm-'))
  try {
    const initrd = join(folder, 'initrd')
    writeCpio(tree, initrd)
    const [program, args] = qemu(kernel, initrd, { memoryMb, cpus, lsm })
    for (let tries = 1; ; tries++) {
      const vm = new Vm(kernel, spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] }))
      try {
        await vm.ready()
        return vm
      } catch (error) {
        await vm[Symbol.asyncDispose]()
        // An emulated machine may stick in its firmware or kernel before anything of ours runs.
        if (tries === 2) throw error
        console.error(`runwarden: lab: booted again: ${String(error)}`)
      }
    }
  } finally {
    // The guest has unpacked it.
    rmSync(folder, { recursive: true, force: true })
  }
}
