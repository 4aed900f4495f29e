import type { Event, EventOf, Severity } from '@runwarden/events'
import { type DnsFinding, resolverAsked, resolverReached, tunnelFinding } from './dns-findings.ts'
import type { EventBody } from './event-stream.ts'
import { Tunnels } from './tunnels.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

/** Files whose writer is remembered: beyond, the longest known are forgotten. */
const writersKept = 50_000
/** Findings of one id that are told one by one. */
const toldPerId = 1000

/**
 * Findings from single events, from who wrote a file first, and from the names of a zone. Each is told
 * once for what it is about (a name, an address, a file and program), not for each time it happens.
 */
export class Detections {
  private readonly told = new Map<string, Set<string>>()
  /** The program that wrote a workspace file last, by path. */
  private readonly writers = new Map<string, string>()
  private readonly tunnels = new Tunnels()
  private readonly exeOf: (execId: string | null) => string
  private readonly isInside: (pid: number) => boolean

  /**
   * @param exeOf the program that a process runs now; empty when it is not known
   * @param isInside whether a living process of the scope has the pid
   */
  constructor(exeOf: (execId: string | null) => string, isInside: (pid: number) => boolean) {
    this.exeOf = exeOf
    this.isInside = isInside
  }

  /** The findings that an event leads to. */
  see(event: Event): DetectionBody[] {
    switch (event.kind) {
      case 'dns.query':
        return [...this.ofName(event), ...this.ofTunnel(event)]
      case 'net.connect':
        return [
          ...this.ofDestination(event),
          ...this.ofDns(event, resolverReached(event, this.by(event))),
        ]
      case 'file.read':
        return this.ofMemory(event)
      case 'file.create':
      case 'file.write':
        return [...this.ofMemory(event), ...this.ofWrite(event)]
      case 'file.delete':
        this.writers.delete(event.path)
        return []
      case 'file.rename':
        return this.ofRename(event)
      case 'sandbox.change':
        return this.ofSandbox(event)
      default:
        return []
    }
  }

  private find(
    event: Event,
    id: string,
    about: string,
    severity: Severity,
    title: string,
    text: string,
    evidence = [event.seq],
  ): DetectionBody[] {
    let told = this.told.get(id)
    if (told === undefined) this.told.set(id, (told = new Set()))
    if (told.has(about) || told.size >= toldPerId) return []
    told.add(about)
    const { time, execId, step } = event
    return [{ kind: 'detection', time, execId, step, id, severity, title, text, evidence }]
  }

  private by(event: Event): string {
    return this.exeOf(event.execId) || 'a process that has ended'
  }

  private ofName(event: EventOf<'dns.query'>): DetectionBody[] {
    const { name, verdict, reason } = event
    if (verdict === 'attack-blocked') {
      return this.find(
        event,
        'attack-blocked',
        name,
        'critical',
        `${name} is on the block list`,
        `${this.by(event)} asked for ${name}: ${reason}. The query was refused. Treat the job as compromised: find out what started this program, and replace the secrets that the job could read.`,
      )
    }
    if (verdict === 'blocked') {
      return this.find(
        event,
        'domain-blocked',
        name,
        'medium',
        `${name} was refused`,
        `${this.by(event)} asked for ${name}: ${reason}. If the job needs it, allow it in the policy; if not, find out why this program wants it.`,
      )
    }
    return []
  }

  private ofTunnel(event: EventOf<'dns.query'>): DetectionBody[] {
    const tunnel = this.tunnels.see(event)
    const by = this.by(event)
    return [
      ...this.ofDns(event, resolverAsked(event, by)),
      ...(tunnel === null ? [] : this.ofDns(event, tunnelFinding(tunnel, by), tunnel.evidence)),
    ]
  }

  private ofDns(event: Event, found: DnsFinding | null, evidence?: number[]): DetectionBody[] {
    if (found === null) return []
    const { id, about, severity, title, text } = found
    return this.find(event, id, about, severity, title, text, evidence)
  }

  private ofDestination(event: EventOf<'net.connect'>): DetectionBody[] {
    const { verdict, reason } = event
    const where =
      event.address === ''
        ? `a ${event.protocol} socket`
        : `${event.host ?? event.address} port ${event.port} (${event.protocol})`
    if (verdict === 'attack-blocked') {
      return this.find(
        event,
        'attack-blocked',
        where,
        'critical',
        `${where} is on the block list`,
        `${this.by(event)} reached for ${where}: ${reason}. It was stopped. Treat the job as compromised: find out what started this program, and replace the secrets that the job could read.`,
      )
    }
    if (verdict === 'blocked') {
      return this.find(
        event,
        'destination-blocked',
        where,
        'medium',
        `${where} was refused`,
        `${this.by(event)} reached for ${where}: ${reason}. If the job needs it, allow it in the policy; if not, find out why this program wants it.`,
      )
    }
    return []
  }

  private ofMemory(event: EventOf<'file.read' | 'file.create' | 'file.write'>): DetectionBody[] {
    const pid = /^\/proc\/(\d+)\/(task\/\d+\/)?mem$/.exec(event.path)?.[1]
    if (pid === undefined || event.errno !== 0) return []
    const writes = event.kind !== 'file.read'
    if (writes && Number(pid) === process.pid) {
      return this.find(
        event,
        'agent-tampered',
        `${event.execId} ${event.path}`,
        'critical',
        "the agent's memory was opened for writing",
        `${this.by(event)} opened ${event.path}, the memory of the agent itself, for writing. Whoever writes there makes it do and report anything: trust nothing of this run from here on.`,
      )
    }
    return this.find(
      event,
      'process-memory-read',
      `${event.execId} ${event.path} ${writes}`,
      'high',
      `${this.by(event)} opened another process's memory${writes ? ' for writing' : ''}`,
      `${this.by(event)} opened ${event.path}${writes ? ' for writing' : ''}. Attacks on CI read secrets from the memory of the runner so. Debuggers do it too: find out what started this program.`,
    )
  }

  private ofWrite(event: EventOf<'file.create'> | EventOf<'file.write'>): DetectionBody[] {
    if (!event.workspace || event.errno !== 0) return []
    const writer = this.exeOf(event.execId)
    const first = this.writers.get(event.path)
    this.remember(event.path, writer)
    if (event.kind === 'file.create' || first === undefined || first === '' || first === writer)
      return []
    return this.find(
      event,
      'source-code-overwritten',
      `${event.path}\0${writer}`,
      'low',
      `${event.path} was changed by another program than wrote it`,
      `${writer} changed ${event.path}, which ${first} had written in this run. Formatters and linkers do so; if neither is at work here, compare the file with what it should be.`,
    )
  }

  private ofRename(event: EventOf<'file.rename'>): DetectionBody[] {
    if (event.errno !== 0 || event.link !== 'rename') return []
    const writer = this.writers.get(event.path)
    this.writers.delete(event.path)
    if (writer !== undefined) this.remember(event.to, writer)
    return []
  }

  private ofSandbox(event: EventOf<'sandbox.change'>): DetectionBody[] {
    if (event.errno !== 0) return []
    if (event.change === 'process-memory') {
      return this.find(
        event,
        'process-memory-read',
        `${event.execId} ${event.targetPid}`,
        'high',
        `${this.by(event)} reached into another process's memory`,
        `${this.by(event)}: ${event.detail}. Attacks on CI read secrets from the memory of the runner so. Debuggers do it too: find out what started this program.`,
      )
    }
    // Who traces a process of the job sees no more than the job; one outside may hold what the job may not.
    if (event.change === 'ptrace' && event.targetPid !== null && !this.isInside(event.targetPid)) {
      return this.find(
        event,
        'outside-process-traced',
        `${event.execId} ${event.targetPid}`,
        'high',
        'a process outside of the scope was traced',
        `${this.by(event)}: ${event.detail}. Whoever traces a process can act as it, and that one is under no policy. Run the command as a user of its own (--user), so that it may trace nobody else.`,
      )
    }
    if (
      event.change === 'engine' &&
      isEngine(event.detail) &&
      !this.isInside(event.targetPid ?? 0)
    ) {
      return this.find(
        event,
        'container-engine-used',
        `${this.by(event)} ${event.detail}`,
        'high',
        'a container engine outside of the scope was given orders',
        `${this.by(event)}: ${event.detail}. What an engine does for the job, its containers, builds and pulls, runs outside of the scope: not under this policy, and not in this report. Use disable-sudo-and-containers, an engine without a daemon (podman, buildah), or a policy for the whole machine (runwarden agent).`,
      )
    }
    return []
  }

  private remember(path: string, writer: string): void {
    this.writers.delete(path)
    this.writers.set(path, writer)
    if (this.writers.size <= writersKept) return
    const oldest = this.writers.keys().next()
    if (oldest.done !== true) this.writers.delete(oldest.value)
  }
}

/** Others than LXD and Incus have sockets of that name, too. */
function isEngine(detail: string): boolean {
  return !detail.endsWith('/unix.socket)') || /\/(?:lxd|incus)\//.test(detail)
}
