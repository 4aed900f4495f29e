import type { EventOf } from '@runwarden/events'
import { isLoopbackText } from '@runwarden/policy'
import { sum } from '../totals.ts'
import { verdictBit } from '../words.ts'
import type { JobIndex } from './job-index.ts'
import { addAddress, addProcess, addProgram } from './programs.ts'
import { apiKey, hostKey } from './search-keys.ts'

function countVerdict(index: JobIndex, verdict: string, count: number): void {
  index.totals.byVerdict[verdict] = sum(index.totals.byVerdict[verdict] ?? 0, count)
}

export function foldConnection(
  index: JobIndex,
  event: EventOf<'net.connect'> | EventOf<'net.flow'>,
): void {
  const { host, address, port, protocol, verdict, reason, rule, time } = event
  const bit = verdictBit(verdict)
  const key = JSON.stringify([host ?? address, host === null, port, protocol, verdict, rule])
  const row = index.row('destinations', key, event, bit, () => ({
    verdict,
    reason,
    rule,
    host,
    addresses: [],
    port,
    protocol,
    bytesOut: 0,
    programs: [],
    processes: [],
  }))
  addAddress(row.data.addresses, address)
  addProgram(row.data.programs, index, event)
  addProcess(row.data.processes, index, event)
  const count = event.kind === 'net.connect' ? event.count : 0
  row.count = sum(row.count, count)
  if (event.kind === 'net.flow') row.data.bytesOut = sum(row.data.bytesOut, event.bytesOut)
  else if (!isLoopbackText(address)) countVerdict(index, verdict, count)
  if (host !== null) index.fact('host', hostKey(host), time, bit, count)
  index.fact('address', address, time, bit, count)
}

export function foldDns(index: JobIndex, event: EventOf<'dns.query'>): void {
  const { name, type, verdict, reason, rule, server, rcode, time } = event
  const bit = verdictBit(verdict)
  const row = index.row('dns', JSON.stringify([name, type, verdict, server]), event, bit, () => ({
    verdict,
    reason,
    rule,
    name,
    type,
    server,
    rcode,
    addresses: [],
    programs: [],
    processes: [],
  }))
  row.count++
  row.data.rcode = rcode
  for (const address of event.addresses) addAddress(row.data.addresses, address)
  addProgram(row.data.programs, index, event)
  addProcess(row.data.processes, index, event)
  countVerdict(index, verdict, 1)
  index.fact('host', hostKey(name), time, bit)
}

export function foldRequest(index: JobIndex, event: EventOf<'http.request'>): void {
  const { method, scheme, host, path, verdict, reason, rule, seq, time } = event
  const bit = verdictBit(verdict)
  const key = JSON.stringify([method, scheme, host, path, verdict])
  const row = index.row('http', key, event, bit, () => ({
    verdict,
    reason,
    rule,
    method,
    scheme,
    host,
    path,
    statuses: {},
    requestBytes: 0,
    responseBytes: 0,
    programs: [],
  }))
  row.count++
  addProgram(row.data.programs, index, event)
  countVerdict(index, verdict, 1)
  index.requests.set(seq, row)
  index.fact('api', apiKey(method, host, path), time, bit)
  // With a port where it is not the scheme's own, which is no part of the name.
  if (host !== '') index.fact('host', hostKey(host.replace(/:\d+$/, '')), time, bit)
}

export function foldResponse(index: JobIndex, event: EventOf<'http.response'>): void {
  const row = index.requestAnswered(event.request)
  // Its request is in a segment that is missing.
  if (row === undefined) return
  if (event.status !== null) {
    const status = String(event.status)
    row.data.statuses[status] = (row.data.statuses[status] ?? 0) + 1
  }
  row.data.requestBytes = sum(row.data.requestBytes, event.requestBytes)
  row.data.responseBytes = sum(row.data.responseBytes, event.responseBytes)
  if (event.time > row.lastTime) row.lastTime = event.time
}

export function foldOpaque(index: JobIndex, event: EventOf<'http.opaque'>): void {
  const { library, reason, host, connections, bytesSent, bytesReceived } = event
  const key = JSON.stringify([index.programOf(event), host, reason, library])
  const row = index.row('opaque', key, event, 0, () => ({
    library,
    reason,
    host,
    bytesSent: 0,
    bytesReceived: 0,
    programs: [],
  }))
  row.count = sum(row.count, connections)
  row.data.bytesSent = sum(row.data.bytesSent, bytesSent)
  row.data.bytesReceived = sum(row.data.bytesReceived, bytesReceived)
  addProgram(row.data.programs, index, event)
}
