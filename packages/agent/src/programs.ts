import { lstatSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { type Actor, type CompiledPolicy, isMeantFor, ruleLabel } from '@runwarden/policy'

/** File systems that somebody serves, who says whose a file is: as bpf/include/served.h has them. */
const served = new Set([
  0x65735546, 0x6969, 0x01021997, 0x00c36400, 0x5346414f, 0x73757245, 0xff534d42, 0xfe534d42,
])

/**
 * Programs of narrowed lines whose files, as they are now, count for no line: a sentence each. For whoever writes or
 * starts a policy: it looks at these files.
 */
export function uncountedPrograms({ narrowings }: CompiledPolicy): string[] {
  const programs = new Set(narrowings.list.flatMap(({ programs: each }) => each))
  return [...programs]
    .filter((program) => !program.startsWith('**/'))
    .flatMap((program) => {
      const why = whyUncounted(program)
      return why === null ? [] : [`${program} fits no line of the policy: ${why}`]
    })
}

function whyUncounted(program: string): string | null {
  try {
    const real = realpathSync(program)
    if (real !== program)
      return lstatSync(program).isSymbolicLink()
        ? `it is a symbolic link; name ${real}`
        : `its folder is a symbolic link; name ${real}`
    if (served.has(statfsSync(program).type))
      return 'a process or another machine serves its file system, and says whose it is; install it elsewhere'
    const { uid, mode } = statSync(program)
    if (uid === 0 && (mode & 0o022) === 0) return null
    const owner = `owner ${uid}, mode ${(mode & 0o7777).toString(8)}`
    return `others than root may change its file (${owner}); chown it to root and chmod go-w it, or install it elsewhere`
  } catch {
    // It may come with the job, or be another machine's.
    return null
  }
}

/**
 * What is to be said beside a refusal by a narrowed line that names just this program and step; else nothing.
 * @param rule index, or text as events have it
 */
export function whyNotMeant(
  compiled: CompiledPolicy,
  rule: number | string | null,
  by: Actor,
): string {
  const index =
    typeof rule === 'string'
      ? compiled.rules.findIndex((each) => ruleLabel(compiled, each.index) === rule)
      : rule
  if (index === null || index < 0 || !isMeantFor(compiled, index, by)) return ''
  return `; ${by.exe ?? 'this process'} does not count as that: only programs do whose files root alone may change and no process or other machine serves, that were started under this policy and not in a container or mount namespace of their own, and only steps that the runner's worker began under it`
}
