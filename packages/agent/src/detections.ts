import type { Event } from '@runwarden/events'
import type { Engine, Found, JobNames, ProcessFacts, RuleSet } from '@runwarden/rules'
import { type Baseline, isUnseen } from './baseline.ts'
import { tunnelFinding } from './dns-findings.ts'
import { messageOf } from './errors.ts'
import type { EventBody } from './event-stream.ts'
import type { ProcessTable } from './process-table.ts'
import { targetOf } from './targets.ts'
import { Tunnels } from './tunnels.ts'

/** An event that waits for the rules, and what was true when it came: processes end and run other programs meanwhile. */
interface Waiting {
  event: Event
  writer: string
  actor: ProcessFacts | undefined
  target: ProcessFacts | undefined
}

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

export interface DetectionParts {
  processes: ProcessTable
  job: JobNames
  /** Beside the built-in rules; they are read when they are needed. */
  rules?: RuleSet | undefined
  /** Undefined: what is new is not told. */
  baseline?: Baseline | undefined
  /** Takes what was found in events that had waited for the rules. */
  emit: (finding: DetectionBody) => void
  gap: (text: string) => void
  /** Takes an event, and tells which program had written its file before. */
  writerOf: (event: Event) => string
}

/**
 * Findings of the rules (packages/rules) and of the volume of names of a zone. Events that come before the
 * rules have been read wait for them: reading them must not delay the start of a command.
 */
export class Detections {
  private readonly parts: DetectionParts
  private readonly tunnels = new Tunnels()
  private readonly toldTunnels = new Set<string>()
  private waiting: Waiting[] = []
  private looking: Waiting | undefined
  private engine: Engine | undefined
  private loading: Promise<void> | undefined

  constructor(parts: DetectionParts) {
    this.parts = parts
  }

  /** Reads the rules. What is wrong with them is a gap: the watch goes on. */
  load(): Promise<void> {
    this.loading ??= this.readRules().catch((error: unknown) => {
      this.waiting = []
      this.parts.gap(`there are no detections by rules: ${messageOf(error)}`)
    })
    return this.loading
  }

  /** The findings that an event leads to. */
  see(event: Event): DetectionBody[] {
    const writer = this.parts.writerOf(event)
    const found = event.kind === 'dns.query' ? this.ofTunnel(event) : []
    if (this.engine === undefined) {
      if (event.kind !== 'detection') this.waiting.push(this.asItIs(event, writer))
      return found
    }
    return [...found, ...this.byRules(this.engine, event, writer)]
  }

  private async readRules(): Promise<void> {
    const { loadBuiltinRules, Engine: RuleEngine } = await import('@runwarden/rules')
    const { processes, job, rules, gap } = this.parts
    const engine = new RuleEngine(rules ?? (await loadBuiltinRules()), {
      world: {
        process: (execId) => {
          if (execId === null) return undefined
          const then = this.looking?.actor
          return then?.execId === execId ? then : processes.get(execId)
        },
        target: (event) =>
          this.looking === undefined ? targetOf(event, processes) : this.looking.target,
      },
      job,
      onFailure: gap,
    })
    for (const waiting of this.waiting) {
      this.looking = waiting
      for (const finding of this.byRules(engine, waiting.event, waiting.writer))
        this.parts.emit(finding)
    }
    this.looking = undefined
    this.waiting = []
    this.engine = engine
  }

  private asItIs(event: Event, writer: string): Waiting {
    const { processes } = this.parts
    const actor = event.execId === null ? undefined : processes.get(event.execId)
    const target = targetOf(event, processes)
    return { event, writer, actor: actor === undefined ? undefined : { ...actor }, target }
  }

  private byRules(engine: Engine, event: Event, writer: string): DetectionBody[] {
    return engine
      .see(event, { writer, unseen: isUnseen(event, this.parts.baseline) })
      .map((found) => bodyOf(event, found))
  }

  private exeOf(execId: string | null): string {
    return execId === null ? '' : (this.parts.processes.get(execId)?.exe ?? '')
  }

  private ofTunnel(event: Event & { kind: 'dns.query' }): DetectionBody[] {
    const tunnel = this.tunnels.see(event)
    if (tunnel === null) return []
    const by = this.exeOf(event.execId) || 'a process that has ended'
    const { about, ...finding } = tunnelFinding(tunnel, by)
    if (this.toldTunnels.has(about)) return []
    this.toldTunnels.add(about)
    const { time, execId, step } = event
    return [{ kind: 'detection', time, execId, step, ...finding, evidence: tunnel.evidence }]
  }
}

function bodyOf({ time, execId, step }: Event, found: Found): DetectionBody {
  const { rule, id, severity, title, text, evidence, suppressed } = found
  const body = { time, execId, step, rule, id, severity, title, text, evidence: [...evidence] }
  return { kind: 'detection', ...body, ...(suppressed === null ? {} : { suppressed }) }
}
