import type { Destination } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'
import { placeOf } from '../address.ts'
import { bytes, counted, grouped } from '../wording.ts'
import { clip, columns } from './columns.ts'
import { verdictStyle } from './paint.ts'
import type { Page } from './render.ts'

/** Rows shown: what was not allowed has more room. */
const ROOM = { refused: 24, allowed: 12 }

/** Destinations with verdict, count, bytes sent and the program behind them, what was refused first. */
export function destinations(page: Page): string[] {
  const outside = page.report.destinations.filter((to) => !to.local)
  const local = page.report.destinations.length - outside.length
  const refused = outside.filter((to) => to.verdict !== 'allowed')
  const allowed = outside.filter((to) => to.verdict === 'allowed')
  if (outside.length === 0 && local === 0) return []
  const shown = [...refused.slice(0, ROOM.refused), ...allowed.slice(0, ROOM.allowed)]
  const lines = table(page, shown)
  const folded = [
    more(refused.length - ROOM.refused, 'not allowed'),
    more(allowed.length - ROOM.allowed, 'allowed'),
  ].filter((text) => text !== '')
  if (folded.length > 0) lines.push(page.paint('dim', `and ${folded.join(' and ')}`))
  if (local > 0)
    lines.push(
      page.paint('dim', `${counted(local, 'destination')} on the machine itself (loopback)`),
    )
  return lines
}

function more(count: number, word: string): string {
  return count > 0 ? `${grouped(count)} more ${word}` : ''
}

function table({ who, paint, width }: Page, shown: readonly Destination[]): string[] {
  if (shown.length === 0) return []
  const rows = shown.map((to) => {
    const [first] = to.processes
    const others = to.processes.length > 1 ? ` +${to.processes.length - 1}` : ''
    return {
      to,
      verdict: to.verdict,
      place: plain(placeOf(to), 300),
      count: grouped(to.count),
      sent: to.bytesOut > 0 ? bytes(to.bytesOut) : '',
      process: first === undefined ? '' : `${who.command(first, 400)}${others}`,
    }
  })
  const verdictRoom = Math.max(7, ...rows.map((row) => row.verdict.length))
  const countRoom = Math.max(5, ...rows.map((row) => row.count.length))
  const sentRoom = rows.some((row) => row.sent !== '')
    ? Math.max(4, ...rows.map((row) => row.sent.length)) + 2
    : 0
  const free = width - verdictRoom - countRoom - sentRoom - 6
  const placeRoom = Math.min(
    Math.max(11, ...rows.map((row) => columns(row.place))),
    Math.floor(free * 0.6),
  )
  const processRoom = free - placeRoom
  const line = (
    verdict: string,
    place: string,
    count: string,
    sent: string,
    process: string,
  ): string =>
    `${verdict}  ${pad(clip(place, placeRoom), placeRoom)}  ${count.padStart(countRoom)}${sentRoom > 0 ? sent.padStart(sentRoom) : ''}  ${clip(process, processRoom)}`.trimEnd()
  return [
    paint('dim', line('VERDICT'.padEnd(verdictRoom), 'DESTINATION', 'COUNT', 'SENT', 'PROCESS')),
    ...rows.map((row) =>
      line(
        paint(verdictStyle[row.verdict], row.verdict) +
          ' '.repeat(verdictRoom - row.verdict.length),
        row.place,
        row.count,
        row.sent,
        row.process,
      ),
    ),
  ]
}

function pad(text: string, room: number): string {
  return text + ' '.repeat(Math.max(0, room - columns(text)))
}
