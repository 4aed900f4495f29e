import type { ReportHttp } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'
import { grantedBeside } from '../permissions.ts'
import { bytes, counted, grouped, isWhole, opaqueWords } from '../wording.ts'
import { clip } from './columns.ts'
import { verdictStyle } from './paint.ts'
import type { Page } from './render.ts'

const ROOM = { refused: 12, hosts: 6, opaque: 6 }

interface Host {
  name: string
  count: number
  methods: string[]
  first: ReportHttp
}

/** Requests by host, and what was not read by program. */
export function requests({ report, who, paint, width }: Page): string[] {
  const { http, opaque } = report
  if (http.length === 0 && opaque.length === 0) return []
  const hosts = byHost(http)
  const lines: string[] = []
  if (http.length > 0) {
    const sum = (of: (one: ReportHttp) => number): number =>
      http.reduce((total, one) => total + of(one), 0)
    lines.push(
      `${isWhole(report, 'http') ? '' : 'at least '}${counted(
        sum((one) => one.count),
        'request',
      )} to ${counted(hosts.length, 'host')}, ${bytes(sum((one) => one.requestBytes))} up, ${bytes(sum((one) => one.responseBytes))} down`,
    )
  }
  lines.push(...refused({ report, who, paint, width }))
  const shown = hosts.slice(0, ROOM.hosts)
  const room = Math.max(0, ...shown.map(({ count }) => grouped(count).length))
  for (const { name, count, methods, first } of shown) {
    const [process] = first.processes
    const by = process === undefined ? '' : `  ${who.command(process, 100)}`
    lines.push(
      clip(`${grouped(count).padStart(room)}  ${name} (${methods.join(', ')})${by}`, width),
    )
  }
  if (hosts.length > ROOM.hosts)
    lines.push(paint('dim', `and ${counted(hosts.length - ROOM.hosts, 'more host')}`))
  for (const one of opaque.slice(0, ROOM.opaque)) {
    const to = one.host === null ? '' : ` to ${plain(one.host, 200)}`
    const text = `not read  ${plain(one.exe, 200) || 'unknown program'}: ${counted(one.connections, 'connection')}${to} (${opaqueWords(one.reason)})`
    lines.push(paint('yellow', clip(text, width)))
  }
  if (opaque.length > ROOM.opaque)
    lines.push(paint('dim', `and ${grouped(opaque.length - ROOM.opaque)} more that were not read`))
  return [paint('bold', 'HTTPS requests'), ...lines]
}

/** Requests that no line allows, each with its path: that is what a line would have to say. */
function refused({ report, who, paint, width }: Page): string[] {
  const all = report.http.filter(({ verdict }) => verdict !== 'allowed')
  const lines = all.slice(0, ROOM.refused).map((one) => {
    const [process] = one.processes
    const by = process === undefined ? '' : `  ${who.command(process, 100)}`
    const times = one.count > 1 ? ` ×${grouped(one.count)}` : ''
    const text = `${plain(one.method, 20)} ${one.scheme}://${plain(one.host, 200)}${plain(one.path, 300)}${times}${by}`
    return `${paint(verdictStyle[one.verdict], one.verdict)}  ${clip(text, width - one.verdict.length - 2)}`
  })
  if (all.length > ROOM.refused)
    lines.push(paint('dim', `and ${grouped(all.length - ROOM.refused)} more that no line allows`))
  return lines
}

function byHost(http: readonly ReportHttp[]): Host[] {
  const hosts = new Map<string, Host>()
  for (const one of http) {
    const name = plain(one.host, 200) || 'no host'
    const method = plain(one.method, 20)
    const known = hosts.get(name)
    if (known === undefined) {
      hosts.set(name, { name, count: one.count, methods: [method], first: one })
      continue
    }
    known.count += one.count
    if (!known.methods.includes(method) && known.methods.length < 5) known.methods.push(method)
  }
  return [...hosts.values()].toSorted((a, b) => b.count - a.count)
}

/** What the job's token needs, where it was used. */
export function permissions({ report, paint, width }: Page): string[] {
  const { minimumPermissions: block, tokenCalls } = report
  if (block === null || tokenCalls.length === 0) return []
  const lines = block
    .trimEnd()
    .split('\n')
    .map((line) => clip(plain(line, 400), width))
  const beside = grantedBeside(report).map((sentence) => paint('yellow', clip(sentence, width)))
  return [paint('bold', 'Minimum token permissions'), ...lines, ...beside]
}
