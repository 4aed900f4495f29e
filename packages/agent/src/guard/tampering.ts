import { normalize } from 'node:path'
import type { Event, EventOf, Severity } from '@runwarden/events'
import type { EventBody } from '../event-stream.ts'
import { stateHome } from '../run-state.ts'
import type { HeldObjects } from './objects.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

/** Findings that are told one by one; beyond, the events say it. */
const toldAtMost = 1000

/** What bpf(2) is asked only to look, or to get hold of something. */
const opening = /^(OBJ_GET|(PROG|MAP|LINK)_GET_FD_BY_ID)$/

export interface TamperingParts {
  /** The program that a process runs now; empty when it is not known. */
  exeOf: (execId: string | null) => string
  /** Whether the policy blocks. */
  blocks: () => boolean
  /** The kernel refuses a socket to who has left the scope and is to be ended. */
  refusesSockets: boolean
  ours: HeldObjects
  /** The agent's own, with its pins. */
  folder: string
}

/** What a change of mounts is about: `umount(/x)`, `mount(tmpfs on /x)`. */
const mountPoint = /^(?:umount|mount)\((?:.* on )?(\/.*)\)$/

/**
 * A cgroup that systemd makes for containers of podman and buildah, and for what goes with them. Whoever can move
 * a process there can give it this name, too: it has left like any other, and what helps an engine is said beside.
 */
const enginesScope = /\/(?:libpod|buildah)-[^/]+\.scope\b/

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
    return event.kind === 'sandbox.change' ? this.#ofChange(event) : []
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
    const { detail } = event
    const socket = this.#parts.refusesSockets
      ? 'No socket is made there.'
      : 'This kernel takes no program that refuses it a socket: one that its last call has made is under no policy, and can be used by whoever shares its table of files.'
    const became = this.#parts.blocks()
      ? `It was ended (SIGKILL), and what it starts there is ended and told like it. ${socket}`
      : 'What that process does from here on is not under this policy and not in this report.'
    const advice = enginesScope.test(detail)
      ? ' systemd makes cgroups of this name for containers of podman and buildah. If that is what happened, keep them in the scope: `--cgroup-manager=cgroupfs` (docs/containers.md).'
      : ''
    return this.#find(
      event,
      'agent-tampered',
      'critical',
      'a process was moved out of the scope',
      `${detail}. ${became}${advice}`,
      detail,
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

  /** Of another agent's folder, whose own guard looks after it: as a run inside of this one makes and removes it. */
  #isOthers(detail: string): boolean {
    const path = mountPoint.exec(detail)?.[1]
    if (path === undefined) return false
    const place = `${normalize(path)}/`
    const own = `${this.#parts.folder}/`
    return place.startsWith(stateHome) && !place.startsWith(own) && !own.startsWith(place)
  }

  #ofMount(event: EventOf<'sandbox.change'>): DetectionBody[] {
    if (!event.detail.includes('/run/runwarden') || this.#isOthers(event.detail)) return []
    return this.#find(
      event,
      'agent-tampered',
      'critical',
      "the agent's folder was mounted over or unmounted",
      `${event.detail}. The policy stays enforced as long as the agent runs, and the agent makes its pins anew.`,
      event.detail,
    )
  }
}
