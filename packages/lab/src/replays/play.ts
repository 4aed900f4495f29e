import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '@runwarden/events'
import { LabError } from '../error.ts'
import type { Lab } from '../lab.ts'
import type { JobResult } from '../runner/index.ts'
import { allowedHost, type Replay } from './replay.ts'
import { setStage } from './stage.ts'

export const runwarden = fileURLToPath(new URL('../../../cli/bin/runwarden', import.meta.url))

export interface Played {
  /** Of `runwarden run`. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly report: Report
  /** What the job's steps came to; null: the job was ended before it came to its end. */
  readonly job: JobResult | null
  /** Servers that no policy allows and that received the token, however it was encoded. */
  readonly stolen: readonly string[]
  /** Connections and datagrams that reached those servers, in words. */
  readonly arrived: readonly string[]
}

/**
 * Runs a replay's workflow under the runner simulator and `runwarden run`, with the attacker's servers within reach.
 * @param reach leads the lab's runner to a control plane
 */
export async function play(
  replay: Replay,
  egress: 'audit' | 'block',
  more: readonly string[] = [],
  reach?: (lab: Lab) => Promise<AsyncDisposable & { words: string[]; env: Record<string, string> }>,
): Promise<Played> {
  const { lab, worker, token, env, baseline } = await setStage(replay)
  await using _lab = lab
  await using reached = await reach?.(lab)
  const out = join(lab.folder, 'out')
  const options = [
    '--egress',
    egress,
    '--allow',
    `${allowedHost}:80`,
    '--workspace',
    worker.workspace,
    '--baseline',
    baseline,
    '--out',
    out,
  ]
  const ended = await lab.runner.exec(
    runwarden,
    ['run', ...options, ...(reached?.words ?? []), ...more, '--', ...worker.command],
    { cwd: worker.workspace, env: { ...env, ...reached?.env }, timeout: 300_000 },
  )
  if (!existsSync(join(out, 'report.json')))
    throw new LabError(
      'LAB_REPLAY',
      `${replay.name}: runwarden ended with ${ended.status}: ${ended.stdout}${ended.stderr}`,
    )
  const records = (await lab.internet.records()).filter(({ server }) => server !== allowedHost)
  const words = records.map(({ server, port, bytes }) => `${server}:${port}, ${bytes} bytes`)
  return {
    ...ended,
    report: JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report,
    job: ended.status === 0 || ended.status === 1 ? worker.result() : null,
    stolen: words.filter((_, index) => holds(records[index]?.data ?? Buffer.alloc(0), token)),
    arrived: words,
  }
}

/** As it is, or in base64 once or twice, which depends on where it begins. */
function holds(data: Buffer, token: string): boolean {
  let forms = [token]
  for (let times = 0; times < 3; times++) {
    if (forms.some((form) => data.includes(form))) return true
    forms = forms.flatMap((form) => [0, 1, 2].map((pad) => innerBase64(form, pad)))
  }
  return false
}

/** The part of a text's base64 that does not depend on what stands around it. */
function innerBase64(text: string, pad: number): string {
  const encoded = Buffer.from(' '.repeat(pad) + text).toString('base64')
  return encoded.slice(4, -4)
}
