import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
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
   * @throws AgentError JOB_HERE when another agent that lives has it
   */
  static take(worker: number, start: string): Claim {
    const file = join(home, `${worker}-${start}`)
    const own = `${process.pid} ${processStart(process.pid) ?? ''}`
    for (let attempt = 1; ; attempt++) {
      mkdirSync(home, { recursive: true, mode: 0o700 })
      try {
        writeFileSync(file, own, { flag: 'wx', mode: 0o600 })
        return new Claim(file)
      } catch (error) {
        // Its folder was removed by another one's end.
        if (errnoOf(error) === 'ENOENT' && attempt < 100) continue
        if (errnoOf(error) !== 'EEXIST' || attempt === 100) throw error
      }
      const holder = holderOf(file)
      if (holder !== undefined && holder !== own)
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

/** Who has it, when that process lives. */
function holderOf(file: string): string | undefined {
  try {
    const holder = readFileSync(file, 'utf8')
    const [pid = '', start] = holder.split(' ')
    return processStart(Number(pid)) === start ? holder : undefined
  } catch {
    return undefined
  }
}
