import { Event } from '@runwarden/events'
import { z } from 'zod'
import { testOf } from './schema-test.ts'
import { SegmentError } from './unpack.ts'

/** What every event has, whatever kinds and fields later agents add. */
const Base = z.object({
  seq: Event.options[0].shape.seq,
  time: Event.options[0].shape.time,
  kind: z.string().min(1).max(64),
})

const isEvent = testOf(Event) as (value: unknown) => value is Event
const isBase = testOf(Base)

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
    const repair = repairOf(text)
    for (let start = 0; start < text.length;) {
      const found = text.indexOf('\n', start)
      const end = found < 0 ? text.length : found
      if (end > start) each(readText(text.slice(start, end), ++line, repair))
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

/** One of them, without fields that the schema does not know. */
export function readLine(
  content: Buffer,
  start: number,
  end: number,
  line: number,
): Read | SegmentError {
  const text = content.toString('utf8', start, end)
  const read = readText(text, line, repairOf(text))
  if (read instanceof SegmentError || read.event === null) return read
  return { ...read, event: Event.parse(read.event) }
}

function readText(text: string, line: number, repair: Repair | undefined): Read | SegmentError {
  let value: unknown
  try {
    value = JSON.parse(text, repair)
  } catch (error) {
    return new SegmentError(`its line ${line} is no JSON`, { cause: error })
  }
  const event = isEvent(value) ? value : null
  if (event === null && !isBase(value)) return new SegmentError(`its line ${line} is no event`)
  const { seq, time, kind } = value as z.infer<typeof Base>
  return { seq, time, kind, length: text.length, event }
}

type Repair = (key: string, value: unknown) => unknown

const wellFormed: Repair = (_key, value) =>
  typeof value === 'string' ? value.toWellFormed() : value

/**
 * Half of a surrogate pair, which is no text and no UTF-8, comes by an escape alone: where an agent has cut a text, or somebody makes
 * two texts that are one to SQLite.
 */
const repairOf = (text: string): Repair | undefined =>
  text.includes(String.raw`\ud`) || text.includes(String.raw`\uD`) ? wellFormed : undefined
