import type { BodyOf } from '@runwarden/api/route-url'
import type { Report } from '@runwarden/events'
import { setTimeout as delay } from 'node:timers/promises'
import { firstPrevious } from '../spool/segment-file.ts'
import { AskError, isFinal } from './ask.ts'
import { Said } from './said.ts'
import type { UplinkServer } from './uplink.ts'

/** For all tries: the command, or its end, waits for it. */
const wholeMs = 8000
const againMs = 500

type Job = Pick<UplinkServer, 'url' | 'jobId' | 'token'>

/**
 * Tells the control plane that nobody watches the job: without, it would be one whose agent fell silent.
 * @param why what was to hold does not, a sentence
 * @throws AskError
 */
export async function sayUnprotected(
  job: Job,
  egress: 'audit' | 'block',
  why: string,
): Promise<void> {
  const said = { at: Date.now(), egress, protection: 'unprotected', tier: 'none' } as const
  const otherwise = why.slice(0, 1000)
  await once(job, '/v1/jobs/{id}/policy', { ...said, text: null, otherwise })
}

/** Of a job of which no event could be kept its report alone is sent. @throws AskError */
export async function sayReport(job: Job, report: Report, exit: number | null): Promise<void> {
  const end = { sequence: 0, hash: firstPrevious.toString('hex'), report, exit }
  await once(job, '/v1/jobs/{id}/finish', end as BodyOf<'/v1/jobs/{id}/finish'>)
}

async function once<Path extends '/v1/jobs/{id}/policy' | '/v1/jobs/{id}/finish'>(
  { url, jobId: id, token }: Job,
  path: Path,
  body: BodyOf<Path>,
): Promise<void> {
  const end = new AbortController()
  // It keeps the process, which nothing else may do any more.
  const late = setTimeout(() => end.abort(), wholeMs)
  const said = new Said({ url, id, token, signal: end.signal, heard: () => {} })
  try {
    for (;;) {
      try {
        await said.say(path, body)
        return
      } catch (error) {
        const { retryAfterMs } = error as AskError
        if (!(error instanceof AskError) || isFinal(error) || end.signal.aborted) throw error
        await delay(Math.max(againMs, retryAfterMs), undefined, { signal: end.signal }).catch(
          () => undefined,
        )
      }
    }
  } finally {
    clearTimeout(late)
  }
}
