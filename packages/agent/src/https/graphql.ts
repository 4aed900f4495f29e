import { withoutPlainEscapes } from '@runwarden/policy'
import type { RequestHead } from './exchange.ts'

/** Bytes of one body that are looked at, and of all bodies together that are held. */
const MOST_OF_BODY = 16_384
const MOST_HELD = 4 * 1024 * 1024
/** Names of fields that are told of one request. */
const MOST_NAMES = 20
/** Values of a request's variables that are looked at. */
const MOST_VALUES = 1000
let held = 0

/** Whether a request's body may say what it changes, and whoever sends it has a token for that. */
export function isGraphql({ method, path, authorization }: RequestHead): boolean {
  return (
    method === 'POST' &&
    authorization !== null &&
    /(?:^|\/)graphql$/.test(withoutPlainEscapes(path))
  )
}

/**
 * The body of a GraphQL request, for as long as it is sent: only the names of the fields that a mutation has at its
 * top are taken out of it, and of which repositories it says that it changes them. It is wiped then.
 */
export class GraphqlBody {
  /** `owner/name` in lower case, where a mutation names them; known when `mutations` was asked for. */
  repositories: string[] = []
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
    const read = this.broken ? null : readBody(this.bytes.toString('utf8'))
    this.wipe()
    this.repositories = read?.repositories ?? []
    return read?.mutations ?? null
  }

  wipe(): void {
    held -= this.bytes.length
    this.bytes.fill(0)
    this.bytes = Buffer.alloc(0)
  }
}

function readBody(body: string): { mutations: string[]; repositories: string[] } | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || !('query' in parsed)) return null
  const { query } = parsed
  const mutations = typeof query === 'string' ? topFields(query) : null
  if (typeof query !== 'string' || mutations === null) return null
  const named = [...query.matchAll(repositoryInQuery)].map(([, name = '']) => name)
  if ('variables' in parsed) named.push(...repositoriesIn(parsed.variables))
  const repositories = named.filter((name) => repositoryName.test(name))
  return {
    mutations,
    repositories: [...new Set(repositories.map((name) => name.toLowerCase()))].slice(0, MOST_NAMES),
  }
}

/** The one way in which a mutation names a repository, and not by an id (CommittableBranch). */
const repositoryField = 'repositoryNameWithOwner'
const repositoryInQuery = /\brepositoryNameWithOwner[\s,]*:[\s,]*"([^"\\\n]{1,200})"/g
const repositoryName = /^[\w.-]{1,100}\/[\w.-]{1,100}$/

/** What the fields of that name hold, however deep. */
function repositoriesIn(variables: unknown): string[] {
  const found: string[] = []
  const waiting = [variables]
  for (let looked = 0; waiting.length > 0 && looked < MOST_VALUES; looked++) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [name, inner] of Object.entries(value)) {
      if (name === repositoryField && typeof inner === 'string') found.push(inner)
      else waiting.push(inner)
    }
  }
  return found
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
