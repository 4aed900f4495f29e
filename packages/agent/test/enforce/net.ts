import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

let made = 0

/** A process that says `open` when it is ready, and then a line at a time. */
export class Talker implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  constructor(command: readonly [string, ...string[]]) {
    const [file, ...args] = command
    this.child = spawn(file, args, { stdio: 'pipe' })
    this.#reader = createInterface({ input: this.child.stdout })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  static async open(command: readonly [string, ...string[]]): Promise<Talker> {
    const talker = new Talker(command)
    const first = await talker.line()
    if (first !== 'open') throw new Error(`${command.join(' ')} said ${first}`)
    return talker
  }

  /** The next line; null: there are no more. */
  async line(): Promise<string | null> {
    const { value, done } = await this.#lines.next()
    return done ? null : value
  }

  async ask(text: string): Promise<string | null> {
    this.child.stdin.write(`${text}\n`)
    return this.line()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit')
      this.child.kill('SIGKILL')
      await exit
    }
    this.#reader.close()
  }
}

/** Addresses on the far side. Nothing else is reachable. */
export const FAR = [
  '198.51.100.1',
  '198.51.100.2',
  '198.51.100.3',
  '198.51.100.4',
  '10.20.0.5',
  '203.0.113.1',
  '203.0.113.9',
  '2001:db8:1::1',
  '2001:db8:1::2',
] as const

/** Two network namespaces with a cable between: the job's machine, and what lies beyond it. */
export class Net implements Disposable {
  readonly near: string
  readonly far: string

  constructor() {
    const id = `rwe${process.pid}x${made++}`
    this.near = `${id}n`
    this.far = `${id}f`
    const commands = [
      `netns add ${this.near}`,
      `netns add ${this.far}`,
      `-n ${this.near} link set lo up`,
      `-n ${this.far} link set lo up`,
      `-n ${this.near} link add near type veth peer name far netns ${this.far}`,
      `-n ${this.near} addr add 192.0.2.2/24 dev near`,
      `-n ${this.near} addr add 2001:db8::2/64 dev near nodad`,
      `-n ${this.far} addr add 192.0.2.1/24 dev far`,
      `-n ${this.far} addr add 2001:db8::1/64 dev far nodad`,
      ...FAR.map(
        (address) =>
          `-n ${this.far} addr add ${address} dev far${address.includes(':') ? ' nodad' : ''}`,
      ),
      `-n ${this.near} link set near up`,
      `-n ${this.far} link set far up`,
      `-n ${this.near} route add default via 192.0.2.1`,
      `-n ${this.near} route add default via 2001:db8::1`,
    ]
    try {
      for (const command of commands) execFileSync('ip', command.split(' '), { stdio: 'pipe' })
      // Everybody may open ping sockets, as on most machines.
      const [file, ...args] = this.inside(this.near, [
        'sh',
        '-c',
        'echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range',
      ])
      execFileSync(file, args)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** The command, run in a namespace. */
  inside(namespace: string, command: readonly string[]): [string, ...string[]] {
    return ['nsenter', `--net=/run/netns/${namespace}`, ...command]
  }

  [Symbol.dispose](): void {
    for (const namespace of [this.near, this.far]) {
      try {
        execFileSync('ip', ['netns', 'del', namespace], { stdio: 'pipe' })
      } catch {
        // It was not made.
      }
    }
  }
}
