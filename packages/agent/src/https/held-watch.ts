import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { endHeldPath } from '@runwarden/libbpf'

/** Parents stop themselves some time after their children: see HeldProcesses. */
const LINGER_S = 10
/** What the program's sentences begin with, on a terminal. */
const PREFIX = /^runwarden: /

/**
 * A process that outlives this one, however it ends: it ends the processes that are held then, and says so. Nobody else would
 * let them go on, or end them.
 */
export class HeldWatch {
  readonly #child: ChildProcess
  #closing = false

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * @param maps folder in which the maps of HTTPS rules are pinned; null: they are not, and nothing is watched
   * @param gap told when it ends before this process
   */
  static start(maps: string | null, gap: (text: string) => void): HeldWatch | undefined {
    if (maps === null) return undefined
    const child = spawn(endHeldPath, [maps, String(LINGER_S)], {
      stdio: ['pipe', 'ignore', 'inherit'],
      // Not ended by what is typed on the terminal, nor with the group of this process.
      detached: true,
      cwd: '/',
      env: {},
    })
    const watch = new HeldWatch(child)
    const ended = (how: string): void => {
      if (!watch.#closing)
        gap(
          `what waits for a decision about an HTTPS request would stay stopped if this agent were killed now: its watcher ${how}`,
        )
    }
    child.on('error', (error) => ended(`cannot be run: ${error.message}`))
    child.on('exit', (status, signal) => ended(`has ended (${signal ?? status})`))
    child.unref()
    // Its end is all that it hears of us.
    if (child.stdin instanceof Socket) child.stdin.unref()
    child.stdin?.on('error', () => {})
    return watch
  }

  /** Nothing is held any more. */
  async close(): Promise<void> {
    this.#closing = true
    const child = this.#child
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

/**
 * Ends what an agent that is no more has left held, where its watcher has ended with it.
 * @param maps as HeldWatch has it; without the folder nothing is held
 * @returns a sentence for each process
 */
export function endHeld(maps: string | null): string[] {
  if (maps === null || !existsSync(maps)) return []
  const { stderr, error } = spawnSync(endHeldPath, [maps, '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: {},
  })
  if (error !== undefined)
    return [`processes that wait for a decision stay stopped: ${error.message}`]
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(PREFIX, ''))
}
