/** Runs on the stage: makes all tries with and without confinement, and prints what came of each. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { groupsOf, planConfinement, requireConfined } from '../../src/harden/confinement.ts'
import type { Confinement } from '../../src/harden/confinement.ts'
import { findAccount, launch } from '../../src/launcher.ts'
import { clearProof, isProved, makeAccount, proof, startOutside, startServices } from './account.ts'
import { ordinary, tries } from './tries.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
await startServices()
process.env['OUTSIDE'] = String(startOutside())
const preload =
  'int open(const char *, int, ...); int geteuid(void);\n__attribute__((constructor)) static void start(void) { open("/proof/preload", 0101, 0600); }'
execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', '/home/ci/preload.so', '-'], {
  input: preload,
})

const account = { ...findAccount('ci'), groups: groupsOf('ci') }

async function run(script: string, confinement: Confinement | undefined): Promise<number | null> {
  const child = launch({
    command: ['sh', '-c', `exec >/dev/null 2>&1; cd; ${script}`],
    user: 'ci',
    dropNetRaw: false,
    confinement,
  })
  await once(child, 'exit')
  return child.exitCode
}

/** Names of the tries that worked, and of ordinary work that did not. */
async function outcome(confinement: Confinement | undefined): Promise<[string[], string[]]> {
  const worked: string[] = []
  for (const { name, script, proof: folder } of tries) {
    const status = await run(script, confinement)
    if (folder === null ? status === 0 : isProved(folder)) worked.push(name)
    if (folder !== null) clearProof(folder ?? proof)
  }
  const broken: string[] = []
  for (const { name, script } of ordinary) {
    if ((await run(script, confinement)) !== 0) broken.push(name)
  }
  return [worked, broken]
}

const result: Record<string, [string[], string[]]> = { none: await outcome(undefined) }
for (const level of ['sudo', 'sudo-and-containers'] as const) {
  const confinement = planConfinement(level, account)
  requireConfined(confinement)
  result[level] = await outcome(confinement)
}
console.log(JSON.stringify(result))
process.exit(0)
