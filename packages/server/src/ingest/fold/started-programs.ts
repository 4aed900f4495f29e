import type { EventOf } from '@runwarden/events'
import type { RowData } from '../../views/rows.ts'
import type { JobIndex, Row } from './job-index.ts'

type Exec = EventOf<'process.exec'>
type Program = EventOf<'process.program'>
type Image = RowData['processes']['images'][number]

/** Of what ran: of one file with one content, or of one start. */
function keyOf({ device, inode, changed, execId, time }: Exec | Program): string {
  return changed === undefined ? `${execId} ${time}` : `${device} ${inode} ${changed}`
}

function rowOf(index: JobIndex, event: Exec | Program, path: string): Row<RowData['programs']> {
  const { execId, step } = event
  const nothing = { size: null, sha256: null, unread: '' as const }
  return index.row('programs', keyOf(event), event, 0, () => ({ path, execId, step, ...nothing }))
}

/** A program's start: what it held may be known by now, else it is told soon. */
export function foldStart(index: JobIndex, event: Exec, image: Image): void {
  // What it held is told of this start alone, or never.
  if (event.changed === undefined) return
  const row = rowOf(index, event, event.exe)
  row.count++
  if (row.data.sha256 === null) return index.startWaits(keyOf(event), image)
  say(image, row.data)
  index.fact('hash', row.data.sha256, event.time, 0)
}

/** What a program held, of all its starts so far. */
export function foldProgram(index: JobIndex, event: Program): void {
  const { execId, time, path, size, sha256, unread } = event
  const row = rowOf(index, event, path)
  if (row.count === 0) row.count = 1
  const { data, count, firstTime, lastTime } = row
  if (data.sha256 !== null) return
  Object.assign(data, { size, sha256, unread })
  const first = execId === null ? undefined : index.process(execId)
  const images = first?.data.images.filter((image) => image.time === time) ?? []
  for (const image of [...images, ...index.startsThatWaited(keyOf(event))]) say(image, data)
  if (sha256 === null) return
  index.fact('hash', sha256, firstTime, 0, count)
  index.fact('hash', sha256, lastTime, 0, 0)
}

function say(image: Image, { sha256, unread }: RowData['programs']): void {
  if (sha256 === null) image.unread = unread
  else {
    delete image.unread
    image.sha256 = sha256
  }
}
