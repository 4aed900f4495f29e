import { Event } from '@runwarden/events'
import { z } from 'zod'
import { linesOf, SegmentError } from './unpack.ts'

/** What every event has, whatever kinds and fields later agents add. */
const Base = z.looseObject({
  seq: z.int().min(1),
  time: z.number(),
  kind: z.string().min(1).max(64),
})

export interface Read {
  seq: number
  time: number
  kind: string
  /** null: of a kind, or with words, that this version does not know. */
  event: Event | null
}

/** The events of an unpacked segment; in the place of a line that is none, what is wrong with it. */
export function* readEvents(content: Buffer): Generator<Read | SegmentError> {
  let line = 0
  for (const { start, end } of linesOf(content)) yield readLine(content, start, end, ++line)
}

/** One of them. */
export function readLine(
  content: Buffer,
  start: number,
  end: number,
  line: number,
): Read | SegmentError {
  try {
    return readEvent(content.toString('utf8', start, end), line)
  } catch (error) {
    if (error instanceof SegmentError) return error
    throw error
  }
}

/** @throws SegmentError */
export function readEvent(text: string, line: number): Read {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SegmentError(`its line ${line} is no JSON`, { cause: error })
  }
  const event = Event.safeParse(value)
  if (event.success) {
    const { seq, time, kind } = event.data
    return { seq, time, kind, event: event.data }
  }
  const base = Base.safeParse(value)
  if (!base.success) throw new SegmentError(`its line ${line} is no event`)
  const { seq, time, kind } = base.data
  return { seq, time, kind, event: null }
}
