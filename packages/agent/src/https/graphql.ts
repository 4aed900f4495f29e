import type { RequestHead } from './exchange.ts'

/** Bytes of one body that are looked at, and of all bodies together that are held. */
const MOST_OF_BODY = 16_384
const MOST_HELD = 4 * 1024 * 1024
/** Names of fields that are told of one request. */
const MOST_NAMES = 20
let held = 0

/** Whether a request's body may say what it changes, and whoever sends it has a token for that. */
export function isGraphql({ method, path, authorization }: RequestHead): boolean {
  return method === 'POST' && authorization !== null && /(?:^|\/)graphql$/.test(path)
}

/**
 * The body of a GraphQL request, for as long as it is sent: only the names of the fields that a mutation has at its
 * top are taken out of it. It is wiped then.
 */
export class GraphqlBody {
  private bytes = Buffer.alloc(0)
  /** It was too long, or not all of it was captured. */
  private broken = false

  /** @param piece undefined: bytes that were not captured */
  add(piece: Buffer | undefined): void {
    if (this.broken) return
    const more = piece?.length ?? 0
    if (piece === undefined || this.bytes.length + more > MOST_OF_BODY || held + more > MOST_HELD) {
      this.wipe()
      this.broken = true
      return
    }
    const longer = Buffer.concat([this.bytes, piece])
    this.bytes.fill(0)
    this.bytes = longer
    held += more
  }

  /** The names of a mutation's fields; null: it is none, or it could not be read. Wipes the body. */
  mutations(): string[] | null {
    const names = this.broken ? null : mutationsOf(this.bytes.toString('utf8'))
    this.wipe()
    return names
  }

  wipe(): void {
    held -= this.bytes.length
    this.bytes.fill(0)
    this.bytes = Buffer.alloc(0)
  }
}

function mutationsOf(body: string): string[] | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || !('query' in parsed)) return null
  return typeof parsed.query === 'string' ? topFields(parsed.query) : null
}

/** Comments and texts, names, and signs of their own (GraphQL, October 2021, §2.1). */
const token = /#[^\n]*|"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|[_A-Za-z]\w*|\.\.\.|[^\s,\w]/g

/** The names of the fields that a document's only operation has at its top, where that is a mutation. */
function topFields(document: string): string[] | null {
  const names = new Set<string>()
  let braces = 0
  let brackets = 0
  let operations = 0
  let mutation = false
  let before = ''
  for (const [sign] of document.matchAll(token)) {
    if (sign.startsWith('#')) continue
    if (sign === '(' || sign === '[') brackets++
    else if (sign === ')' || sign === ']') brackets--
    else if (brackets > 0) continue
    else if (sign === '{') {
      if (braces++ === 0) operations++
    } else if (sign === '}') braces--
    else if (braces === 0 && sign === 'mutation' && before !== 'on') mutation = true
    else if (braces === 1 && before === ':') {
      // What stood before the colon was only what the field is called in the answer.
      if (!/^[_A-Za-z]/.test(sign)) return null
      names.add(sign)
    } else if (braces === 1 && sign === ':') names.delete(before)
    else if (braces === 1 && sign === '...') return null
    else if (braces === 1 && before !== '@' && /^[_A-Za-z]/.test(sign)) names.add(sign)
    before = sign
  }
  // With several operations, or fragments, another one may be meant.
  if (!mutation || operations !== 1 || braces !== 0 || names.size > MOST_NAMES) return null
  return names.size === 0 ? null : [...names].map((name) => name.slice(0, 100))
}
