import type { Event } from '@runwarden/events'
import type { Content } from './contract.ts'
import type { ContentReader } from './reader.ts'

const place = /\/(?:site|dist)-packages\/[^/]+\.pth$/
const configuration = /\/(?:\.npmrc|\.yarnrc\.yml)$/
/** What Python takes for the end of a line, one byte for each character; behind the mark of UTF-8, too. */
// oxlint-disable-next-line no-control-regex -- Python ends lines at these
const importLine = /(?:^|[\r\n\v\f\x1c-\x1e\x85]|\xe2\x80[\xa8\xa9])(?:\xef\xbb\xbf)?import[ \t]/

/** What of a file matters to a rule; undefined: nobody asks. */
export function notableIn(path: string, held: Buffer): boolean | undefined {
  if (path.endsWith('.pth')) return hasImportLines(held.toString('latin1'))
  return configuration.test(path) ? hasLogin(held.toString('latin1')) : undefined
}

/** Whether Python, which reads the file at its start, runs lines of it: the others are paths, as editable installs have. */
export function hasImportLines(latin1: string): boolean {
  return importLine.test(latin1)
}

/** What npm and yarn log in with, unless it stands in the environment. */
const login =
  /(?:^|[\s:"'])(?:_authToken|_password|_auth|npmAuthToken|npmAuthIdent)["']?\s*[=:]\s*["']?(?!\$\{)[^\s"']/

/** Whether a configuration of a package manager holds a secret. */
export function hasLogin(latin1: string): boolean {
  return login.test(latin1)
}

/**
 * Whether what is looked for is in a file: in a startup file of Python's lines that it runs, in a project's .npmrc or .yarnrc.yml a login. Empty: it
 * was not read.
 */
export type Notable = 'some' | 'none' | ''

interface Waiting {
  execId: string | null
  tell: (notable: Notable) => void
}

/** Files that wait for who wrote them to end: of those beyond it is told that they were not read. */
const mostWaiting = 256

/**
 * Files that matter by what is in them are looked at when they have been written, when who wrote them has ended, and at the end: an event of one is
 * handed on when one of these looks finds what it looks for, or nothing that can be read.
 */
export class StartupFiles {
  readonly #reader: Pick<ContentReader, 'soon'>
  readonly #waiting = new Map<string, Waiting>()

  constructor(reader: Pick<ContentReader, 'soon'>) {
    this.#reader = reader
  }

  /** @returns whether the event is of such a file, and is handed on later, or never */
  takes(event: Event, tell: Waiting['tell']): boolean {
    if (event.kind === 'process.exit') this.#look(({ execId }) => execId === event.execId)
    const path = pathOf(event)
    if (path === undefined || !(place.test(path) || isProjects(path, event))) return false
    if (this.#waiting.size >= mostWaiting && !this.#waiting.has(path)) tell('')
    else {
      this.#waiting.set(path, { execId: event.execId, tell })
      this.#read(path, event.time)
    }
    return true
  }

  /** Looks at what is left: nobody writes any more. */
  finish(): void {
    this.#look(() => true)
  }

  #look(which: (waiting: Waiting) => boolean): void {
    for (const [path, waiting] of this.#waiting) if (which(waiting)) this.#read(path, 0)
  }

  #read(path: string, acted: number): void {
    this.#reader.soon(path, acted, (content) => this.#seen(path, content))
  }

  #seen(path: string, { notable }: Content): void {
    const waiting = this.#waiting.get(path)
    if (waiting === undefined || notable === false) return
    this.#waiting.delete(path)
    waiting.tell(notable === true ? 'some' : '')
  }
}

/** What package managers have of a user is told as it is: a login is what it is for. */
function isProjects(path: string, event: Event): boolean {
  return 'workspace' in event && event.workspace && configuration.test(path)
}

/** Of what a job has put somewhere. */
function pathOf(event: Event): string | undefined {
  switch (event.kind) {
    case 'file.create':
    case 'file.write':
      return event.errno === 0 ? event.path : undefined
    case 'file.rename':
      return event.errno === 0 ? event.to : undefined
    default:
      return undefined
  }
}
