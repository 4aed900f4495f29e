import type { Event } from '@runwarden/events'
import { isLoopbackText } from '@runwarden/policy'
import type { SeenKind } from './rule.ts'

/** Types of fields, in CEL's words. */
export type FieldType = 'string' | 'double' | 'bool' | 'list<string>'

/** A field of an event, as rules see it. */
export interface Field {
  readonly type: FieldType
  /** How it follows from the event where it is not simply there. */
  readonly of?: (event: never, added: Added) => unknown
}

/** What the agent knows of an event beside the event. */
export interface Added {
  /** The program that had written the file before this event; empty: none is known. */
  readonly writer: string
  /** No past run of the job has reached this destination; without a baseline: false. */
  readonly unseen: boolean
  /** Whether a file that Python reads at its start has lines that it runs: `some` or `none`; empty: it was not read. */
  readonly importLines: string
}

const text: Field = { type: 'string' }
const number: Field = { type: 'double' }
const truth: Field = { type: 'bool' }
const texts: Field = { type: 'list<string>' }

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const common = { kind: text, seq: number, time: number, step: text }

const network = {
  verdict: text,
  reason: text,
  rule: text,
  /** It went out, or would have but for the policy's mode. */
  left: {
    type: 'bool',
    of: ({ verdict }: { verdict: string }) => verdict === 'allowed' || verdict === 'would-block',
  },
} as const

const destination = {
  host: text,
  address: text,
  port: number,
  protocol: text,
  loopback: {
    type: 'bool',
    of: ({ address }: { address: string }) => isLoopbackText(address),
  },
  /** Where to, for a person. */
  where: {
    type: 'string',
    of: (event: { host: string | null; address: string; port: number; protocol: string }) =>
      event.address === ''
        ? `a ${event.protocol} socket`
        : `${event.host ?? event.address} port ${event.port} (${event.protocol})`,
  },
} as const

const done: Field = { type: 'bool', of: ({ errno }: { errno: number }) => errno === 0 }

const file = {
  path: text,
  name: { type: 'string', of: ({ path }: { path: string }) => baseName(path) },
  workspace: truth,
  sensitive: text,
  truth: text,
  errno: number,
  done,
} as const

const writer: Field = { type: 'string', of: (_event: unknown, added: Added) => added.writer }
const importLines: Field = {
  type: 'string',
  of: (_event: unknown, added: Added) => added.importLines,
}

type Changed = {
  writer: { exe: string; command: string; step: string | null } | null
  content: { before: string | null; after: string | null }
}

const ofWriter = (name: 'exe' | 'command' | 'step'): Field => ({
  type: 'string',
  of: ({ writer: who }: Changed) => who?.[name] ?? '',
})

const ofContent = (name: 'before' | 'after'): Field => ({
  type: 'string',
  of: ({ content }: Changed) => content?.[name] ?? '',
})

type Contained = {
  container?: {
    capabilities: string[]
    ownUsers: boolean
    seccomp: string
    shares: string[]
    mounts: { from: string }[] | null
  }
}

const stdio = (fd: number): Field => ({
  type: 'string',
  of: ({ stdio: kinds }: { stdio?: readonly string[] }) => kinds?.[fd] ?? '',
})

/** The fields of each kind of event, for rules: null reads as empty text. */
export const fields: Readonly<Record<SeenKind, Readonly<Record<string, Field>>>> = {
  'process.exec': {
    ...common,
    pid: number,
    uid: number,
    exe: text,
    name: { type: 'string', of: ({ exe }: { exe: string }) => baseName(exe) },
    argv: texts,
    commandLine: { type: 'string', of: ({ argv }: { argv: string[] }) => argv.join(' ') },
    argvTruncated: truth,
    cwd: text,
    memfd: truth,
    deleted: truth,
    stdin: stdio(0),
    stdout: stdio(1),
    stderr: stdio(2),
  },
  'process.program': {
    ...common,
    path: text,
    name: { type: 'string', of: ({ path }: { path: string }) => baseName(path) },
    size: number,
    sha256: text,
    unread: text,
  },
  'step.start': {
    ...common,
    pid: number,
    action: text,
    stage: text,
    job: text,
    workflow: text,
    repository: text,
    runId: text,
    runAttempt: text,
    truth: text,
  },
  'process.exit': { ...common, pid: number, code: number, signal: number },
  'dns.query': {
    ...common,
    ...network,
    name: text,
    type: text,
    server: text,
    serverPort: number,
    protocol: text,
    rcode: text,
    addresses: texts,
    cnames: texts,
  },
  'net.connect': {
    ...common,
    ...network,
    ...destination,
    via: text,
    count: number,
    unseen: { type: 'bool', of: (_event: unknown, added: Added) => added.unseen },
  },
  'net.flow': { ...common, ...network, ...destination, bytesOut: number, packetsOut: number },
  'http.request': {
    ...common,
    ...network,
    method: text,
    scheme: text,
    host: text,
    path: text,
  },
  'http.response': { ...common, status: number, requestBytes: number, responseBytes: number },
  'http.opaque': {
    ...common,
    library: text,
    reason: text,
    host: text,
    connections: number,
    bytesSent: number,
  },
  'file.write': { ...common, ...file, writer, importLines },
  'file.create': { ...common, ...file, writer, importLines },
  'file.delete': { ...common, ...file },
  'file.read': { ...common, ...file },
  'file.rename': { ...common, ...file, to: text, link: text, writer, importLines },
  'file.changed': {
    ...common,
    path: text,
    name: { type: 'string', of: ({ path }: { path: string }) => baseName(path) },
    state: text,
    ways: texts,
    acts: number,
    writer: ofWriter('exe'),
    writerCommand: ofWriter('command'),
    writerStep: ofWriter('step'),
    relation: text,
    before: ofContent('before'),
    after: ofContent('after'),
    dependency: text,
    programs: texts,
    alongside: texts,
    readers: texts,
  },
  'secret.found': {
    ...common,
    place: text,
    path: text,
    position: number,
    secret: text,
    form: text,
    proven: truth,
    hash: text,
  },
  'sandbox.change': {
    ...common,
    change: text,
    detail: text,
    truth: text,
    errno: number,
    done,
    capabilities: {
      type: 'list<string>',
      of: ({ container }: Contained) => container?.capabilities ?? [],
    },
    ownUsers: { type: 'bool', of: ({ container }: Contained) => container?.ownUsers ?? false },
    seccomp: { type: 'string', of: ({ container }: Contained) => container?.seccomp ?? '' },
    shares: { type: 'list<string>', of: ({ container }: Contained) => container?.shares ?? [] },
    mounts: {
      type: 'list<string>',
      of: ({ container }: Contained) => container?.mounts?.map(({ from }) => from) ?? [],
    },
  },
}

export const seenKinds = Object.keys(fields) as SeenKind[]

const empty: Readonly<Record<FieldType, unknown>> = {
  string: '',
  double: 0,
  bool: false,
  'list<string>': [],
}

/** What a field is where the event has none. */
export function emptyOf(type: FieldType): unknown {
  return empty[type]
}

/** An event as rules see it. One of each kind is made, and shows one event after the other. */
export interface EventView {
  show(event: Event, added: Added): void
}

/** The class of one kind's view: a getter for each field. */
export function viewClass(kind: SeenKind): new () => EventView {
  class View implements EventView {
    current: Record<string, unknown> = {}
    added: Added = { writer: '', unseen: false, importLines: '' }

    show(event: Event, added: Added): void {
      this.current = event as unknown as Record<string, unknown>
      this.added = added
    }
  }
  for (const [name, field] of Object.entries(fields[kind])) {
    const of = field.of as ((event: unknown, added: Added) => unknown) | undefined
    const nothing = emptyOf(field.type)
    Object.defineProperty(View.prototype, name, {
      get:
        of === undefined
          ? function (this: View) {
              return this.current[name] ?? nothing
            }
          : function (this: View) {
              return of(this.current, this.added)
            },
    })
  }
  return View
}
