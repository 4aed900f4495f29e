import { join } from 'node:path'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { DemoServer } from './control-plane.ts'
import { flaws, playDemo, type DemoMode } from './demo.ts'
import { fill, type Filled } from './fill.ts'
import { checkout } from './project.ts'
import { takePictures } from './pictures.ts'
import { filledLine, invitation, opening, picturesLine, story } from './story.ts'
import { styleFor } from './style.ts'

/** `npm run demo [-- --audit | --none] [--once]`; ends with 0 when the demo shows what it is to show. */
const { values } = parseArgs({
  options: {
    audit: { type: 'boolean', default: false },
    none: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
    fill: { type: 'boolean', default: false },
  },
})

const style = styleFor(process.stdout)
const mode: DemoMode = values.none ? 'none' : values.audit ? 'audit' : 'block'
const stays = !values.once && process.stdout.isTTY && mode !== 'none'

async function show(server: DemoServer): Promise<boolean> {
  const result = await playDemo({
    mode,
    server,
    out: join(checkout, '.runwarden', `demo-${mode}`),
    output: 'inherit',
    onCommand: (command, packages) => console.log(opening(mode, packages, command, style)),
  })
  console.log(story(result, style))
  const wrong = flaws(result)
  for (const sentence of wrong) console.log(`${style.bad('✗')} Not as it should be: ${sentence}.`)
  return wrong.length === 0
}

/** @returns whether each could be played */
async function fillServer(server: DemoServer, signal: AbortSignal): Promise<boolean> {
  let whole = true
  const tell = (filled: Filled): void => {
    // Those that are under way end with it.
    if (signal.aborted) return
    whole &&= filled.failure === null
    console.log(filledLine(filled, style))
  }
  await fill(server, 2, tell, signal)
  return whole
}

await using server = await DemoServer.start(join(checkout, '.runwarden/demo-server'))
let shown = await show(server)
const ended = new AbortController()
if (stays) {
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  console.log(invitation(server, style))
  const filling = fillServer(server, ended.signal)
  await asked
  ended.abort()
  await filling
} else {
  if (values.fill) shown = (await fillServer(server, ended.signal)) && shown
  if (mode !== 'none') console.log(picturesLine(await takePictures(server), style))
}
process.exitCode = shown ? 0 : 1
