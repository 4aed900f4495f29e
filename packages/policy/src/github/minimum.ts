import type { GithubCall } from './call.ts'
import { needsOf, type Access, type Need, type Needs } from './needs.ts'

/** With what a request identified itself. */
export type TokenKind = 'installation' | 'personal' | 'other' | null

/** Calls of one endpoint. */
export interface TokenCall {
  endpoint: string
  /** `owner/name`; null: it names none. */
  repository: string | null
  count: number
  /** `contents: read`; one of them is enough where `together` is `any`. */
  needs: string[]
  together: Needs['together']
  /**
   * What it means for the job's token. `needed`: it needs what is in `needs`; `none`: nothing; `unknown`: not known;
   * `other-token`: GITHUB_TOKEN can't be granted it, or was not what it was made with; `outside`: of another
   * repository, where GITHUB_TOKEN only reads what is public.
   */
  meaning: 'needed' | 'none' | 'unknown' | 'other-token' | 'outside'
  /** Programs behind it. */
  programs: string[]
}

/** Endpoints told apart; further calls are only counted. */
const MOST = 1000
const PROGRAMS = 5

/** Gathers a job's calls of GitHub, and tells what its token needs. */
export class MinimumPermissions {
  private readonly own: () => string | null
  private readonly entries = new Map<string, { call: TokenCall; needs: Needs }>()
  private left = 0

  /** @param own the job's repository, `owner/name`, as far as it is known when it is asked for */
  constructor(own: () => string | null) {
    this.own = own
  }

  /** @param count how many such calls there were, by `programs` */
  add(call: GithubCall, token: TokenKind, count: number, programs: Iterable<string>): void {
    // Without a token no permission counts.
    if (token === null) return
    const needs = needsOf(call)
    const repository = call.repository
    const key = `${token} ${repository} ${needs.endpoint} ${needs.ungrantable.join()}`
    let entry = this.entries.get(key)
    if (entry === undefined) {
      if (this.entries.size >= MOST) {
        this.left += count
        return
      }
      entry = {
        needs,
        call: {
          endpoint: needs.endpoint,
          repository,
          count: 0,
          needs: needs.needs.map(textOf),
          together: needs.together,
          meaning: this.meaning(needs, token),
          programs: [],
        },
      }
      this.entries.set(key, entry)
    }
    entry.call.count += count
    const known = entry.call.programs
    for (const program of programs)
      if (program !== '' && known.length < PROGRAMS && !known.includes(program)) known.push(program)
  }

  /** The calls, those that need something first. */
  calls(): TokenCall[] {
    this.settle()
    const order = ['needed', 'unknown', 'other-token', 'outside', 'none']
    return [...this.entries.values()]
      .map(({ call }) => call)
      .toSorted((a, b) => order.indexOf(a.meaning) - order.indexOf(b.meaning) || b.count - a.count)
  }

  /**
   * The smallest `permissions:` block, ready to be pasted into a workflow, with the calls behind each line.
   * @param caveats what may be missing from it, sentence by sentence
   */
  block(caveats: readonly string[] = []): string {
    const calls = this.calls()
    const granted = this.granted()
    const comments = [...caveats]
    const unknown = calls.filter(({ meaning }) => meaning === 'unknown')
    if (unknown.length > 0)
      comments.push(`Not known what these need: ${listed(unknown.map(described))}.`)
    if (this.left > 0) comments.push(`${this.left} further calls were not looked at.`)
    const lines = [...granted]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([permission, { access, why, perhaps }]) => {
        const doubt = perhaps ? 'perhaps not needed: ' : ''
        return { text: `  ${permission}: ${access}`, why: `${doubt}${listed([...why])}` }
      })
    const width = Math.max(0, ...lines.map(({ text }) => text.length))
    return [
      ...comments.map((text) => `# ${text}\n`),
      lines.length === 0 ? 'permissions: {}\n' : 'permissions:\n',
      ...lines.map(({ text, why }) => `${text.padEnd(width)} # ${why}\n`),
    ].join('')
  }

  private meaning(needs: Needs, token: TokenKind): TokenCall['meaning'] {
    if (token !== 'installation' || (needs.ungrantable.length > 0 && needs.together === 'all'))
      return 'other-token'
    if (!needs.known) return 'unknown'
    if (needs.needs.length === 0) return needs.ungrantable.length > 0 ? 'other-token' : 'none'
    return 'needed'
  }

  /** The job's repository may come to be known after its first calls. */
  private settle(): void {
    const own = this.own()?.toLowerCase()
    if (own === undefined) return
    for (const { call } of this.entries.values()) {
      if (call.meaning !== 'other-token' && call.repository !== null && call.repository !== own)
        call.meaning = 'outside'
    }
  }

  private granted(): Map<string, { access: Access; why: Set<string>; perhaps: boolean }> {
    const granted = new Map<string, { access: Access; why: Set<string>; perhaps: boolean }>()
    const grant = ({ permission, access }: Need, call: TokenCall, perhaps: boolean): void => {
      let known = granted.get(permission)
      if (known === undefined)
        granted.set(permission, (known = { access, why: new Set(), perhaps: true }))
      if (access === 'write') known.access = 'write'
      known.perhaps &&= perhaps
      known.why.add(described(call))
    }
    const needed = [...this.entries.values()].filter(({ call }) => call.meaning === 'needed')
    for (const { call, needs } of needed)
      if (needs.together !== 'any')
        for (const need of needs.needs) grant(need, call, needs.together === 'unclear')
    // Where one of several is enough, one that is granted already is best.
    for (const { call, needs } of needed) {
      if (needs.together !== 'any') continue
      const [first] = needs.needs
      const there = needs.needs.find(({ permission, access }) => {
        const known = granted.get(permission)
        return known !== undefined && !known.perhaps && covers(known.access, access)
      })
      const half = needs.needs.find(({ permission }) => granted.has(permission))
      const chosen = there ?? half ?? first
      if (chosen !== undefined) grant(chosen, call, false)
    }
    return granted
  }
}

function covers(granted: Access, needed: Access): boolean {
  return granted === 'write' || needed === 'read'
}

function textOf({ permission, access }: Need): string {
  return `${permission}: ${access}`
}

function described({ endpoint, count }: TokenCall): string {
  return count === 1 ? endpoint : `${endpoint} (${count} times)`
}

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, 4).join(', ')
  return texts.length > 4 ? `${shown} and ${texts.length - 4} more` : shown
}
