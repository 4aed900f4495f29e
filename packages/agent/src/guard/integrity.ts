import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from '../scope.ts'
import type { Finding } from './finding.ts'
import { Neighbours } from './neighbours.ts'
import { type HeldLink, heldObjects, WatchedLink } from './objects.ts'
import { PinFolder } from './pin-folder.ts'
import { PolicyMaps } from './policy-maps.ts'

export interface IntegrityParts {
  scope: Scope
  /** In a bpffs; the enforcement is pinned in its folder `enforce`. */
  pinDir: string
  links: readonly HeldLink[]
  /** Attaches and pins anew what was taken away; names of the programs that were. */
  repair: () => string[]
}

/** Whether what enforces the policy is still as it was put there. */
export class Integrity {
  readonly #parts: IntegrityParts
  readonly #policy: PolicyMaps
  readonly #neighbours: Neighbours
  readonly #pins: PinFolder
  #links: WatchedLink[]
  #ours: Set<number>
  #suspected = false
  /** The policy's maps are being written by our own hand. */
  #changing = false
  /** What is missing and could not be put right. */
  #unmended = ''
  #gone = false
  #lastGood = new Date()

  constructor(parts: IntegrityParts) {
    this.#parts = parts
    this.#links = this.#own(parts.links).map((link) => new WatchedLink(link))
    this.#ours = new Set(parts.links.map(({ program }) => program))
    this.#pins = new PinFolder(parts.pinDir)
    this.#policy = new PolicyMaps(join(parts.pinDir, 'enforce'))
    this.#neighbours = new Neighbours(parts.scope.path)
  }

  /** Somebody had hold of something: large maps are looked at, too. */
  suspect(): void {
    this.#suspected = true
  }

  /** The policy's maps are not looked at until policyReplaced(). */
  policyChanges(): void {
    this.#changing = true
  }

  /** The policy's maps hold another policy, by our own hand. */
  policyReplaced(): void {
    this.#changing = false
    this.#policy.note()
  }

  /** What is wrong now and was not at the last call; it is put right where that is possible. */
  check(): Finding[] {
    const found: Finding[] = []
    if (!this.#gone && !existsSync(this.#parts.scope.path)) {
      this.#gone = true
      found.push({
        severity: 'critical',
        title: "the scope's cgroup is gone",
        text: 'The cgroup that the policy is on was removed by somebody else.',
      })
    }
    const missing = this.#gone ? [] : [...this.#lookAtLinks(), ...this.#lookAtPins()]
    const mended = missing.length > 0 ? this.#mend(missing) : null
    if (mended !== null) found.push(mended)
    for (const name of this.#changing ? [] : this.#policy.check(this.#suspected)) {
      found.push({
        severity: 'critical',
        title: 'the policy in the kernel was changed',
        text: `The map ${name} was written to by somebody else since ${this.#lastGood.toISOString()}. Small maps hold what they should again.`,
      })
    }
    for (const { program, hook, cgroup } of this.#neighbours.come(this.#ours)) {
      found.push({
        severity: 'high',
        title: 'a program was attached beside those that enforce the policy',
        text: `Program ${program} was put on the hook ${hook} of ${cgroup}: such a program can let a connect call pass that ours refused. Packets are decided again, and nobody can undo that.`,
      })
    }
    this.#suspected &&= this.#changing
    this.#lastGood = new Date()
    return found
  }

  close(): void {
    this.#policy.close()
    this.#closeLinks()
  }

  /** Those on the scope's cgroup: an agent of many scopes holds others, too. */
  #own(links: readonly HeldLink[]): HeldLink[] {
    const scope = this.#parts.scope.id()
    // 0: detached again, in the moment since it was attached.
    return links.filter(({ cgroup }) => cgroup === scope || cgroup === 0n)
  }

  #closeLinks(): void {
    for (const link of this.#links) link.close()
    this.#links = []
  }

  #lookAtLinks(): string[] {
    return this.#links.flatMap((link) => {
      const now = link.changed()
      if (now === undefined) return []
      return [`link ${now.id} ${now.cgroup === 0n ? 'was detached' : 'holds another program'}`]
    })
  }

  #lookAtPins(): string[] {
    const missing = this.#pins.missing()
    return missing === 0 ? [] : [`${missing} pinned names are gone`]
  }

  /** null: it could not be put right before either, and that was told. */
  #mend(missing: readonly string[]): Finding | null {
    const since = this.#lastGood.toISOString()
    const about = missing.join('; ')
    let outcome
    try {
      const attached = this.#parts.repair()
      outcome =
        attached.length > 0
          ? `Attached anew at ${new Date().toISOString()}: ${attached.join(', ')}. What left the machine between was not decided.`
          : `Put back at ${new Date().toISOString()}.`
      const held = heldObjects()
      this.#closeLinks()
      this.#links = this.#own(held.links).map((link) => new WatchedLink(link))
      this.#ours = new Set([...this.#ours, ...held.links.map(({ program }) => program)])
      this.#pins.note()
      this.#unmended = ''
    } catch (error) {
      if (about === this.#unmended) return null
      this.#unmended = about
      outcome = `IT COULD NOT BE PUT RIGHT, and is tried again: ${String(error)}.`
    }
    return {
      severity: 'critical',
      title: 'what enforces the policy was taken away',
      text: `After ${since}: ${about}. ${outcome}`,
    }
  }
}
