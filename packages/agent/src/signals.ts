import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'

const passedOn = [
  'SIGTERM',
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
] as const

/** Those that end a process unless it handles them, and that people and CI systems send to do so. */
const ending: ReadonlySet<string> = new Set(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'])

/** A signal came before the command was started. */
export class Interrupted extends Error {
  readonly code = 'INTERRUPTED'
  /** As a shell tells it: 128+n. */
  readonly status: number

  constructor(signal: NodeJS.Signals) {
    super(`${signal} came before the command was started`)
    this.name = 'Interrupted'
    this.status = 128 + constants.signals[signal]
  }
}

/**
 * Takes the signals that this process gets, until disposed: they are the command's, and never end
 * this process before it has cleaned up. At a terminal the kernel gives those of the keyboard, and
 * changes of the window, to the command itself.
 */
export class Signals implements Disposable {
  readonly #atTerminal = isatty(0)
  readonly #listeners: (readonly [NodeJS.Signals, () => void])[]
  #command: ChildProcess | undefined
  #early: NodeJS.Signals | undefined
  readonly #ignored: bigint

  /** @param ignored signals that this process was to ignore (nohup): bit n-1 is signal n */
  constructor(ignored: bigint) {
    this.#ignored = ignored
    this.#listeners = passedOn.map((signal) => [signal, () => this.#take(signal)] as const)
    for (const [signal, listener] of this.#listeners) process.on(signal, listener)
  }

  /** @throws Interrupted when the command must not be started any more. */
  check(): void {
    if (this.#early !== undefined) throw new Interrupted(this.#early)
  }

  /** Signals from here on go to the command. */
  passTo(command: ChildProcess): void {
    this.#command = command
  }

  #take(signal: NodeJS.Signals): void {
    if ((this.#ignored >> BigInt(constants.signals[signal] - 1)) & 1n) return
    if (this.#command === undefined) {
      if (ending.has(signal)) this.#early ??= signal
      return
    }
    const fromTerminal = this.#atTerminal && ['SIGINT', 'SIGQUIT', 'SIGWINCH'].includes(signal)
    if (!fromTerminal) this.#command.kill(signal)
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
  }
}
