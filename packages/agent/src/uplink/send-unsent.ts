import { existsSync } from 'node:fs'
import { messageOf } from '../errors.ts'
import { OutputFolder } from '../output.ts'
import { UnsentJob } from './unsent.ts'
import { Uplink } from './uplink.ts'

/** How often it is looked for jobs of agents that were killed, ms. */
const everyMs = 60_000

type Say = (text: string) => void

/**
 * Sends what agents that were killed, or whose control plane was away at the end, have left of their jobs.
 * @param wait as of Uplink.finish
 * @returns when each was sent, or waited for
 */
export async function sendUnsent(
  wait: { mostMs: number; quietMs: number },
  say: Say,
  home?: string,
): Promise<void> {
  await Promise.all(
    UnsentJob.claim(home).map(async (unsent) => {
      const uplink = await resume(unsent, wait, say)
      await uplink?.close()
    }),
  )
}

/** The same, beside all else, until it is ended. */
export function keepSendingUnsent(say: Say, home?: string): { end: () => Promise<void> } {
  const uplinks: Promise<Uplink | undefined>[] = []
  const send = (): void => {
    for (const unsent of UnsentJob.claim(home))
      uplinks.push(resume(unsent, { mostMs: 5000, quietMs: 5000 }, say))
  }
  send()
  const timer = setInterval(send, everyMs).unref()
  return {
    async end() {
      clearInterval(timer)
      for (const uplink of uplinks) await (await uplink)?.close()
    },
  }
}

/** @returns undefined: its spool is not there any more */
async function resume(
  unsent: UnsentJob,
  wait: { mostMs: number; quietMs: number },
  say: Say,
): Promise<Uplink | undefined> {
  const { url, jobId, end, record } = unsent.job
  try {
    if (!existsSync(record)) {
      unsent.remove()
      say(`what was left of job ${jobId} is lost: ${record} is not there any more`)
      return undefined
    }
    const uplink = Uplink.resume(unsent)
    const { finished, unsent: why } = await uplink.finish(reportOf(record, end), wait)
    say(
      finished
        ? `${url} has got the rest of job ${jobId}, whose agent ended before`
        : `of job ${jobId}, whose agent ended before: ${why ?? 'nothing is left'}`,
    )
    return uplink
  } catch (error) {
    say(`what is left of job ${jobId} cannot be sent: ${messageOf(error)}`)
    return undefined
  }
}

/** What the record says at its end; null: its agent did not come to write that. */
function reportOf(
  record: string,
  end: { exit: number | null } | null,
): { report: unknown; exit: number | null } | null {
  try {
    // Not through a link: the job may have been able to write there.
    const folder = OutputFolder.open(record)
    try {
      const report: unknown = JSON.parse(folder.read('report.json').toString())
      return { report, exit: end?.exit ?? null }
    } finally {
      folder.close()
    }
  } catch {
    return null
  }
}
