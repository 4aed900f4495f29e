import { PolicyError } from './error.ts'
import type { EndpointRule } from './policy.ts'

/** What lines of a policy are narrowed to: a list of programs each. */
export interface CompiledNarrowings {
  /** Of the whole list, 1 to 2^26 - 1; 0: there are none. Lists that differ have different tags. */
  readonly tag: number
  readonly programs: readonly (readonly string[])[]
}

/** Different narrowings of one policy: the kernel keeps a bit of each. */
const MOST = 64

/** Bytes of a path that the kernel looks a program up by. */
const LONGEST = 254

/** @throws PolicyError when there are too many, or a program that the kernel cannot be asked for */
export function compileNarrowings(rules: readonly EndpointRule[]): CompiledNarrowings {
  const lists = new Map<string, readonly string[]>()
  for (const rule of rules) {
    if (rule.exe.length === 0) continue
    for (const program of rule.exe) checkProgram(rule, program)
    lists.set(keyOf(rule), rule.exe)
    if (lists.size > MOST)
      throw problem(rule, `a policy has at most ${MOST} different lists of programs`)
  }
  return { tag: tagOf([...lists.keys()].join('\n')), programs: [...lists.values()] }
}

/** The number by which the kernel knows what a line is narrowed to; 0: it is not. */
export function narrowingOf({ tag, programs }: CompiledNarrowings, rule: EndpointRule): number {
  if (rule.exe.length === 0) return 0
  const key = keyOf(rule)
  return tag * MOST + programs.findIndex((list) => list.join('\n') === key)
}

/** Whether a program is one that a line is narrowed to. */
export function fitsProgram(
  { programs }: CompiledNarrowings,
  narrowing: number,
  exe: string | null | undefined,
): boolean {
  if (exe === null || exe === undefined) return false
  return (programs[narrowing % MOST] ?? []).some((program) =>
    program.startsWith('**/') ? exe.endsWith(program.slice(2)) : exe === program,
  )
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

function keyOf(rule: EndpointRule): string {
  return rule.exe.join('\n')
}

/** FNV-1a, folded to 26 bits. */
function tagOf(text: string): number {
  if (text === '') return 0
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return (hash >>> 26) ^ (hash & 0x3ff_ffff) || 1
}
