import { join } from 'node:path'
import { replays } from '../replays/attacks/index.ts'
import { play } from '../replays/play.ts'
import type { DemoServer } from './control-plane.ts'
import { playDemo } from './demo.ts'

/** A job that was played beside the demo, and what its report found. */
export interface Filled {
  what: string
  /** Its runwarden ended so that it has no record; null: it has. */
  failure: string | null
  detections: number
}

type Work = (server: DemoServer, run: number) => Promise<number>

const attack =
  (name: string, egress: 'audit' | 'block'): Work =>
  async (server, run) => {
    const replay = replays.find((one) => one.name === name)
    if (replay === undefined) throw new Error(`there is no replay ${name}`)
    const job = { repository: 'payments', workflow: name, job: 'build', run }
    const { report } = await play(replay, egress, [], (lab) => server.reachFrom(lab, job))
    return report.detections.length
  }

const install =
  (mode: 'audit' | 'block'): Work =>
  async (server, run) => {
    const { kept } = await playDemo({
      mode,
      out: join(import.meta.dirname, `../../../../.runwarden/demo-fill-${mode}`),
      server,
      run,
    })
    return kept?.detections ?? 0
  }

const works: readonly (readonly [what: string, work: Work])[] = [
  ['npm ci with the thief, audit mode', install('audit')],
  [
    'an action that dumps its runner’s memory (tj-actions), audit mode',
    attack('tj-actions', 'audit'),
  ],
  ['the same, block mode', attack('tj-actions', 'block')],
  ['a worm among the dependencies (shai-hulud), block mode', attack('shai-hulud', 'block')],
  ['a reverse shell, block mode', attack('reverse-shell', 'block')],
  ['an uploader that was changed (codecov), audit mode', attack('codecov', 'audit')],
]

/**
 * Really plays workflows and attacks of the lab, each a job of the control plane's, two at a time.
 * @param firstRun number of the first one's run
 */
export async function fill(
  server: DemoServer,
  firstRun: number,
  onFilled: (filled: Filled) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...works.entries()]
  const one = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (signal.aborted) return
      const [index, [what, work]] = next
      try {
        onFilled({ what, failure: null, detections: await work(server, firstRun + index) })
      } catch (error) {
        onFilled({ what, failure: String(error), detections: 0 })
      }
    }
  }
  await Promise.all([one(), one()])
}
