import { readAddress } from './address.ts'
import type { RecordedEvent } from './simulate.ts'

/**
 * A line of a run's `events.ndjson`, as far as simulate() needs it; undefined: another kind. The record may lie in the job's own
 * workspace, so that nothing of it is taken as it is.
 * @throws SyntaxError when it is no event
 */
export function readRecorded(line: string): RecordedEvent | undefined {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null) throw new SyntaxError('no object')
  const fields: Fields = { execId: null, step: null, ...event }
  const read = readers.get(stringIn(fields, 'kind'))
  return read?.(fields, {
    execId: fields['execId'] === null ? null : stringIn(fields, 'execId'),
    ...(fields['step'] === null ? {} : { step: stringIn(fields, 'step') }),
  })
}

type Fields = Readonly<Record<string, unknown>>

interface By {
  execId: string | null
  step?: string
}

const readers = new Map<string, (fields: Fields, by: By) => RecordedEvent>([
  [
    'process.exec',
    (fields, { execId }) => ({
      kind: 'process.exec',
      execId: execId ?? '',
      exe: stringIn(fields, 'exe'),
    }),
  ],
  [
    'dns.query',
    (fields, by) => ({
      kind: 'dns.query',
      ...by,
      name: stringIn(fields, 'name'),
      verdict: wordIn(fields, 'verdict'),
    }),
  ],
  [
    'http.request',
    (fields, by) => ({
      kind: 'http.request',
      ...by,
      scheme: wordIn(fields, 'scheme'),
      method: stringIn(fields, 'method'),
      host: stringIn(fields, 'host'),
      path: pathIn(fields),
      verdict: wordIn(fields, 'verdict'),
    }),
  ],
  [
    'net.connect',
    (fields, by) => {
      const address = stringIn(fields, 'address')
      if (address !== '' && readAddress(address) === null) throw new SyntaxError('no address')
      return {
        kind: 'net.connect',
        ...by,
        address,
        host: fields['host'] === null ? null : stringIn(fields, 'host'),
        port: countIn(fields, 'port'),
        protocol: wordIn(fields, 'protocol'),
        verdict: wordIn(fields, 'verdict'),
        rule: fields['rule'] === null ? null : stringIn(fields, 'rule'),
        count: countIn(fields, 'count'),
      }
    },
  ],
])

function pathIn(fields: Fields): string {
  const path = stringIn(fields, 'path')
  if (path.length > 4_096) throw new SyntaxError('path is too long')
  return path
}

function stringIn(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new SyntaxError(`${name} is no text`)
  return value
}

function wordIn(fields: Fields, name: string): string {
  const value = stringIn(fields, name)
  if (!/^[a-z0-9-]{1,40}$/.test(value)) throw new SyntaxError(`${name} is no word`)
  return value
}

function countIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new SyntaxError(`${name} is no number of that kind`)
  return value as number
}
