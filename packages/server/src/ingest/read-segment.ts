import { Event } from '@runwarden/events'
import { z } from 'zod'
import { isPlainEvent } from './plain-event.ts'
import { SegmentError } from './unpack.ts'

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
  /** Characters of its line: none of its texts is longer. */
  length: number
  /** null: of a kind, or with words, that this version does not know. */
  event: Event | null
}

/**
 * Calls `each` with the events of an unpacked segment, which may have fields that the schema does not know; in the place of a line
 * that is none, with what is wrong with it.
 */
export function readEvents(content: Buffer, each: (read: Read | SegmentError) => void): void {
  let line = 0
  for (let from = 0; from < content.length;) {
    const to = blockEnd(content, from)
    const text = content.toString('utf8', from, to)
    for (let start = 0; start < text.length;) {
      const found = text.indexOf('\n', start)
      const end = found < 0 ? text.length : found
      if (end > start) each(readPlain(text.slice(start, end), ++line))
      start = end + 1
    }
    from = to
  }
}

/** Lines become text by blocks of them: not each by itself, and none so large that it outlives the young generation. */
const blockBytes = 1 << 16

/** Where the lines end that are in a block. */
function blockEnd(content: Buffer, from: number): number {
  if (content.length - from <= blockBytes) return content.length
  const last = content.lastIndexOf(0x0a, from + blockBytes)
  if (last >= from) return last + 1
  const next = content.indexOf(0x0a, from + blockBytes)
  return next < 0 ? content.length : next + 1
}

function readPlain(text: string, line: number): Read | SegmentError {
  try {
    const value = parse(text, line)
    if (!isPlainEvent(value)) return checked(value, line, text.length)
    const { seq, time, kind } = value
    return { seq, time, kind, length: text.length, event: value }
  } catch (error) {
    if (error instanceof SegmentError) return error
    throw error
  }
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
  return checked(parse(text, line), line, text.length)
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SegmentError(`its line ${line} is no JSON`, { cause: error })
  }
}

function checked(value: unknown, line: number, length: number): Read {
  const event = Event.safeParse(value)
  if (event.success) {
    const { seq, time, kind } = event.data
    return { seq, time, kind, length, event: event.data }
  }
  const base = Base.safeParse(value)
  if (!base.success) throw new SegmentError(`its line ${line} is no event`)
  const { seq, time, kind } = base.data
  return { seq, time, kind, length, event: null }
}
