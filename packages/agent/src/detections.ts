import type { Event } from '@runwarden/events'
import type { Engine, Found, JobNames, RuleSet } from '@runwarden/rules'
import { type Baseline, isUnseen } from './baseline.ts'
import { tunnelFinding } from './dns-findings.ts'
import type { EventBody } from './event-stream.ts'
import type { Notable } from './integrity/startup-files.ts'
import type { ProcessTable } from './process-table.ts'
import { targetOf } from './targets.ts'
import { Tunnels } from './tunnels.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

export interface DetectionParts {
  processes: ProcessTable
  job: JobNames
  /** By default the built-in ones. */
  rules?: RuleSet | undefined
  /** Undefined: what is new is not told. */
  baseline?: Baseline | undefined
  gap: (text: string) => void
  /** Takes an event, and tells which program had written its file before. */
  writerOf: (event: Event) => string
  /** Takes an event, and what makes findings of it as soon as its file has been read. @returns whether they wait for that */
  waits?: (event: Event, find: (notable: Notable) => DetectionBody[]) => boolean
}

/** Findings of the rules (packages/rules) and of the volume of names of a zone. */
export class Detections {
  private readonly parts: DetectionParts
  private readonly tunnels = new Tunnels()
  private readonly toldTunnels = new Set<string>()
  private readonly engine: Engine

  private constructor(parts: DetectionParts, engine: Engine) {
    this.parts = parts
    this.engine = engine
  }

  /** Loads the rules, too: only a watch needs them. */
  static async load(parts: DetectionParts): Promise<Detections> {
    const { loadBuiltinRules, Engine: RuleEngine } = await import('@runwarden/rules')
    const { processes, job, gap } = parts
    const engine = new RuleEngine(parts.rules ?? (await loadBuiltinRules()), {
      world: {
        process: (execId) => (execId === null ? undefined : processes.get(execId)),
        target: (event) => targetOf(event, processes),
      },
      job,
      onGap: gap,
    })
    return new Detections(parts, engine)
  }

  /** The findings that an event leads to. */
  see(event: Event): DetectionBody[] {
    const writer = this.parts.writerOf(event)
    const found = event.kind === 'dns.query' ? this.ofTunnel(event) : []
    const find = (notable: Notable): DetectionBody[] => this.byRules(event, writer, notable)
    if (this.parts.waits?.(event, find) === true) return found
    const byRules = find('')
    return found.length === 0 ? byRules : [...found, ...byRules]
  }

  /** Why a finding that code makes of an event is expected, and the line that says so; null: it is not. */
  suppression(id: string, event: Event): string | null {
    return this.engine.suppression(id, event, this.parts.processes.exeOf(event.execId))
  }

  private byRules(event: Event, writer: string, notable: Notable): DetectionBody[] {
    if (!this.engine.asks(event)) return []
    return this.engine
      .see(event, { writer, unseen: isUnseen(event, this.parts.baseline), notable })
      .map((found) => bodyOf(event, found))
  }

  private ofTunnel(event: Event & { kind: 'dns.query' }): DetectionBody[] {
    const tunnel = this.tunnels.see(event)
    if (tunnel === null) return []
    const by = this.parts.processes.exeOf(event.execId) || 'a process that has ended'
    const { about, ...finding } = tunnelFinding(tunnel, by)
    const suppressed = this.suppression(finding.id, event)
    const toldAs = `${about} ${suppressed}`
    if (this.toldTunnels.has(toldAs)) return []
    this.toldTunnels.add(toldAs)
    const { time, execId, step } = event
    const body = { time, execId, step, ...finding, evidence: tunnel.evidence }
    return [{ kind: 'detection', ...body, ...(suppressed === null ? {} : { suppressed }) }]
  }
}

function bodyOf({ time, execId, step }: Event, found: Found): DetectionBody {
  const { rule, id, severity, title, text, evidence, suppressed } = found
  const body = { time, execId, step, rule, id, severity, title, text, evidence: [...evidence] }
  return { kind: 'detection', ...body, ...(suppressed === null ? {} : { suppressed }) }
}
