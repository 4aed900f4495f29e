import { PolicyError } from '@runwarden/policy'
import type { Log } from './log.ts'

/** What went wrong, for the one annotation that says so: the sentence, and what to do. */
export function explain(error: unknown): string {
  if (error instanceof PolicyError) return `The policy cannot be read: ${error.message}`
  if (!(error instanceof Error)) return String(error)
  const advice = 'advice' in error && typeof error.advice === 'string' ? error.advice : ''
  const message = sentence(error.message)
  return advice === '' ? message : `${message} ${sentence(advice)}`
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?\n]$/.test(first) ? first : `${first}.`
}

const title = 'Runwarden'

/** The stage failed, and so does the job. */
export function fail(log: Log, what: string): void {
  log.error(what, title)
  process.exitCode = 1
}

/** The job goes on without, and says so where it is seen. */
export function warn(log: Log, what: string): void {
  log.warning(what, title)
}

/** Runs a stage to its end. Whatever goes wrong is said by one annotation, also what nobody waits for; and the job fails for it. */
export async function runStage(
  log: Log,
  stage: () => Promise<void>,
  failed: string,
): Promise<void> {
  const tell = (error: unknown): void => fail(log, `${failed}: ${explain(error)}`)
  process.on('uncaughtException', (error) => {
    tell(error)
    leave()
  })
  try {
    await stage()
  } catch (error) {
    tell(error)
  }
  leave()
}

/** Ends the stage at once: the look-up of a name that nobody answers would keep it for half a minute. */
function leave(): void {
  process.stdout.write('', () => process.exit())
}
