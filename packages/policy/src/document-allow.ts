import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { DocumentReader, Entry } from './document-reader.ts'
import { readEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import { isMethod, pathSegments } from './https-path.ts'
import type { NameCheck, PolicyRule, Unseen } from './policy.ts'
import { plainRule } from './policy.ts'

const endpointKeys = ['endpoint', 'steps', 'exe', 'names']
const nameChecks = ['checked', 'unchecked'] as const
const httpsKeys = ['https', 'methods', 'paths', 'unseen']
const unseenWords = ['refuse', 'allow'] as const

/** One entry of `allow`: an endpoint, a narrowed endpoint, or an HTTPS rule; null with problems noted. */
export function readAllow(reader: DocumentReader, node: unknown): PolicyRule | null {
  if (isMap(node)) return readObject(reader, node)
  const endpoint = readEndpointNode(reader, node)
  return endpoint === null ? null : plainRule(endpoint, null, endpoint.where)
}

function readEndpointNode(reader: DocumentReader, node: unknown): Endpoint | null {
  if (isAlias(node) || isSeq(node)) {
    const text = reader.restOfLine(node)
    const parts = readEndpoint(text)
    const what = isAlias(node)
      ? 'YAML reads an unquoted "*" as a reference: put the endpoint in quotes'
      : 'YAML reads unquoted brackets as a list: put the endpoint in quotes'
    const nearest = 'what' in parts ? parts.nearest : text
    reader.problem(node, what, nearest === null ? null : `'${nearest}'`, text)
    return null
  }
  if (isScalar(node) && typeof node.value === 'number') {
    reader.problem(node, 'an endpoint is a text: host or host:port')
    return null
  }
  const text = reader.text(node)
  if (text === null) return null
  const parts = readEndpoint(text)
  if ('what' in parts) {
    reader.problem(node, parts.what, parts.nearest)
    return null
  }
  return { ...parts, text, where: reader.whereOf(node) }
}

function readObject(reader: DocumentReader, node: unknown): PolicyRule | null {
  const keys = isMap(node)
    ? node.items.map(({ key }) => (isScalar(key) ? String(key.value) : ''))
    : []
  if (keys.includes('https')) return readHttps(reader, node)
  if (!keys.includes('endpoint')) {
    const slip = hostAndPort(node)
    if (slip !== null) {
      reader.problem(
        node,
        'a blank after the ":" makes this a mapping: an endpoint is one text',
        slip,
      )
      return null
    }
    if (keys.includes('methods') || keys.includes('paths')) {
      reader.problem(node, 'an HTTPS rule needs its host: https: HOST')
      return null
    }
    const near = keys
      .map((key) => reader.nearest(key, ['endpoint', 'https']))
      .find((word) => word !== null)
    reader.problem(
      node,
      'is neither an endpoint (endpoint:) nor an HTTPS rule (https:)',
      near === undefined ? null : `${near}:`,
    )
    return null
  }
  const before = reader.problems.length
  let endpoint: Endpoint | null = null
  const steps: string[] = []
  const exe: string[] = []
  let names: Entry | null = null
  for (const entry of reader.entries(node, endpointKeys)) {
    if (entry.key === 'endpoint') endpoint = readEndpointNode(reader, entry.value)
    else if (entry.key === 'steps') steps.push(...readSteps(reader, entry))
    else if (entry.key === 'exe') exe.push(...readPrograms(reader, entry))
    else names = entry
  }
  if (endpoint === null) return null
  const checked = names === null ? 'checked' : readNames(reader, names, endpoint)
  if (checked === null || reader.problems.length > before) return null
  const where = reader.whereOf(node)
  return { kind: 'endpoint', endpoint, steps, exe, names: checked, preset: null, where }
}

/** Only TCP to a name is held to that name. */
function readNames(reader: DocumentReader, entry: Entry, endpoint: Endpoint): NameCheck | null {
  const names = reader.choice(entry, nameChecks, { any: 'unchecked', false: 'unchecked' })
  if (endpoint.host.kind === 'address')
    reader.problem(entry.keyNode, 'is for host names: connections to an address are held to none')
  else if (endpoint.protocol === 'udp')
    reader.problem(entry.keyNode, 'is for TCP: UDP is held to no name')
  return names
}

/** `- github.com: 443` */
function hostAndPort(node: unknown): string | null {
  if (!isMap(node) || node.items.length !== 1) return null
  const { key, value } = node.items[0] ?? {}
  if (!isScalar(key) || !isScalar(value)) return null
  const parts = readEndpoint(
    `${String(key.value)}:${value.value === null ? '443' : String(value.value)}`,
  )
  const named =
    typeof value.value === 'number' || value.value === null || /^\d+-\d+$/.test(String(value.value))
  return 'what' in parts || !named || !String(key.value).includes('.')
    ? null
    : formatEndpoint(parts)
}

/** Bytes of a step's id that the kernel looks it up by. */
const longestStep = 127

function readSteps(reader: DocumentReader, entry: Entry): string[] {
  const steps: string[] = []
  for (const { text, node } of reader.texts(entry, 'of step ids')) {
    if (text.includes('.')) {
      const own = text.split('.', 1)[0] ?? ''
      const what =
        'a step is named by its own id: what is within a composite action belongs to the step that uses it'
      reader.problem(node, what, own === '' ? null : own)
    } else if (Buffer.byteLength(text) > longestStep)
      reader.problem(node, `a step's id has at most ${longestStep} bytes`)
    else steps.push(text)
  }
  return steps
}

function readPrograms(reader: DocumentReader, entry: Entry): string[] {
  const programs: string[] = []
  for (const { text, node } of reader.texts(entry, 'of programs')) {
    if (!text.startsWith('/') && !text.startsWith('**/')) {
      reader.problem(
        node,
        'a program is an absolute path, or a pattern that starts with **/',
        `**/${text.replace(/^[./*]+/, '')}`,
      )
    } else if (/(^|\/)\.{1,2}(\/|$)|\/\/|\/$/.test(text)) {
      reader.problem(node, 'a program is a resolved path: without ".", ".." or empty parts')
    } else programs.push(text)
  }
  return programs
}

function readHttps(reader: DocumentReader, node: unknown): PolicyRule | null {
  const before = reader.problems.length
  let endpoint: Endpoint | null = null
  const methods: string[] = []
  const paths: string[] = []
  let unseen: Unseen | null = 'refuse'
  for (const entry of reader.entries(node, httpsKeys)) {
    if (entry.key === 'https') endpoint = readHttpsHost(reader, entry)
    else if (entry.key === 'methods') methods.push(...readMethods(reader, entry))
    else if (entry.key === 'paths') paths.push(...readPaths(reader, entry))
    else unseen = reader.choice(entry, unseenWords, {})
  }
  if (endpoint === null || unseen === null || reader.problems.length > before) return null
  return { kind: 'https', endpoint, methods, paths, unseen, where: reader.whereOf(node) }
}

function readHttpsHost(reader: DocumentReader, entry: Entry): Endpoint | null {
  const before = reader.problems.length
  const endpoint = readEndpointNode(reader, entry.value)
  if (endpoint === null) {
    const last = reader.problems.at(-1)
    // The scheme is in the key already: the nearest host of a URL has no port.
    if (last !== undefined && reader.problems.length > before && last.nearest !== null) {
      reader.problems[reader.problems.length - 1] = {
        ...last,
        nearest: last.nearest.replace(/:443(?='?$)/, ''),
      }
    }
    return null
  }
  if (endpoint.host.kind === 'address')
    reader.problem(entry.value, 'an HTTPS rule names a host, not an address')
  else if (endpoint.protocol !== 'tcp')
    reader.problem(
      entry.value,
      'an HTTPS rule is for TCP',
      formatEndpoint({ ...endpoint, protocol: 'tcp' }, true),
    )
  else if (endpoint.portFrom !== endpoint.portTo) {
    reader.problem(
      entry.value,
      'an HTTPS rule has one port',
      formatEndpoint({ ...endpoint, portTo: endpoint.portFrom }, true),
    )
  } else return endpoint
  return null
}

function readMethods(reader: DocumentReader, entry: Entry): string[] {
  const methods: string[] = []
  for (const { text, node } of reader.texts(entry, 'of HTTP methods')) {
    if (isMethod(text)) methods.push(text)
    else {
      const capitals = text.toUpperCase()
      reader.problem(
        node,
        'is no HTTP method: these are in capitals, as GET or PROPFIND',
        isMethod(capitals) ? capitals : null,
      )
    }
  }
  return methods
}

function readPaths(reader: DocumentReader, entry: Entry): string[] {
  const paths: string[] = []
  for (const { text, node } of reader.texts(entry, 'of paths')) {
    const segments = text.split('/').slice(1)
    if (!text.startsWith('/')) {
      const path = /^[a-z]+:\/\/[^/]*(\/.*)$/i.exec(text)?.[1] ?? `/${text}`
      reader.problem(node, 'a path starts with "/"', path)
    } else if (/[?#]/.test(text)) {
      reader.problem(node, 'a path has no query or fragment', text.replace(/[?#].*$/s, ''))
    } else if (/[\s\p{Cc}]/u.test(text)) {
      reader.problem(
        node,
        'a path has no blanks or control characters: write them as %20 and the like',
      )
    } else if (segments.some((part) => part === '.' || part === '..')) {
      reader.problem(node, 'a path has no "." or ".." parts')
    } else if (segments.some((part) => part.includes('**') && part !== '**')) {
      reader.problem(node, '"**" stands alone between slashes')
    } else if (pathSegments(text) === null) {
      const what =
        'no request fits it: a path is in ASCII, and has no empty parts, no backslash, no parameters behind dots and no escapes of "/", "\\", ".", "%" or control characters'
      reader.problem(node, what, escapedPath(text))
    } else paths.push(text)
  }
  return paths
}

/** A path with escapes in place of what is not ASCII; null: that does not mend it. */
function escapedPath(path: string): string | null {
  const escaped = path.toWellFormed().replaceAll(/\P{ASCII}+/gu, encodeURIComponent)
  return escaped === path || pathSegments(escaped) === null ? null : escaped
}
