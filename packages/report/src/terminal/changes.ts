import { plain } from '@runwarden/events/plain'
import { changeWords, grouped } from '../wording.ts'
import { clip } from './columns.ts'
import type { Page } from './render.ts'

const ROOM = 8

/** Files that were put back, and dependencies that were changed: formatters and the like are only counted. */
export function changes({ report, who, paint, width }: Page): string[] {
  const all = report.changes ?? []
  const shown = all.filter(({ state, dependency }) => state === 'restored' || dependency !== null)
  if (all.length === 0) return []
  const lines = shown.slice(0, ROOM).map(({ path, state, exe, writer }) => {
    const by = writer === null ? 'was there before the run' : `written by ${plain(writer.exe, 200)}`
    return clip(`${plain(exe, 200)} ${changeWords(state)} ${who.path(path, 300)}, ${by}`, width)
  })
  const others = all.length - lines.length
  if (others > 0)
    lines.push(
      paint(
        'dim',
        `${lines.length > 0 ? `and ${grouped(others)} more` : grouped(others)} by formatters, linkers and others`,
      ),
    )
  return [paint('bold', 'Files changed by others than their writer'), ...lines]
}
