import type { Report, ReportProcess } from '@runwarden/events'
import type { Program, Rows, View } from '../rows.ts'

/** What the report does not tell of a row: when it was. */
const times = { firstTime: null, lastTime: null }

const programsOf = (processes: readonly ReportProcess[]): Program[] =>
  processes.map(({ execId, exe, step }) => ({ execId, exe: exe === '' ? null : exe, step }))

const numbered = <T extends object>(rows: readonly T[]): (T & { n: number })[] =>
  rows.map((row, index) => Object.assign(row, { n: index + 1 }))

/** The lists of a report as the job page has them. */
export function rowsOfReport(report: Report): { [V in View]: Rows[V][] } {
  const stepOf = new Map(report.processes.map(({ execId, step }) => [execId, step]))
  const doer = (execId: string | null, exe: string | null): Program[] =>
    execId === null && exe === null
      ? []
      : [
          {
            exe: exe === '' ? null : exe,
            step: stepOf.get(execId ?? '') ?? null,
            ...(execId === null ? {} : { execId }),
          },
        ]
  const exeOf = new Map(report.processes.map(({ execId, images }) => [execId, images.at(-1)?.exe]))
  return {
    destinations: numbered(
      report.destinations.map((to) => ({
        ...times,
        verdict: to.verdict,
        reason: to.reason,
        rule: to.rule,
        host: to.host,
        addresses: to.addresses.length > 0 ? to.addresses : [to.address],
        port: to.port,
        protocol: to.protocol,
        bytesOut: to.bytesOut,
        count: to.count,
        firstSeq: to.firstSeq,
        programs: programsOf(to.processes),
        processes: programsOf(to.processes),
      })),
    ),
    dns: numbered(
      report.dns.map((query) => ({
        ...times,
        verdict: query.verdict,
        reason: query.reason,
        rule: null,
        name: query.name,
        type: query.type,
        server: query.server,
        rcode: query.rcode,
        addresses: query.addresses,
        count: query.count,
        firstSeq: 0,
        programs: programsOf(query.processes),
        processes: programsOf(query.processes),
      })),
    ),
    http: numbered(
      report.http.map((request) => ({
        ...times,
        verdict: request.verdict,
        reason: request.reason ?? '',
        rule: null,
        method: request.method,
        scheme: request.scheme,
        host: request.host,
        path: request.path,
        statuses: request.statuses,
        requestBytes: request.requestBytes,
        responseBytes: request.responseBytes,
        count: request.count,
        firstSeq: 0,
        programs: programsOf(request.processes),
      })),
    ),
    opaque: numbered(
      report.opaque.map((traffic) => ({
        ...times,
        library: traffic.library as Rows['opaque']['library'],
        reason: traffic.reason,
        host: traffic.host,
        bytesSent: traffic.bytesSent,
        bytesReceived: traffic.bytesReceived,
        count: traffic.connections,
        firstSeq: 0,
        programs: programsOf(traffic.processes),
      })),
    ),
    files: numbered(
      report.files.map(({ path, action, to, sensitive, workspace, errno, count, execId, exe }) => ({
        ...times,
        path,
        action,
        to,
        sensitive,
        workspace,
        errno,
        truth: 'kernel' as const,
        count,
        firstSeq: 0,
        programs: doer(execId, exe),
      })),
    ),
    changes: numbered(
      (report.changes ?? []).map((change) =>
        Object.assign({}, times, {
          path: change.path,
          state: change.state,
          ways: change.ways,
          relation: change.relation,
          before: change.before,
          after: change.after,
          dependency: change.dependency,
          count: change.count,
          writer: change.writer && {
            exe: change.writer.exe,
            command: change.writer.exe,
            step: change.writer.step,
          },
          firstSeq: 0,
          programs: doer(change.execId, change.exe),
        }),
      ),
    ),
    processes: numbered(
      report.processes.map((node) =>
        Object.assign({}, node, {
          count: node.images.length,
          firstSeq: 0,
          firstTime: node.startTime,
          lastTime: node.endTime,
        }),
      ),
    ),
    sandbox: numbered(
      report.sandbox.map(({ change, detail, execId, errno, count }) => ({
        ...times,
        change,
        detail,
        errno,
        count,
        firstSeq: 0,
        programs: doer(execId, exeOf.get(execId ?? '') ?? null),
      })),
    ),
    // A report has them as detections alone.
    secrets: [],
  }
}
