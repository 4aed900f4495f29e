import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from './case.ts'
import { hexOf, type Mark, markOf, type StepKind } from './place.ts'

/** In an emulated machine it takes Python some seconds to start (see guest.ts). */
const slowness = process.env['RUNWARDEN_EMULATED'] === undefined ? 1 : 4
/** Seconds after which a step counts as one that hangs: refusals come at once, here even on a busy machine. */
const patience = 20 * slowness
/** Without Runwarden many attempts wait for an answer that the lab never gives; what they send has long arrived. */
const patienceOfControl = 6 * slowness

/** A case with the number that its marks are made of. */
export interface Numbered {
  one: Case
  number: number
}

/** How a step ended. */
export interface Ended {
  status: number
  /** It was ended for its time. */
  hangs: boolean
  ms: number
  /** The end of what it said. */
  said: string
}

/** The environment of a step, or of what helps it from outside. */
export function environmentOf(
  { number }: Numbered,
  kind: StepKind,
  folder: string,
): Record<string, string> {
  const { token, v4, v6 }: Mark = markOf(number, kind)
  const zone = kind === 'attempt' ? 'thief.example.net' : 'allow.example.com'
  return {
    T: token,
    D4: v4,
    D6: v6,
    HEX4: hexOf(v4),
    PORT: '8080',
    ZONE: zone,
    HOST: `${token}.${zone}`,
    ACT: join(folder, '../act'),
    URING: join(folder, '../uring'),
    PROGRAMS: join(folder, '..'),
    SHARED: join(folder, 'shared'),
    PYTHONPATH: join(folder, '..'),
    PYTHONDONTWRITEBYTECODE: '1',
  }
}

/** Whether the control, the job under policy, or both have a step of this kind. */
export function hasStep(one: Case, kind: StepKind, control: boolean): boolean {
  if (control) return kind === 'attempt' && (one.cannot === undefined || one.impossible === true)
  return kind === 'attempt' || one.twin !== ''
}

/** Writes a job of these cases into the folder; gives the path of its script. */
export function writeJob(folder: string, cases: readonly Numbered[], control: boolean): string {
  for (const name of ['steps', 'said', 'shared']) mkdirSync(join(folder, name), { recursive: true })
  for (const name of ['said', 'shared']) chmodSync(join(folder, name), 0o777)
  const lines = cases.flatMap((numbered) =>
    // What takes protection away comes last.
    (numbered.one.alone === true ? (['twin', 'attempt'] as const) : (['attempt', 'twin'] as const))
      .filter((kind) => hasStep(numbered.one, kind, control))
      .map((kind) => {
        const { one } = numbered
        const exports = Object.entries(environmentOf(numbered, kind, folder))
          .map(([name, value]) => `export ${name}='${value}'\n`)
          .join('')
        const script = kind === 'twin' ? (one.twin ?? one.attempt) : one.attempt
        writeFileSync(join(folder, 'steps', stepName(one, kind)), `${exports}${script}\n`)
        return `step ${stepName(one, kind)}`
      }),
  )
  const job = join(folder, 'job.sh')
  writeFileSync(
    job,
    `cd '${folder}' || exit 1\n: >said/index\necho "\${RUNWARDEN_AGENT:-$PPID}" >shared/agent\ntrap '' HUP INT TERM USR1 USR2\n${stepFunction(control ? patienceOfControl : patience)}\n${lines.join('\n')}\nexit 0\n`,
  )
  return job
}

export const stepName = ({ id }: Case, kind: StepKind): string => `${id}.${kind}`

const stepFunction = (seconds: number): string => `step() {
  local begun=\${EPOCHREALTIME/./}
  timeout -k 1 ${seconds} bash "steps/$1" >"said/$1" 2>&1 </dev/null
  echo "$1 $? $(( (\${EPOCHREALTIME/./} - begun) / 1000 ))" >>said/index
}`

/** How each step ended, by its name. */
export function readSteps(folder: string): Map<string, Ended> {
  const index = readFileSync(join(folder, 'said/index'), 'utf8')
  return new Map(
    index
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name = '', status, ms] = line.split(' ')
        const said = readFileSync(join(folder, 'said', name), 'utf8').slice(-600)
        // 137 is also that of a step that Runwarden ended.
        const hangs = status === '124' || (status === '137' && Number(ms) >= patience * 1000)
        return [name, { status: Number(status), hangs, ms: Number(ms), said }]
      }),
  )
}
