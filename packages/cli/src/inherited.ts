import { constants } from 'node:os'
import type { Inherited } from '@runwarden/agent'

/** Variables that are the command's alone are in the environment under names that begin so. */
const ASIDE = 'RUNWARDEN_ASIDE_'

/** Bash, which read what is ignored, ignores it in any case. */
const BASHS_OWN = 1n << BigInt(constants.signals.SIGQUIT - 1)

/** What the starter (bin/start.bash) has put aside for the command, out of the environment. */
function takeInherited(env: NodeJS.ProcessEnv): Inherited {
  const [files = '', ignored = ''] = (env['RUNWARDEN_INHERITED'] ?? '').split(' ')
  delete env['RUNWARDEN_INHERITED']
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ASIDE) || value === undefined) continue
    environment[name.slice(ASIDE.length)] = value
    delete env[name]
  }
  return {
    environment,
    files: /^\d+$/.test(files) ? Number(files) : 0,
    asideAs: (name) => (name.startsWith(ASIDE) ? name.slice(ASIDE.length) : name),
    ignored: /^[\da-f]{16}$/.test(ignored) ? BigInt(`0x${ignored}`) & ~BASHS_OWN : 0n,
  }
}

/** Of this process. */
export const inherited: Inherited = takeInherited(process.env)
