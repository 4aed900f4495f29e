import type { Report } from '@runwarden/events'
import { Who } from '../wording.ts'
import { changes } from './changes.ts'
import { allow, detections, files, leftOver, names } from './findings.ts'
import { headline, notices, places } from './headline.ts'
import { destinations } from './destinations.ts'
import { painter, type Paint } from './paint.ts'
import { permissions, requests } from './requests.ts'

export interface TerminalOptions {
  color?: boolean
  /** Columns; 80 when unknown. */
  width?: number
  /** The folder or the files that hold the rest, named at the end. */
  out?: string | readonly string[]
}

/** What the sections of the summary share. */
export interface Page {
  report: Report
  who: Who
  paint: Paint
  width: number
}

/**
 * The summary that a person reads in the terminal when the run has ended. Text from the job is
 * shown through `plain`: nothing in it can act on the terminal or begin a line.
 */
export function renderTerminal(report: Report, options: TerminalOptions = {}): string {
  const page: Page = {
    report,
    who: new Who(report),
    paint: painter(options.color ?? false),
    width: Math.min(Math.max(options.width ?? 80, 64), 160),
  }
  const out = options.out === undefined ? [] : [options.out].flat()
  const sections = [
    headline(page),
    notices(page),
    detections(page),
    destinations(page),
    names(page),
    allow(page),
    requests(page),
    permissions(page),
    changes(page),
    files(page),
    leftOver(page),
    places(page, out),
  ]
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `\n${shown.join('\n\n')}\n\n`
}
