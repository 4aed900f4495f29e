import type { EventOf, Health, Hook } from '@runwarden/events'
import { messageOf } from '../errors.ts'
import { processStart } from '../run-state.ts'
import type { WatchSettings } from './settings.ts'

/** A clock tick of /proc/PID/stat: there are 100 in a second on every Linux that runs node. */
const nsPerTick = 10_000_000n

/** Gaps that are told one by one: a job can make as many as it likes. The others are counted. */
const MOST_GAPS = 200

/** What a run is recorded by, and what its record lacks: as events, in the report, and what matters on stderr. */
export class RunHealth {
  /** Before, nothing is in the scope but the self-check's own processes. */
  armed = false
  /** An agent before this one was killed, or a part of this one has ended. */
  interrupted = false
  readonly hooks: Hook[] = []
  private eventsLost: Record<string, number> = {}
  private tier: 'T0' | 'T1' | 'T2' = 'T0'
  private armedMs: number | null = null
  private readonly gaps: string[] = []
  private untold = 0
  private furtherGaps = 0
  private readonly settings: Pick<WatchSettings, 'stream' | 'step' | 'say'>

  constructor(settings: Pick<WatchSettings, 'stream' | 'step' | 'say'>) {
    this.settings = settings
  }

  /** What happens in the scope counts from here on. */
  arm(tier: 'T0' | 'T1' | 'T2', hooks: readonly Hook[]): void {
    this.tier = tier
    this.hooks.push(...hooks)
    this.armed = true
  }

  /** Tells that it is armed, and what was missing by then. */
  tellArmed(detail: string): void {
    this.tell('armed', `tier ${this.tier}; ${detail}`)
    for (const text of this.gaps) this.tell('gap', text)
  }

  /** A program has started, ns of CLOCK_BOOTTIME: by the first one all was armed. */
  started(time: number): void {
    this.armedMs ??= (time - ownStart()) / 1e6
  }

  /** Tells something that is missing from the record, or that could not be done. */
  gap(text: string): void {
    if (this.gaps.length < MOST_GAPS) this.settings.say(text)
    this.missing(text)
  }

  /** The same, and nothing of the protection is missing: not on stderr, which is the command's. */
  missing(text: string): void {
    if (this.gaps.length < MOST_GAPS) {
      this.gaps.push(text)
      if (this.armed) this.tell('gap', text)
      return
    }
    this.furtherGaps++
    const more = `${this.furtherGaps} more gaps are not told one by one`
    this.gaps[MOST_GAPS] = more
    if (this.furtherGaps === 1) {
      const first = 'there are more gaps than are told one by one: the others are counted'
      this.settings.say(first)
      if (this.armed) this.tell('gap', first)
    }
  }

  /** What can't be told is counted, and said once; it never ends the watch over all the rest. */
  telling(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.cannotTell(error)
    }
  }

  /** An event could not be told. */
  cannotTell(error: unknown): void {
    this.untold++
    if (this.untold === 1) this.gap(`an event could not be told: ${messageOf(error)}`)
  }

  tell(state: EventOf<'agent.health'>['state'], detail: string): void {
    const { tier, eventsLost, hooks } = this
    this.settings.stream.emit({
      kind: 'agent.health',
      time: Date.now(),
      execId: null,
      step: this.settings.step,
      state,
      detail,
      tier,
      hooks: state === 'armed' ? hooks : [],
      eventsLost,
    })
  }

  /** Nothing comes any more. @param lost events that were, by where */
  end(lost: Record<string, number>, reason: string): Health {
    this.eventsLost = { ...lost, ...(this.untold > 0 ? { untold: this.untold } : {}) }
    const count = Object.values(this.eventsLost).reduce((sum, one) => sum + one, 0)
    if (count > 0) this.tell('lost', `${count} events were lost`)
    this.tell('ended', reason)
    // What is missing of the end itself is still added.
    return { ...this.soFar(), gaps: this.gaps }
  }

  soFar(): Health {
    const { tier, armedMs, hooks, eventsLost, gaps, interrupted } = this
    return {
      tier,
      armedMs,
      hooks,
      eventsLost,
      gaps: [...gaps],
      ...(interrupted && { interrupted }),
    }
  }
}

/** When this process started, ns of CLOCK_BOOTTIME to the clock tick. */
function ownStart(): number {
  return Number(BigInt(processStart(process.pid) ?? '0') * nsPerTick)
}
