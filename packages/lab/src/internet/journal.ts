import type { ServerRecord } from '../record.ts'
import type { ServerPlan } from './protocol.ts'

const keptBytes = 64 << 10

/** What reached the servers, in the order of arrival. */
export class Journal {
  readonly records: ServerRecord[] = []

  /** Opens the record of one connection or datagram. */
  open(plan: ServerPlan, from: { address: string; port: number }): ServerRecord {
    const record: ServerRecord = {
      time: Date.now(),
      service: plan.service,
      server: plan.server,
      address: plan.address,
      port: plan.port,
      protocol: plan.service === 'udp' ? 'udp' : 'tcp',
      from,
      sni: null,
      requests: [],
      bytes: 0,
      data: Buffer.alloc(0),
      error: null,
    }
    this.records.push(record)
    return record
  }
}

/** Adds application bytes to a record. */
export function received(record: ServerRecord, chunk: Buffer): void {
  record.bytes += chunk.length
  const room = keptBytes - record.data.length
  if (room > 0) record.data = Buffer.concat([record.data, chunk.subarray(0, room)])
}
