import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { AgentError, errnoOf } from '../errors.ts'
import { processStart } from '../run-state.ts'

/** Of all agents of the machine, wherever each keeps its state. */
const home = '/run/runwarden-jobs'

/**
 * A runner's worker is watched by one agent: a job that has the action twice starts two, and what the second one says of its policy
 * would not be what holds.
 */
export class Claim {
  readonly #file: string

  private constructor(file: string) {
    this.#file = file
  }

  /**
   * @param worker process id of the runner's worker; @param start as processStart() has it
   * @throws AgentError JOB_HERE when an agent that lives has it: also this one, which may be about to arm for it
   */
  static take(worker: number, start: string): Claim {
    dropStale()
    const file = join(home, `${worker}-${start}`)
    const own = `${process.pid} ${processStart(process.pid) ?? ''}`
    for (let attempt = 1; ; attempt++) {
      mkdirSync(home, { recursive: true, mode: 0o700 })
      try {
        // Whoever finds it finds its holder in it, too.
        writeFileSync(`${file}.${process.pid}`, own, { mode: 0o600 })
        linkSync(`${file}.${process.pid}`, file)
        return new Claim(file)
      } catch (error) {
        // Its folder was removed by another one's end.
        if (errnoOf(error) === 'ENOENT' && attempt < 100) continue
        if (errnoOf(error) !== 'EEXIST' || attempt === 100) throw error
      } finally {
        rmSync(`${file}.${process.pid}`, { force: true })
      }
      if (holderOf(file) !== undefined)
        throw new AgentError(
          'JOB_HERE',
          'another agent watches this job already',
          'have the action once in each job, as its first step',
        )
      rmSync(file, { force: true })
    }
  }

  release(): void {
    rmSync(this.#file, { force: true })
    try {
      rmdirSync(home)
    } catch {
      // Others' are in it.
    }
  }
}

/** Those of agents that were killed, on workers that have ended: nobody comes back to either. */
function dropStale(): void {
  for (const name of names()) {
    const [, worker, start] = /^(\d+)-(\d+)(?:\.\d+)?$/.exec(name) ?? []
    if (worker === undefined || processStart(Number(worker)) === start) continue
    const file = join(home, name)
    if (holderOf(file) === undefined) rmSync(file, { force: true })
  }
}

function names(): string[] {
  try {
    return readdirSync(home)
  } catch {
    return []
  }
}

/** Who has it, when that process lives. */
function holderOf(file: string): string | undefined {
  try {
    const holder = readFileSync(file, 'utf8')
    const [pid = '', start = ''] = holder.split(' ')
    return processStart(Number(pid)) === start ? holder : undefined
  } catch {
    return undefined
  }
}
