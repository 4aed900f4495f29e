import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, type BpfObject, type Link, openObject } from '@runwarden/libbpf'
import { defaultObjectDir } from './enforce/open-programs.ts'
import { Pins } from './enforce/pins.ts'
import { versionOf } from './enforce/version.ts'
import type { JobLockdownSettings } from './job-lockdown.ts'
import type { WatchPlace } from './watch/settings.ts'

interface LastStageParts extends Pick<JobLockdownSettings, 'id' | 'post' | 'action'> {
  place: Pick<WatchPlace, 'pinDir'>
  /** The sensor's map of processes. */
  members: BpfMap
  /** The enforcement's map of exempt processes: the worker is one. */
  exempt: BpfMap
}

const file = join(defaultObjectDir, 'last_stage.bpf.o')
/** As the kernel side has them. */
const WORD_BYTES = 512
const wanted = { script: 1, action: 2 } as const
const HOOKS = ['last_stage_begins', 'last_stage_ends', 'last_stage_waited'] as const
const MAPS = ['last_stage', 'report_asked'] as const

/**
 * Ends the runner's worker, and so fails the job, when the action's last stage ends as if all were well and has not asked for the
 * report. By the kernel: a job that stops the agent, or ends it for good, gains nothing by having that stage say nothing.
 */
export class LastStageHold {
  readonly #object: BpfObject
  readonly #pins: Pins
  readonly #links = new Map<string, Link>()

  private constructor(object: BpfObject, pins: Pins) {
    this.#object = object
    this.#pins = pins
  }

  /** Goes on with what an earlier agent has left for the same job. @throws BpfError, EnforceError when it cannot be held */
  static open({ id, post, action, place, members, exempt }: LastStageParts): LastStageHold {
    endLastStages(place, id)
    const pins = new Pins(join(folderOf(place), id), versionOf(file))
    const kept = pins.maps(MAPS)
    const object = openObject(file, { reuse: { members, exempt_processes: exempt, ...kept } })
    const hold = new LastStageHold(object, pins)
    try {
      object.load()
      const words = object.map('wanted_words')
      words.set(wordOf(post), valueOf(wanted.script))
      words.set(wordOf(`GITHUB_ACTION=${action}`), valueOf(wanted.action))
      for (const hook of HOOKS) {
        hold.#links.set(hook, object.attach(hook))
        pins.drop(hook)
      }
      pins.pin(hold.#links, new Map(MAPS.map((name) => [name, object.map(name)])))
      return hold
    } catch (error) {
      hold.close(true)
      throw error
    } finally {
      for (const map of Object.values(kept)) map.close()
    }
  }

  /** The report was asked for. */
  asked(): void {
    this.#object.map('report_asked').set(Buffer.alloc(4), valueOf(1))
  }

  /** @param keep what is pinned stays in force */
  close(keep: boolean): void {
    for (const link of this.#links.values()) link.close()
    if (!keep) this.#pins.remove()
    this.#object.close()
  }
}

/** Of jobs that have ended. @param but of this one */
export function endLastStages(place: LastStageParts['place'], but?: string): void {
  const folder = folderOf(place)
  if (!existsSync(folder)) return
  for (const id of readdirSync(folder))
    if (id !== but) rmSync(join(folder, id), { recursive: true, force: true })
}

const folderOf = ({ pinDir }: LastStageParts['place']): string => join(pinDir, 'last-stage')

function valueOf(value: number): Buffer {
  return Buffer.from([value, 0, 0, 0])
}

/** What is longer is known by its beginning, there as here. */
function wordOf(text: string): Buffer {
  const word = Buffer.alloc(WORD_BYTES)
  Buffer.from(text).copy(word, 0, 0, WORD_BYTES - 1)
  return word
}
