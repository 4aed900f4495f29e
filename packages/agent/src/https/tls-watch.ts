import type { Hook } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import type { BpfMap, BpfObject } from '@runwarden/libbpf'
import { openTlsPrograms, type Sensor, startTlsCapture, type TlsCapture } from '@runwarden/sensor'
import type { Enforcer } from '../enforce/enforcer.ts'
import { messageOf } from '../errors.ts'
import type { RunHealth } from '../watch/health.ts'
import { endHeld, HeldWatch } from './held-watch.ts'
import { KernelRules } from './kernel-rules.ts'
import type { ContentTeller } from './tell.ts'

export interface TlsWatchParts {
  scopeCgroup: string
  agentCgroup: bigint | undefined
  calls: Sensor['calls']
  enforcer: Enforcer
  /** Makes events of what is read, and decides about what is about to be sent. */
  content: ContentTeller
  health: RunHealth
  programs: TlsPrograms
  /** A program has just started that was not seen before. */
  onNewProgram: () => void
}

/** Programs of a TlsWatch that the kernel verifies meanwhile. */
export interface TlsPrograms {
  /** @throws what was wrong as they were opened */
  take(): BpfObject
  close(): void
}

/** Begins to load them. */
export function openTls(
  scope: Pick<TlsWatchParts, 'scopeCgroup' | 'agentCgroup'>,
  https: Readonly<Record<string, BpfMap>>,
  compiled: CompiledPolicy,
): TlsPrograms {
  try {
    const programs = openTlsPrograms({ ...scope, https, holdsMany: holds(compiled) })
    return { take: () => programs, close: () => programs.close() }
  } catch (error) {
    const take = (): never => {
      throw error
    }
    return { take, close: () => {} }
  }
}

/** Reads what a scope's processes send and receive by TLS; where that can't be, all of it is told as opaque. */
export class TlsWatch {
  readonly hook: Hook
  readonly #parts: TlsWatchParts
  #capture: TlsCapture | undefined
  #held: HeldWatch | undefined
  #rules: KernelRules | undefined

  constructor(parts: TlsWatchParts, compiled: CompiledPolicy) {
    this.#parts = parts
    const { enforcer, content, health, programs, onNewProgram, ...scope } = parts
    const hook = { name: 'uprobes on TLS libraries', tier: 'T0' as const }
    try {
      const maps = enforcer.httpsMaps()
      const capture = startTlsCapture(
        {
          ...scope,
          onUnseen: ({ path, reason }) =>
            health.gap(`what ${path} sends by TLS is not read: ${reason}`),
          onContent: (captured) => {
            if (!health.armed) return
            content.takeBatch(captured, (tell) => health.telling(tell))
          },
          onUse: (use) => content.use(use),
          onNewProgram,
        },
        programs.take(),
      )
      this.#capture = capture
      if (enforcer.adopted) for (const text of endHeld(enforcer.pinnedMaps)) health.gap(text)
      const rules = (this.#rules = new KernelRules(capture.rules))
      content.decideOffers({
        grants: maps.https_grants,
        endUngranted: (family) => enforcer.endUngranted(family),
        asks: (offer) => capture.asks(offer),
        free: (offer) => capture.free(offer),
        forget: (connection) => capture.forget(connection),
        learn: (host) => rules.learn(host),
      })
      this.follow(compiled)
      this.hook = { ...hook, state: 'active', reason: '' }
    } catch (error) {
      this.hook = { ...hook, state: 'refused', reason: messageOf(error) }
    }
  }

  /** What programs are about to send is held for as long as the policy has HTTPS rules, and blocks. */
  follow(compiled: CompiledPolicy): void {
    const on = this.#capture !== undefined && holds(compiled)
    const { enforcer, health } = this.#parts
    if (on) this.#held ??= HeldWatch.start(enforcer.pinnedMaps, (text) => health.gap(text))
    if (on) this.#rules?.follow(compiled)
    this.#capture?.hold(on)
  }

  /** Takes what was captured. */
  drain(): void {
    this.#capture?.drain()
  }

  /** The same, and closes the connections of processes that have ended. */
  settle(): void {
    const { content, health } = this.#parts
    // Before: of one whose end is told meanwhile, something may have been captured behind what is drained now.
    const ended = content.takeEnded()
    this.drain()
    health.telling(() => content.settle(ended))
  }

  /** Nothing of the scope runs any more. */
  finish(): void {
    this.#parts.health.telling(() => this.#parts.content.finish())
  }

  /** What was missed, by how. */
  lost(): Record<string, number> {
    const lost = Object.entries(this.#capture?.lost() ?? {}).filter(([, count]) => count > 0)
    return Object.fromEntries(lost.map(([what, count]) => [`tls.${what}`, count]))
  }

  async close(): Promise<void> {
    this.#capture?.close()
    await this.#held?.close()
  }
}

function holds({ egress, https }: CompiledPolicy): boolean {
  return egress === 'block' && https.lines.length > 0
}
