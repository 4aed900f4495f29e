/** Names of one address that are kept beside the last one: content networks have many at one. */
const OTHERS = 16

/**
 * Which names led to an address, from the answers that the job was given. For the reports, and to look
 * over the kernel's shoulder: what is allowed is decided there, by its own learned addresses.
 */
export class AnsweredNames {
  private readonly byAddress = new Map<string, string>()
  /** Names that led to an address before others did. */
  private readonly others = new Map<string, Set<string>>()
  private readonly limit: number
  private readonly tell: (gap: string) => void
  /** There were more addresses than are kept, or answers that were not told of. */
  forgot = false

  /**
   * @param tell takes what is missing from then on, when addresses are forgotten for the first time
   * @param limit addresses kept; the longest unanswered go first.
   */
  constructor(tell: (gap: string) => void, limit = 65_536) {
    this.tell = tell
    this.limit = limit
  }

  get size(): number {
    return this.byAddress.size
  }

  /** An answer for `name` held these addresses, in canonical text form. */
  answered(name: string, addresses: readonly string[]): void {
    for (const address of addresses) {
      const before = this.byAddress.get(address)
      if (before !== undefined && before !== name) this.keepOther(address, before)
      this.byAddress.delete(address)
      this.byAddress.set(address, name)
    }
    while (this.byAddress.size > this.limit) {
      const oldest = this.byAddress.keys().next()
      if (oldest.done === true) break
      this.byAddress.delete(oldest.value)
      this.others.delete(oldest.value)
      this.lack(`more than ${this.limit} addresses were answered`)
    }
  }

  /** Not every address that an answer led to is known here. @param why for people */
  lack(why: string): void {
    if (this.forgot) return
    this.forgot = true
    this.tell(
      `${why}: what the kernel lets pass by name is from here on not judged a second time (agent-tampered), and connections to an address that is not known are told without a name`,
    )
  }

  /** The name that last led to an address; null: none did. */
  nameOf(address: string): string | null {
    return this.byAddress.get(address) ?? null
  }

  /** All names that led to an address, as far as they are kept; the last one first. */
  namesOf(address: string): string[] {
    const last = this.byAddress.get(address)
    if (last === undefined) return []
    return [...new Set([last, ...(this.others.get(address) ?? [])])]
  }

  private keepOther(address: string, name: string): void {
    let others = this.others.get(address)
    if (others === undefined) this.others.set(address, (others = new Set()))
    others.delete(name)
    others.add(name)
    if (others.size <= OTHERS) return
    const oldest = others.keys().next()
    if (oldest.done !== true) others.delete(oldest.value)
  }
}
