import type { BodyOf } from '@runwarden/api/route-url'
import { AskError, isFinal } from './ask.ts'
import type { Said } from './said.ts'
import type { JobEnd } from './unsent.ts'

type Body = BodyOf<'/v1/jobs/{id}/finish'>

/** What became of a job's end at its control plane. */
export interface SaidEnd {
  /** undefined: it takes none. */
  sent: { insightsUrl: string | null } | undefined
  /** Why it takes none, or none with a report; empty: it has all. */
  refused: string
}

/**
 * @param end null: nobody knows it
 * @param last number and hash of the last segment
 * @throws AskError when another try may help
 */
export async function sayEnd(
  said: Said,
  end: JobEnd | null,
  last: { sequence: number; hash: string },
): Promise<SaidEnd> {
  const nothing = { sent: { insightsUrl: null }, refused: '' }
  // The agent before left nothing to end with: the control plane gives the job up by itself.
  if (end === null && last.sequence === 0) return nothing
  const { report, exit } = end ?? { report: null, exit: null }
  const body = { sequence: last.sequence, hash: last.hash, exit }
  try {
    // The server says what is no report.
    return { sent: await say(said, { ...body, report: report as Body['report'] }), refused: '' }
  } catch (error) {
    if (!(error instanceof AskError) || !isFinal(error)) throw error
    // An older control plane takes no end without a report: it has all that there is.
    if (end === null) return nothing
    const { status, message } = error
    // With 409 it has ended otherwise there. Else all but the report is there: without an end the job would go on until it is given up.
    const without = { ...body, report: null, noReport: message.slice(0, 500) }
    return { sent: status === 409 ? undefined : await sayOnce(said, without), refused: message }
  }
}

async function sayOnce(said: Said, body: Body): Promise<SaidEnd['sent']> {
  try {
    return await say(said, body)
  } catch (error) {
    if (!(error instanceof AskError) || !isFinal(error)) throw error
    return undefined
  }
}

async function say(said: Said, body: Body): Promise<NonNullable<SaidEnd['sent']>> {
  const { insightsUrl } = await said.say('/v1/jobs/{id}/finish', body)
  return { insightsUrl }
}
