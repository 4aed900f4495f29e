import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Event, Hook } from '@runwarden/events'
import type { BpfMap } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import { leaverSocketHook } from '@runwarden/sensor'
import type { AnsweredNames } from '../answered-names.ts'
import { messageOf } from '../errors.ts'
import type { EventBody } from '../event-stream.ts'
import { readMounts } from '../mounts.ts'
import { mount } from '../run-state.ts'
import type { Scope } from '../scope.ts'
import { FileMarks, guardedPlaces } from './files.ts'
import type { Finding } from './finding.ts'
import { Integrity } from './integrity.ts'
import { Lsm, lsmRefusal } from './lsm.ts'
import { heldObjects } from './objects.ts'
import { Pulse } from './pulse.ts'
import { Tampering } from './tampering.ts'
import { Verdicts } from './verdicts.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

/** How often tick() is called, ms. */
export const guardMs = 1000
/** Every so many of these the files that the agent runs from are looked at: some fifty, by their paths. */
const filesEvery = 5

export interface GuardOptions {
  scope: Scope
  /** In a bpffs of this scope alone; the enforcement is pinned below it. */
  pinDir: string
  workspace: string
  step: string
  /** The policy in force. */
  compiled: () => CompiledPolicy
  /** An earlier agent's learned addresses are in force, too. */
  adopted: boolean
  reuse: Readonly<Record<'urgent' | 'bulk' | 'lost', BpfMap>>
  /** Hooks of the sensor: whether the kernel takes fentry programs, why not, and whether who has left gets a socket. */
  sensorHooks: readonly Hook[]
  exeOf: (execId: string | null) => string
  /** Attaches and pins anew what was taken away; names of the programs that were. */
  repair: () => string[]
  /** What answers led to. */
  names: AnsweredNames
  /** Takes the answers that are under way. */
  drainDns: () => void
  gap: (text: string) => void
  emit: (detection: DetectionBody) => void
}

/**
 * Watches over what enforces and records: notices what was done to it and puts it right; where the
 * kernel takes LSM programs (tier T2), keeps the scope's processes from it.
 */
export class Guard {
  readonly hooks: readonly Hook[]
  /** LSM programs are active. */
  readonly prevents: boolean
  readonly #options: GuardOptions
  readonly #lsm: Lsm
  readonly #integrity: Integrity
  readonly #tampering: Tampering
  readonly #verdicts: Verdicts
  readonly #files = new FileMarks()
  readonly #pulse = new Pulse(guardMs)
  #ticks = 0
  #judged = false
  #closed = false

  /** Starts it when everything else is in place, and before anything of the job runs. */
  constructor(options: GuardOptions) {
    this.#options = options
    const { scope, pinDir, compiled } = options
    const places = guardedPlaces(options.workspace)
    this.#lsm = Lsm.start({
      scopeCgroup: scope.path,
      pinDir,
      places,
      reuse: options.reuse,
      blocks: compiled().egress === 'block',
      refusal: isInside(scope)
        ? 'the agent itself is inside of this scope'
        : lsmRefusal(fentryRefusal(options.sensorHooks)),
    })
    this.hooks = this.#lsm.hooks
    this.prevents = this.#lsm.isActive
    const ours = heldObjects()
    const folder = dirname(pinDir)
    if (this.prevents) this.#lsm.guard(ours, [...places, folder, dirname(folder)], [pinDir])
    this.#integrity = new Integrity({
      scope,
      pinDir,
      links: ours.links,
      repair: () => this.#repair(),
    })
    this.#tampering = new Tampering({
      exeOf: options.exeOf,
      blocks: () => compiled().egress === 'block',
      refusesSockets: options.sensorHooks.some(
        ({ name, state }) => name === leaverSocketHook && state === 'active',
      ),
      ours,
      folder,
    })
    this.#verdicts = new Verdicts(options.names, !options.adopted)
  }

  /** The findings that an event leads to. */
  see(event: Event): DetectionBody[] {
    if (event.kind === 'net.connect') this.#judge(event)
    const found = this.#tampering.see(event)
    if (event.kind === 'sandbox.change' && event.change === 'cgroup')
      this.#endLeaver(event.targetPid)
    if (event.kind === 'sandbox.change' && event.change === 'bpf' && found.length > 0) {
      this.#integrity.suspect()
      // What was taken away is put back now, not when the next second has gone by.
      if (found.some(({ severity }) => severity === 'critical')) setImmediate(() => this.#look())
    }
    return found
  }

  /** Call it every guardMs, and once when the job has ended. */
  tick({ ended = false } = {}): void {
    const stopped = this.#pulse.beat()
    if (stopped > 0) {
      const seconds = (stopped / 1000).toFixed(1)
      this.#options.gap(
        `the agent was stopped for ${seconds} s: the policy stayed enforced, names did not resolve, and what did not fit into the rings is lost (see eventsLost)`,
      )
      this.#tell({
        severity: 'high',
        title: 'the agent was stopped',
        text: `The agent did not run for ${seconds} s: it was stopped (SIGSTOP), its cgroup frozen, or the machine halted. The policy stayed enforced.`,
      })
    }
    for (const path of ended || ++this.#ticks % filesEvery === 0 ? this.#files.changed() : []) {
      this.#tell({
        severity: 'critical',
        title: 'a file that the agent runs from was changed',
        text: `${path} is not what it was when the run began. This run goes on with what it had loaded; do not start another from it.`,
      })
    }
    this.#look()
  }

  /** The DNS proxy is gone, though nobody ended it. */
  nameless(why: string): void {
    this.#tell({
      severity: 'high',
      title: 'the DNS proxy has ended',
      text: `${why}. The policy stays enforced: the kernel lets nobody answer in its place. Find out what ended it.`,
    })
  }

  /** Another policy is being written by this agent: until policyReplaced() nobody is suspected of that. */
  policyChanges(): void {
    this.#integrity.policyChanges()
  }

  /** Another policy was put in force by this agent. */
  policyReplaced(): void {
    this.#lsm.setBlocks(this.#options.compiled().egress === 'block')
    this.#integrity.policyReplaced()
  }

  /** Lets go of it; what is pinned stays. */
  close(): void {
    this.#closed = true
    this.#integrity.close()
    this.#lsm.close()
  }

  #look(): void {
    if (this.#closed) return
    try {
      for (const finding of this.#integrity.check()) this.#tell(finding)
    } catch (error) {
      this.#options.gap(`what enforces the policy could not be looked at: ${messageOf(error)}`)
    }
  }

  #judge(event: Extract<Event, { kind: 'net.connect' }>): void {
    if (this.#judged) return
    if (this.#verdicts.isUnanswered(event)) this.#options.drainDns()
    const wrong = this.#verdicts.judge(event, this.#options.compiled())
    if (wrong === null) return
    this.#judged = true
    this.#integrity.suspect()
    this.#tell(
      {
        severity: 'critical',
        title: 'a connection was let through that the policy does not allow',
        text: `A connection to ${event.address} port ${event.port} ${wrong}: somebody has written to the maps in which the kernel has the policy.`,
      },
      event,
    )
  }

  #repair(): string[] {
    const { pinDir } = this.#options
    if (!readMounts().some(({ path, type }) => path === pinDir && type === 'bpf'))
      mount('bpf', pinDir)
    const attached = this.#options.repair()
    this.#lsm.repair()
    return attached
  }

  /** The kernel ends what leaves at its next system call; this also ends what makes none. */
  #endLeaver(pid: number | null): void {
    const { compiled, scope } = this.#options
    if (pid === null || compiled().egress !== 'block') return
    const name = basename(scope.path)
    try {
      // All of them: of a leader that has ended it says where that one was.
      const threads = readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/cgroup`)
      if (threads.some((file) => isBelow(file, name) === false)) process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }

  #tell({ severity, title, text }: Finding, evidence?: Event): void {
    this.#options.emit({
      kind: 'detection',
      time: Date.now(),
      execId: evidence?.execId ?? null,
      step: this.#options.step,
      id: 'agent-tampered',
      severity,
      title,
      text,
      evidence: evidence === undefined ? [] : [evidence.seq],
    })
  }
}

/** Whether a thread's cgroup is one of this name, or below it; null: the thread has ended. */
function isBelow(file: string, name: string): boolean | null {
  try {
    const cgroup = /^0::(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
    return cgroup.split('/').includes(name)
  } catch {
    return null
  }
}

/** Why the kernel takes no fentry programs; null: it takes them. */
function fentryRefusal(hooks: readonly Hook[]): string | null {
  const t1 = hooks.filter(({ tier }) => tier === 'T1')
  if (t1.some(({ state }) => state === 'active')) return null
  return t1.find(({ state }) => state === 'refused')?.reason ?? null
}

/** Whether this process is in the scope itself (a scope that is the whole host). */
function isInside(scope: Scope): boolean {
  const id = statSync(scope.path, { bigint: true }).ino
  return scope.processes().includes(process.pid) || id === 1n
}
