import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import type { Report } from '@runwarden/events'
import { JobFinish } from '@runwarden/events/control-plane'
import { isTampering } from '@runwarden/events/tampering'
import { z } from 'zod'
import { checkJson } from '../check-json.ts'
import { HttpError } from '../error.ts'
import { refusal } from '../refusal.ts'

const pack = promisify(zstdCompress)

/** Of the largest report: a value takes ten bytes and more. */
const mostValues = 2_000_000

/** A job's end as it is kept: of its report, what lists say, and the whole of it packed. */
export interface ReadFinish extends Omit<JobFinish, 'report'> {
  report:
    | (Pick<Report, 'egress' | 'protection' | 'version'> & {
        health: Pick<Report['health'], 'tier' | 'eventsLost' | 'interrupted'>
        /** Titles of what it has as `agent-tampered`. */
        tampered: string[]
        packed: Uint8Array
      })
    | null
}

/** @throws HttpError where it is none; then it says what was found first: of a body of 16 MiB all of it may be wrong. */
export async function readFinish(body: Uint8Array): Promise<ReadFinish> {
  const text = Buffer.from(body).toString()
  checkJson(text, mostValues)
  const data = parse(text)
  const context = { async: false, abortEarly: true } as const
  const { value, issues } = JobFinish._zod.run({ value: data, issues: [] }, context) as {
    value: JobFinish
    issues: z.core.$ZodRawIssue[]
  }
  if (issues.length > 0)
    throw refusal(
      'body',
      issues.slice(0, 20).map((one) => z.core.util.finalizeIssue(one, context, z.core.config())),
    )
  const { report, ...end } = value
  if (report === null) return { ...end, report }
  const { egress, protection, version, health } = report
  const { tier, eventsLost, interrupted } = health
  return {
    ...end,
    report: {
      egress,
      protection,
      version,
      health: { tier, eventsLost, interrupted },
      tampered: [...new Set(report.detections.filter(isTampering).map(({ title }) => title))],
      packed: await pack(JSON.stringify(report)),
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpError(400, 'ctp-invalid-json-body', 'the body is no JSON')
  }
}
