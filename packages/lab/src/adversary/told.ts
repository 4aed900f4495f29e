import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mark } from './place.ts'

/** The parts of report.json and events.ndjson that the suite reads. */
interface Report {
  processes: { execId: string; parentExecId: string | null; images: { argv: string[] }[] }[]
  health: { tier: string; gaps: string[] }
  detections: { id: string; severity: string }[]
}

interface Event {
  kind: string
  execId: string | null
  verdict?: string
  via?: string
  reason?: string
  id?: string
  severity?: string
  change?: string
  address?: string
  name?: string
  errno?: number
}

/** What a run has told about each step of its job. */
export class Told {
  /** Whether there is a report at all: who kills the agent leaves none. */
  readonly complete: boolean
  readonly gaps: readonly string[]
  readonly tier: string | null
  readonly #about = new Map<string, Set<string>>()
  readonly #detections = new Set<string>()

  constructor(out: string) {
    const report = readJson(join(out, 'report.json'))
    this.complete = report !== null
    this.gaps = report?.health.gaps ?? []
    this.tier = report?.health.tier ?? null
    // Also those that no event tells: events.ndjson may be gone.
    for (const { id, severity } of report?.detections ?? [])
      this.#detections.add(`detection: ${id} ${severity}`)
    const stepOf = report === null ? new Map<string, string>() : stepsOf(report)
    for (const event of eventsIn(join(out, 'events.ndjson'))) {
      const what = wordsOf(event)
      if (what === null) continue
      if (event.kind === 'detection') this.#detections.add(what)
      // Packets may be of no process any more, or of one that has not been told of: then the place tells the step.
      const keys = [stepOf.get(event.execId ?? ''), event.address, tokenIn(event.name)]
      for (const key of keys) if (key !== undefined) this.#add(key, what)
    }
  }

  /** What was told about one step, in words. */
  of(step: string, { token, v4, v6 }: Mark): string[] {
    return [
      ...new Set([step, token, v4, v6].flatMap((key) => Array.from(this.#about.get(key) ?? []))),
    ]
  }

  #add(key: string, what: string): void {
    const known = this.#about.get(key)
    if (known === undefined) this.#about.set(key, new Set([what]))
    else known.add(what)
  }

  /** Every detection, whichever process it is about: `id severity`. */
  get detections(): string[] {
    return [...this.#detections]
  }
}

/** The step of every process: a step's first one has its script as an argument, and the others descend from it. */
function stepsOf({ processes }: Report): Map<string, string> {
  const steps = new Map<string, string>()
  // Parents come before children.
  for (const { execId, parentExecId, images } of processes) {
    const own = images.map(({ argv }) => stepIn(argv)).find((step) => step !== undefined)
    const step = own ?? steps.get(parentExecId ?? '')
    if (step !== undefined) steps.set(execId, step)
  }
  return steps
}

function stepIn(argv: readonly string[]): string | undefined {
  const script = argv.find((word) => /^steps\/.+\.(attempt|twin)$/.test(word))
  return script?.slice('steps/'.length)
}

function wordsOf({
  kind,
  verdict,
  via,
  id,
  severity,
  change,
  errno,
  reason,
}: Event): string | null {
  if (kind === 'dns.query' && refused(verdict)) return `names: ${verdict}`
  if (kind === 'net.connect' && refused(verdict)) return `${via}: ${verdict} (${reason})`
  if (kind === 'net.connect' && verdict === 'would-block') return `${via}: would-block`
  if (kind === 'http.request' && refused(verdict)) return `content: ${verdict}`
  if (kind === 'detection') return `detection: ${id} ${severity}`
  if (kind === 'sandbox.change') return `sandbox: ${change}${errno === 0 ? '' : ' failed'}`
  return null
}

const tokenIn = (name = ''): string | undefined => /zq[at]\d{4}z/.exec(name.toLowerCase())?.[0]

const refused = (verdict = ''): boolean => verdict === 'blocked' || verdict === 'attack-blocked'

function readJson(path: string): Report | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : null
}

function eventsIn(path: string): Event[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Event]
    } catch {
      // The last line of a run whose agent was killed.
      return []
    }
  })
}
