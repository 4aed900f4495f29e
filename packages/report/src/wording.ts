import type { Report, ReportChange, ReportHttp, ReportNode, ReportProgram } from '@runwarden/events'
import { plain, plainCommand } from '@runwarden/events/plain'
import { protection, reliance, type Told } from '@runwarden/events/reliance'
import { isTampering } from '@runwarden/events/tampering'

/** `1 name`, `12,345 names`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** Milliseconds as a person says them. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Bytes in binary units, three digits at most. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = count
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

const opaqueReasons: Record<string, string> = {
  'not-http': 'not HTTP',
  malformed: 'breaks the rules of HTTP',
  limits: 'larger than is followed',
  cut: 'not all of it was captured',
  lost: 'some of it was lost',
  upgraded: 'became another protocol, such as WebSocket',
  tunnel: 'became a tunnel (CONNECT)',
  evicted: 'too many connections at once',
  'no-library': 'no TLS library that can be read',
  late: 'its TLS library was found when it ran already',
  quic: 'HTTP/3 (QUIC)',
}

/** Why traffic was not read. */
export function opaqueWords(reason: string): string {
  return opaqueReasons[reason] ?? plain(reason, 40)
}

/** Why it is not known what a program's file held; empty: it is, or nothing was told. */
export function unhashedWords(unread: ReportProgram['unread']): string {
  return unhashed[unread]
}

const unhashed: Readonly<Record<ReportProgram['unread'], string>> = {
  '': '',
  gone: 'it had gone when it was looked for',
  changed: 'nothing shows that it still is what was started',
  large: 'it is longer than 256 MiB',
  served: 'a process serves it (FUSE), and may give each reader something else',
  unreadable: 'it could not be read',
  budget: 'too many programs were to be read',
  late: 'the job was over before it was read',
}

/** What was done to a file that is not the doer's own, as a verb. */
export function changeWords(state: ReportChange['state']): string {
  return changes[state]
}

const changes = {
  changed: 'changed',
  restored: 'changed and restored',
  unchanged: 'wrote the same into',
  unknown: 'wrote into',
} as const

/** The statuses of requests, the most frequent first: `200, 404 ×3`. */
export function statusesOf({ statuses }: Pick<ReportHttp, 'statuses'>): string {
  return Object.entries(statuses)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([status, count]) => plain(count === 1 ? status : `${status} ×${grouped(count)}`, 40))
    .join(', ')
}

export function toldBy({ protection, egress, detections, health }: Report): Told {
  return {
    protection,
    egress,
    tampered: detections.some(isTampering),
    interrupted: health.interrupted ?? false,
    eventsLost: health.eventsLost,
  }
}

/** Whether the run was protected, as a heading: nobody may overlook that it was not. */
export function protectionHeading(report: Report): string {
  const told = toldBy(report)
  const words = protection(told)
  return reliance(told) === 'none' ? words.toUpperCase() : words
}

/** Sentences about what may be missing from this report; empty: nothing known to be. */
export function missing(report: Report): string[] {
  const sentences: string[] = []
  if (report.protection === 'unprotected') {
    sentences.push(
      `The ${report.exitStatus === null ? 'job' : 'command'} ran without protection (fail-mode open): nothing was blocked, and what it did may be missing here.`,
    )
  }
  if (report.protection === 'not-run')
    sentences.push('The command was not run: its policy could not be enforced.')
  const unwritten = report.health.eventsLost['written'] ?? 0
  if (unwritten > 0)
    sentences.push(
      `${counted(unwritten, 'event')} could not be written to events.ndjson; this report has what they told.`,
    )
  const lost = Object.entries(lostTo(report)).filter(([, count]) => count > 0)
  if (lost.length > 0) {
    const kinds = lost.map(([kind, count]) => `${plain(kind, 80)} ${grouped(count)}`).join(', ')
    sentences.push(`${wereLost(report)}, so this report has gaps: ${kinds}.`)
  }
  for (const gap of report.health.gaps) sentences.push(plain(gap, 1_000))
  const cut = Object.entries(report.truncated).filter(
    ([list, count]) => count > 0 && !list.includes('.'),
  )
  if (cut.length > 0) {
    const lists = cut.map(([list, count]) => `${plain(list, 80)} by ${grouped(count)}`).join(', ')
    sentences.push(`Lists were cut at their bounds (events.ndjson has more): ${lists}.`)
  }
  return sentences
}

/** Events that the report does not know of: it has those that could not be written to their file. */
function lostTo({ health }: Report): Report['health']['eventsLost'] {
  const { written: _, ...losses } = health.eventsLost
  return losses
}

/** `12 events were lost`; empty: none was. */
function wereLost(report: Report): string {
  const total = Object.values(lostTo(report)).reduce((sum, count) => sum + count, 0)
  return total === 0 ? '' : `${counted(total, 'event was', 'events were')} lost`
}

/** Whether there was no more than these lists of the report have. */
export function isWhole(report: Report, ...lists: readonly string[]): boolean {
  return (
    reliance({ ...toldBy(report), eventsLost: lostTo(report) }) === 'sound' &&
    lists.every((list) => (report.truncated[list] ?? 0) === 0)
  )
}

/** Why the list of destinations is empty. */
export function noDestination(report: Report): string {
  if (report.protection === 'not-run') return 'Nothing was run, so nothing was reached.'
  if (report.protection === 'unprotected') return 'What it reached is not known.'
  if (isWhole(report)) return 'No destination was reached or tried.'
  return `No destination is known: ${wereLost(report) || 'this record has gaps'}.`
}

/** Why the list of files is empty. */
export function noFile({ filesUnwatched, workspace }: Report): string {
  if (typeof filesUnwatched === 'string')
    return `No sensitive file was touched. Other files were not watched: disable-file-monitoring in ${plain(filesUnwatched, 200)}.`
  if (workspace === '') return 'No sensitive file was touched. Other files were not watched.'
  return 'No file was changed in the workspace, and no sensitive file was touched.'
}

/** Hooks of the lowest tier that the kernel refused: nothing stands in for them. (Those above only make a tier.) */
export function refusedHooks(report: Report): string[] {
  return report.health.hooks
    .filter((hook) => hook.state === 'refused' && hook.tier === 'T0')
    .map((hook) => `${plain(hook.name, 80)} (${plain(hook.reason, 200)})`)
}

/** Looks up processes, and says who they are. */
export class Who {
  readonly #nodes: Map<string, ReportNode>
  readonly #workspace: string
  /** The run has steps to tell apart. */
  readonly #steps: boolean

  constructor(report: Report) {
    this.#steps = report.steps.length > 1
    this.#nodes = new Map(report.processes.map((node) => [node.execId, node]))
    this.#workspace = report.workspace
  }

  /**
   * The command line that the process was at that time, e.g. `node postinstall.js`, the program's path if arguments are
   * unknown; behind its step where there are several: `build: node postinstall.js`.
   */
  command(
    process: { execId: string; exe: string; image: number | null; step?: string | null },
    limit = 200,
  ): string {
    const step = this.#step(process.step ?? this.#nodes.get(process.execId)?.step)
    const argv =
      process.image === null
        ? undefined
        : this.#nodes.get(process.execId)?.images[process.image]?.argv
    if (argv !== undefined && argv.length > 0) return step + plainCommand(argv, limit)
    return step + (process.exe === '' ? 'unknown program' : plain(process.exe, limit))
  }

  #step(step: string | null | undefined): string {
    return this.#steps && step ? `${plain(step, 60)}: ` : ''
  }

  /** The programs from the run's first process down to this one, by their last path component: `npm › sh › node`. */
  lineage(execId: string): string {
    const names: string[] = []
    const passed = new Set<string>()
    for (let node = this.#nodes.get(execId); node !== undefined && !passed.has(node.execId);) {
      passed.add(node.execId)
      const image = node.images.at(-1)
      names.push(plain((image?.argv[0] ?? image?.exe ?? '?').split('/').at(-1) ?? '?', 40))
      node = node.parentExecId === null ? undefined : this.#nodes.get(node.parentExecId)
    }
    if (names.length > 8) names.splice(4, names.length - 7, '…')
    return names.toReversed().join(' › ')
  }

  /** The working directory, from the workspace on where it is inside. */
  place(process: { execId: string; image: number | null }): string {
    const cwd =
      process.image === null
        ? undefined
        : this.#nodes.get(process.execId)?.images[process.image]?.cwd
    return cwd === undefined ? '' : this.path(cwd)
  }

  /** Who did it, from the first program down, with the place it worked in: `npm › sh › node in node_modules/x (pid 7)`; behind the step. */
  byline(execId: string, step = this.#nodes.get(execId)?.step): string {
    const lineage = this.lineage(execId)
    if (lineage === '') return `process ${this.pid(execId)}`
    const place = this.place({ execId, image: this.#last(execId) })
    return `${this.#step(step)}${lineage}${place === '' || place === '.' ? '' : ` in ${place}`} (pid ${this.pid(execId)})`
  }

  #last(execId: string): number | null {
    const images = this.#nodes.get(execId)?.images
    return images === undefined ? null : images.length - 1
  }

  path(path: string, limit = 400): string {
    const inside = path.startsWith(`${this.#workspace}/`)
      ? path.slice(this.#workspace.length + 1)
      : path
    return plain(path === this.#workspace ? '.' : inside, limit)
  }

  pid(execId: string): string {
    return execId.split('-', 1)[0] ?? ''
  }
}
