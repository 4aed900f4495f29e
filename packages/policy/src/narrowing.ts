import { maskAddress, sameBytes } from './address.ts'
import { PolicyError } from './error.ts'
import { matchPattern } from './host-name.ts'
import type { EndpointRule } from './policy.ts'

/** What a line is narrowed to: who fulfils both. An empty list: every program, every step. */
export interface Narrowing {
  readonly programs: readonly string[]
  readonly steps: readonly string[]
}

/** What lines of a policy are narrowed to. */
export interface CompiledNarrowings {
  /** Of the whole list, 1 to 2^26 - 1; 0: there are none. Lists that differ have different tags. */
  readonly tag: number
  readonly list: readonly Narrowing[]
}

/** Different narrowings of one policy: the kernel keeps a bit of each. */
const MOST = 64

/** Different narrowings of one destination. */
const MOST_BESIDE = 8

/** Bytes of a path that the kernel looks a program up by. */
const LONGEST = 254

/** Whether a line is for some programs or steps only. */
export function isNarrowed({ exe, steps }: Pick<EndpointRule, 'exe' | 'steps'>): boolean {
  return exe.length > 0 || steps.length > 0
}

/** @throws PolicyError when there are too many, or a program that the kernel cannot be asked for */
export function compileNarrowings(rules: readonly EndpointRule[]): CompiledNarrowings {
  const list = new Map<string, Narrowing>()
  const narrowed = rules.filter(isNarrowed)
  for (const rule of narrowed) {
    for (const program of rule.exe) checkProgram(rule, program)
    list.set(keyOf(rule), { programs: rule.exe, steps: rule.steps })
    if (list.size > MOST)
      throw problem(rule, `a policy has at most ${MOST} different lists of programs and steps`)
  }
  if (list.size > MOST_BESIDE) for (const rule of narrowed) checkBeside(rule, narrowed)
  return { tag: tagOf([...list.keys()].join('\n')), list: [...list.values()] }
}

/** The number by which the kernel knows what a line is narrowed to; 0: it is not. */
export function narrowingOf({ tag, list }: CompiledNarrowings, rule: EndpointRule): number {
  if (!isNarrowed(rule)) return 0
  const key = keyOf(rule)
  return tag * MOST + list.findIndex(({ programs: exe, steps }) => keyOf({ exe, steps }) === key)
}

/** Whether a program in a step is one that a line is narrowed to. */
export function fitsNarrowing(
  { list }: CompiledNarrowings,
  narrowing: number,
  { exe, step }: { exe?: string | null | undefined; step?: string | null | undefined },
): boolean {
  const own = list[narrowing % MOST]
  if (own === undefined) return false
  return (
    (own.programs.length === 0 || own.programs.some((program) => isProgram(program, exe))) &&
    (own.steps.length === 0 || own.steps.some((name) => name === step))
  )
}

function checkBeside(rule: EndpointRule, narrowed: readonly EndpointRule[]): void {
  const beside = new Set(narrowed.filter((other) => fitsToo(other, rule)).map(keyOf))
  if (beside.size > MOST_BESIDE)
    throw problem(
      rule,
      `at most ${MOST_BESIDE} lines that are narrowed differently may be for one destination; join their programs or steps`,
    )
}

/** Whether a line is also for the first destination of another. */
function fitsToo({ endpoint: other }: EndpointRule, { endpoint }: EndpointRule): boolean {
  const { host, protocol, portFrom } = endpoint
  if (other.protocol !== protocol || portFrom < other.portFrom || portFrom > other.portTo)
    return false
  if (host.kind === 'address' && other.host.kind === 'address') {
    const { address, prefix } = other.host
    return prefix <= host.prefix && sameBytes(maskAddress(host.address, prefix), address)
  }
  if (host.kind === 'address' || other.host.kind === 'address') return false
  const name = host.kind === 'name' ? host.name : host.pattern
  return other.host.kind === 'name'
    ? other.host.name === name
    : matchPattern(other.host.pattern, name)
}

function isProgram(program: string, exe: string | null | undefined): boolean {
  if (exe === null || exe === undefined) return false
  return program.startsWith('**/') ? exe.endsWith(program.slice(2)) : exe === program
}

function checkProgram(rule: EndpointRule, program: string): void {
  const rest = program.startsWith('**/') ? program.slice(3) : program
  if (rest.includes('*') || rest.includes('?'))
    throw problem(
      rule,
      `${program}: a program is a whole path, or **/ and the end of one; the kernel knows no other wildcards`,
    )
  if (Buffer.byteLength(program) > LONGEST)
    throw problem(rule, `a program's path has at most ${LONGEST} bytes`)
}

function problem(rule: EndpointRule, what: string): PolicyError {
  return new PolicyError([{ ...rule.where, text: rule.endpoint.text, what, nearest: null }])
}

function keyOf({ exe, steps }: Pick<EndpointRule, 'exe' | 'steps'>): string {
  return [...exe, ...(steps.length > 0 ? ['', ...steps] : [])].join('\n')
}

/** FNV-1a, folded to 26 bits. */
function tagOf(text: string): number {
  if (text === '') return 0
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return (hash >>> 26) ^ (hash & 0x3ff_ffff) || 1
}
