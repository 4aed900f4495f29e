import { examine, type Check, type Examination } from '@runwarden/agent'
import { describeOptions, parseOptions, UsageError, type OptionTable } from './options.ts'
import { version } from './version.ts'

const options_ = {
  json: { type: 'flag', help: 'print JSON' },
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable

const help = `Says what this machine can do, hook by hook, and what to change where something is missing.
It loads the kernel programs into a scope of its own, arms it, and removes it.

Usage: runwarden doctor [--json]

Options:
${describeOptions(options_)}

Ends with 0 when a run could be armed here, else with 1.`

const marks = {
  ok: 'ok  ',
  missing: 'NO  ',
  note: 'note',
  active: 'ok  ',
  refused: 'no  ',
  unneeded: '-   ',
} as const

/** `runwarden doctor` */
export async function main(words: string[]): Promise<number> {
  const { options, rest } = parseOptions(options_, words)
  if (options.help) {
    console.log(help)
    return 0
  }
  if (rest.length > 0) throw new UsageError(`doctor takes no '${rest[0]}'`)
  // It is about the machine, and not about the folder that it is asked in, which may be gone: threads need one.
  process.chdir('/')
  const found = await examine()
  console.log(options.json ? JSON.stringify({ version, ...found }, null, 2) : describe(found))
  return found.armed ? 0 : 1
}

function describe({
  checks,
  hooks,
  tier,
  armed,
  armedReason,
  advice,
  kernel,
}: Examination): string {
  const lines = [`runwarden ${version} on ${kernel}`, '', 'Machine']
  const say = ({ name, state, detail, advice: todo }: Check): void => {
    lines.push(`  ${marks[state]}  ${name.padEnd(14)} ${detail}`)
    if (todo !== '') lines.push(`                        → ${todo}`)
  }
  for (const check of checks) say(check)
  if (hooks.length > 0) {
    lines.push('', 'Hooks')
    for (const hook of hooks) {
      lines.push(
        `  ${marks[hook.state]}  ${hook.tier}  ${hook.name}${hook.reason === '' ? '' : `: ${hook.reason}`}`,
      )
    }
  }
  lines.push('')
  if (armed) lines.push(`Ready, tier ${tier}: a deny was seen enforced and its event delivered.`)
  else lines.push(`NOT READY: ${armedReason}`, ...(advice === '' ? [] : [`→ ${advice}`]))
  return lines.join('\n')
}
