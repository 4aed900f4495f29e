import { maskAddress, sameBytes } from './address.ts'
import type { Endpoint } from './endpoint.ts'
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

/** Different narrowings of one address and port, and lines of one name that differ in these or in their ports. */
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
  if (list.size > MOST_BESIDE) checkAddresses(narrowed)
  if (narrowed.length > 0) checkNames(rules)
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

/** Whether the kernel keeps all lines of an address and port that are narrowed differently. */
function checkAddresses(narrowed: readonly EndpointRule[]): void {
  for (const rule of narrowed) {
    const around = narrowed.filter(({ endpoint }) => isAround(endpoint, rule.endpoint))
    if (new Set(around.map(keyOf)).size <= MOST_BESIDE) continue
    // Where most lines meet, one of them begins.
    for (const { endpoint } of around) {
      const port = Math.max(endpoint.portFrom, rule.endpoint.portFrom)
      const there = around.filter(
        ({ endpoint: { portFrom, portTo } }) => portFrom <= port && port <= portTo,
      )
      if (new Set(there.map(keyOf)).size > MOST_BESIDE)
        throw problem(
          rule,
          `at most ${MOST_BESIDE} lines that are narrowed differently may be for one address and port (${port}); join their programs or steps`,
        )
    }
  }
}

/** Whether an address or block holds all of another, for some of its ports. */
function isAround({ host: outer, ...other }: Endpoint, { host, ...of }: Endpoint): boolean {
  if (host.kind !== 'address' || outer.kind !== 'address' || other.protocol !== of.protocol)
    return false
  if (of.portFrom > other.portTo || other.portFrom > of.portTo || outer.prefix > host.prefix)
    return false
  return sameBytes(maskAddress(host.address, outer.prefix), outer.address)
}

/** Whether the kernel keeps all lines of a name, some of which are narrowed. */
function checkNames(rules: readonly EndpointRule[]): void {
  const exact = new Map<string, EndpointRule[]>()
  const patterns: [pattern: string, rule: EndpointRule][] = []
  for (const rule of rules) {
    const { host } = rule.endpoint
    if (host.kind === 'pattern') patterns.push([host.pattern, rule])
    if (host.kind === 'name') exact.set(host.name, [...(exact.get(host.name) ?? []), rule])
  }
  for (const name of new Set([...exact.keys(), ...patterns.map(([pattern]) => pattern)])) {
    const fitting = patterns.filter(([pattern]) => matchPattern(pattern, name))
    const all = [...(exact.get(name) ?? []), ...fitting.map(([, rule]) => rule)]
    for (const protocol of ['tcp', 'udp'] as const) {
      const own = all.filter(({ endpoint }) => endpoint.protocol === protocol)
      const narrowed = own.find(isNarrowed)
      if (narrowed === undefined) continue
      const differing = new Set(
        own.map((rule) => `${rule.endpoint.portFrom} ${rule.endpoint.portTo} ${keyOf(rule)}`),
      )
      if (differing.size > MOST_BESIDE)
        throw problem(
          narrowed,
          `at most ${MOST_BESIDE} lines with different ports, programs or steps may be for one name, and ${differing.size} are for ${name}; join their programs or steps, or their ports`,
        )
    }
  }
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
