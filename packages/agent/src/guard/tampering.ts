import type { Event, EventOf, Severity } from '@runwarden/events'
import type { EventBody } from '../event-stream.ts'
import type { HeldObjects } from './objects.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

/** Findings that are told one by one; beyond, the events say it. */
const toldAtMost = 1000

/** What bpf(2) is asked only to look, or to get hold of something. */
const opening = /^(OBJ_GET|(PROG|MAP|LINK)_GET_FD_BY_ID)$/

/** Files that say how this machine resolves names. */
const resolution = /^\/etc\/(resolv\.conf|hosts|nsswitch\.conf)$/

/** Programs that change the machine's network, and the words by which they do more than look. */
const networkTools: Readonly<Record<string, RegExp>> = {
  iptables: /^(-[ADIRFXPNZ]|--(append|delete|insert|replace|flush|delete-chain|policy|new-chain))$/,
  nft: /^(add|create|insert|replace|delete|flush|destroy|-f|--file)$/,
  ip: /^(add|del|delete|replace|change|append|flush|set)$/,
  tc: /^(add|del|delete|replace|change|flush|link)$/,
}

function toolOf(exe: string): string | undefined {
  const name = exe.slice(exe.lastIndexOf('/') + 1)
  if (/^(iptables|ip6tables|ebtables|arptables|xtables)/.test(name)) return 'iptables'
  return name in networkTools ? name : undefined
}

export interface TamperingParts {
  /** The program that a process runs now; empty when it is not known. */
  exeOf: (execId: string | null) => string
  /** Whether the policy blocks. */
  blocks: () => boolean
  ours: HeldObjects
}

/** Findings about acts against the agent itself, from the events of those acts. Each is told once for what it is about. */
export class Tampering {
  readonly #parts: TamperingParts
  readonly #told = new Set<string>()
  readonly #ours: ReadonlySet<string>

  constructor(parts: TamperingParts) {
    this.#parts = parts
    const { maps, programs, links } = parts.ours
    this.#ours = new Set([
      ...maps.map((id) => `map ${id}`),
      ...programs.map((id) => `program ${id}`),
      ...links.map(({ id }) => `link ${id}`),
    ])
  }

  see(event: Event): DetectionBody[] {
    switch (event.kind) {
      case 'sandbox.change':
        return this.#ofChange(event)
      case 'process.exec':
        return this.#ofExec(event)
      case 'file.write':
      case 'file.create':
        return resolution.test(event.path) && event.errno === 0
          ? this.#resolver(event, event.path)
          : []
      case 'file.rename':
        return resolution.test(event.to) && event.errno === 0 ? this.#resolver(event, event.to) : []
      default:
        return []
    }
  }

  #find(
    event: Event,
    id: string,
    severity: Severity,
    title: string,
    text: string,
    about = title,
  ): DetectionBody[] {
    const key = `${id} ${about}`
    if (this.#told.has(key) || this.#told.size >= toldAtMost) return []
    this.#told.add(key)
    const { time, execId, step, seq } = event
    const by = this.#parts.exeOf(execId) || 'a process that has ended'
    return [
      {
        kind: 'detection',
        time,
        execId,
        step,
        id,
        severity,
        title,
        text: `${by}: ${text}`,
        evidence: [seq],
      },
    ]
  }

  #ofChange(event: EventOf<'sandbox.change'>): DetectionBody[] {
    switch (event.change) {
      case 'cgroup':
        return event.errno === 0 ? this.#left(event) : []
      case 'signal':
        return this.#find(
          event,
          'agent-tampered',
          'critical',
          'the agent was sent a signal that ends or stops it',
          `${event.detail}. What is pinned stays enforced while the agent is gone; what happens meanwhile is not in this record.`,
          event.detail,
        )
      case 'guard':
        return this.#refused(event)
      case 'bpf':
        return event.errno === 0 ? this.#ofBpf(event) : []
      case 'mount':
      case 'unmount':
        return event.errno === 0 ? this.#ofMount(event) : []
      default:
        return []
    }
  }

  #left(event: EventOf<'sandbox.change'>): DetectionBody[] {
    return this.#find(
      event,
      'agent-tampered',
      'critical',
      'a process was moved out of the scope',
      this.#parts.blocks()
        ? `${event.detail}. It was ended (SIGKILL) before it could make a socket there: nothing of the job runs outside of its policy.`
        : `${event.detail}. What that process does from here on is not under this policy and not in this report.`,
      event.detail,
    )
  }

  #refused(event: EventOf<'sandbox.change'>): DetectionBody[] {
    const { detail, targetPid } = event
    if (detail.startsWith('reaching into') && targetPid !== process.pid) {
      return this.#find(
        event,
        'outside-process-traced',
        'high',
        'a process outside of the scope was to be traced',
        `${detail} was refused. Whoever traces a process can act as it, and that one is under no policy.`,
        String(targetPid),
      )
    }
    return this.#find(
      event,
      'agent-tampered',
      // A search through all of /run is no attack.
      detail.startsWith('looking into') ? 'info' : 'high',
      `refused: ${detail}`,
      `${detail} was refused (EPERM); nothing has changed. Find out what started this program.`,
      // One for all the maps that somebody tries in turn.
      `${this.#parts.exeOf(event.execId)} ${detail.replaceAll(/ \d+/g, '')}`,
    )
  }

  #ofBpf(event: EventOf<'sandbox.change'>): DetectionBody[] {
    const [, command = '', object = ''] = /^bpf\((\w+), (.+)\)$/.exec(event.detail) ?? []
    if (!this.#ours.has(object)) return []
    return opening.test(command)
      ? this.#find(
          event,
          'agent-tampered',
          'medium',
          'a process opened what enforces its policy',
          `${event.detail}: a ${object.split(' ')[0]} of Runwarden. Tools that list everything (bpftool) do so, too.`,
          `${this.#parts.exeOf(event.execId)} opened`,
        )
      : this.#find(
          event,
          'agent-tampered',
          'critical',
          'a process changed what enforces its policy',
          `${event.detail}: a ${object.split(' ')[0]} of Runwarden. What was changed is put back where that is possible; look for the finding that says so. Treat what the job did since then as unconfined.`,
          `${event.execId} ${event.detail}`,
        )
  }

  #ofMount(event: EventOf<'sandbox.change'>): DetectionBody[] {
    if (event.detail.includes('/run/runwarden')) {
      return this.#find(
        event,
        'agent-tampered',
        'critical',
        "the agent's folder was mounted over or unmounted",
        `${event.detail}. The policy stays enforced as long as the agent runs, and the agent makes its pins anew.`,
        event.detail,
      )
    }
    const target = /(?: on | to )(\/etc\/[^ ]+)\)$/.exec(event.detail)?.[1]
    return target !== undefined && resolution.test(target) ? this.#resolver(event, target) : []
  }

  #resolver(event: Event, path: string): DetectionBody[] {
    return this.#find(
      event,
      'resolver-changed',
      'medium',
      `${path} was changed`,
      `${path} was written, replaced or mounted over. Which names are allowed is decided all the same: every query goes to the proxy, and an address that no answer led to stays refused. Name services of the machine that are asked past DNS see what they are asked.`,
    )
  }

  #ofExec(event: EventOf<'process.exec'>): DetectionBody[] {
    const tool = event.uid === 0 ? toolOf(event.exe) : undefined
    const words = tool === undefined ? undefined : networkTools[tool]
    if (words === undefined || !event.argv.slice(1).some((word) => words.test(word))) return []
    return this.#find(
      event,
      'network-changed',
      'medium',
      "the machine's network was changed",
      `${event.argv.join(' ')}. The policy is no firewall rule and does not go with one; but routes, tunnels and rewriting rules can carry allowed connections elsewhere.`,
      event.argv.join(' '),
    )
  }
}
