import { apiKey, hostKey, reversed } from '../ingest/fold/search-keys.ts'
import { type TermKind } from '../ingest/words.ts'

/** What of the dictionary is meant: values from `from` on that are below `to`; of these only those that end as `end` says. */
export interface Range {
  kind: TermKind
  from: string
  to: string
  end: string
}

/** It can't be looked for; the message says why, for whoever asked. */
export class PatternError extends Error {}

/** Above every character that a value may have next. */
const above = '\u{10ffff}'
const beginning = (kind: TermKind, from: string): Range => ({
  kind,
  from,
  to: from + above,
  end: '',
})
const exactly = (kind: TermKind, value: string): Range => ({
  kind,
  from: value,
  to: value,
  end: '',
})

/**
 * What a person asks for, as a range of the dictionary.
 * @throws PatternError
 */
export function rangeOf(kind: TermKind, asked: string): Range {
  const star = asked.indexOf('*')
  switch (kind) {
    case 'host':
      return ofHost(asked, star)
    case 'exe':
      if (star >= 0) throw new PatternError('takes no *: a whole path, or the name of a program')
      // Without a folder: in any.
      return asked.includes('/')
        ? exactly(kind, reversed(asked))
        : beginning(kind, reversed(`/${asked}`))
    case 'hash':
      if (!/^[\da-f]{64}$/i.test(asked))
        throw new PatternError('is no SHA-256: 64 hexadecimal digits')
      return exactly(kind, asked.toLowerCase())
    case 'api':
      return ofApi(asked)
    case 'address':
    case 'path':
      if (star < 0) return exactly(kind, asked)
      if (star === asked.length - 1 && star >= 3) return beginning(kind, asked.slice(0, -1))
      throw new PatternError('takes a * at its end alone, behind three characters at least')
  }
}

function ofHost(asked: string, star: number): Range {
  if (star < 0) return exactly('host', hostKey(asked))
  if (asked.startsWith('*.') && asked.length > 4 && !asked.includes('*', 1))
    return beginning('host', hostKey(asked.slice(1)))
  throw new PatternError('takes a * at its beginning alone: *.example.org')
}

/** `[METHOD ]host/path[*]` */
function ofApi(asked: string): Range {
  const match = /^(?:([A-Z]{1,20}) )?([^/*\s]+)(\/[^*\s]*)(\*?)$/.exec(asked)
  if (match === null)
    throw new PatternError(
      'is no call: GET api.example.org/path, the method or not, a * at the end or not',
    )
  const [, method = '', host = '', path = '', star = ''] = match
  if (star === '' && method !== '') return exactly('api', apiKey(method, host, path))
  // All that stands behind the path in the dictionary is a blank and the method.
  const from = apiKey('', host, path)
  const range = beginning('api', star === '' ? from : from.slice(0, -1))
  return { ...range, end: method === '' ? '' : ` ${method}` }
}
