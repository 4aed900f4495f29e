import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { flaws, playDemo, type DemoMode } from './demo.ts'
import { checkout } from './project.ts'
import { opening, story } from './story.ts'
import { styleFor } from './style.ts'

/** `npm run demo [-- --audit | --none] [--once]`; ends with 0 when the demo shows what it is to show. */
const { values } = parseArgs({
  options: {
    audit: { type: 'boolean', default: false },
    none: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
  },
})

const style = styleFor(process.stdout)

async function show(mode: DemoMode): Promise<boolean> {
  const result = await playDemo({
    mode,
    out: join(checkout, '.runwarden', `demo-${mode}`),
    output: 'inherit',
    onCommand: (command, packages) => console.log(opening(mode, packages, command, style)),
  })
  console.log(story(result, style))
  const wrong = flaws(result)
  for (const sentence of wrong) console.log(`${style.bad('✗')} Not as it should be: ${sentence}.`)
  return wrong.length === 0
}

async function contrastWanted(): Promise<boolean> {
  if (values.once || values.audit || values.none || !process.stdin.isTTY) return false
  using terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question('\nEnter to end, a to see the same in audit mode: ')
  return answer.trim().toLowerCase() === 'a'
}

const mode = values.none ? 'none' : values.audit ? 'audit' : 'block'
const shown = await show(mode)
process.exitCode = shown && (!(await contrastWanted()) || (await show('audit'))) ? 0 : 1
