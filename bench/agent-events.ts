import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { chainHash } from '../packages/server/src/ingest/chain.ts'
import {
  connect,
  execIdOf,
  exec,
  exit,
  program,
  query,
  request,
  response,
  write,
} from '../packages/server/test/ingest/sample-events.ts'
import type { Event } from '../packages/events/src/index.ts'

/** Events of a segment: what an agent sends after some seconds of a build. */
const eventsOfSegment = 2000

export interface Segment {
  seq: number
  previous: string
  hash: string
  body: Buffer
}

/** Segments of one job. The same for the same job. @param all its events, at least so many; what real jobs do where not given */
export function* segmentsOf(
  job: number,
  events: number,
  all: Iterator<Event> = eventsOf(job),
): Generator<Segment> {
  let previous = '0'.repeat(64)
  for (let seq = 1; (seq - 1) * eventsOfSegment < events; seq++) {
    const lines: string[] = []
    while (lines.length < Math.min(eventsOfSegment, events - (seq - 1) * eventsOfSegment))
      lines.push(`${JSON.stringify(all.next().value)}\n`)
    const body = zstdCompressSync(lines.join(''))
    const chained = chainHash(Buffer.from(previous, 'hex'), body).toString('hex')
    yield { seq, previous, hash: chained, body }
    previous = chained
  }
}

const repositories = 20

const programs = [
  '/usr/bin/gcc',
  '/usr/libexec/gcc/cc1',
  '/usr/bin/as',
  '/usr/bin/bash',
  '/usr/bin/dash',
  '/usr/bin/cat',
  '/usr/bin/git',
  '/usr/bin/node',
]

/** What the file of a program holds, the same in all jobs. */
export const hashOf = (exe: string): string => hash('sha256', exe)

/** As the kernel knows it. */
function fileOf(exe: string): { inode: string; changed: string } {
  return { inode: String(260_000 + programs.indexOf(exe)), changed: '1690000000000000000' }
}

/**
 * What real jobs do, by what `runwarden run` has recorded of them: `git clone` of a repository (2,400 files of 216 folders),
 * `npm ci` of 32 packages (1,700 files of 204 folders), `npm test` (210 programs), `make` of 122 objects (3 programs for each).
 * Of 5,700 events 75 in a hundred are files, nearly every one of them new to the job, and 22 are processes that begin and end.
 * The next round of the same is another part of the same repository. A job of the same repository has the same files, but for
 * one of fifty.
 */
export function* eventsOf(job: number): Generator<Event, never> {
  const maker = new Maker(job)
  yield maker.start('/usr/bin/bash', ['bash', '-e', 'step.sh'])
  for (const exe of programs) yield maker.held(exe)
  for (let round = 0; ; round++) {
    yield* checkout(maker, round)
    yield* install(maker, round)
    yield* runTests(maker)
    yield* compile(maker, round)
  }
}

class Maker {
  readonly #job: number
  readonly root: string
  readonly repository: number
  #seq = 0
  #pid = 99
  #files = 0
  readonly #running: number[] = []

  constructor(job: number) {
    this.#job = job
    this.repository = job % repositories
    this.root = `/home/runner/work/app${this.repository}/app${this.repository}`
  }

  next(): number {
    return ++this.#seq
  }

  start(exe: string, argv: string[]): Event {
    this.#running.push(++this.#pid)
    return exec(this.next(), this.#pid, { exe, argv, cwd: this.root, ...fileOf(exe) })
  }

  held(path: string): Event {
    return program(this.next(), this.#pid, { path, sha256: hashOf(path), ...fileOf(path) })
  }

  end(): Event {
    return exit(this.next(), this.#running.pop() ?? 0)
  }

  get execId(): string {
    return execIdOf(this.#running.at(-1) ?? 0)
  }

  file(path: string): Event {
    const own = this.#files++ % 50 === 0 ? `.${this.#job}` : ''
    const made = write(this.next(), `${this.root}/${path}${own}`, { execId: this.execId })
    return { ...made, kind: 'file.create' } as Event
  }

  rename(from: string, to: string): Event {
    const made = write(this.next(), `${this.root}/${from}`, { execId: this.execId })
    return { ...made, kind: 'file.rename', to: `${this.root}/${to}`, link: 'rename' } as Event
  }

  setUpRing(): Event {
    return {
      ...exit(this.next(), this.#running.at(-1) ?? 0),
      kind: 'sandbox.change',
      change: 'io_uring',
      truth: 'kernel',
      errno: 0,
      detail: 'io_uring_setup(256 entries)',
      targetPid: null,
    } as Event
  }
}

function* checkout(maker: Maker, round: number): Generator<Event> {
  yield maker.start('/usr/bin/git', ['git', 'clone', '--quiet', 'https://github.com/acme/app', '.'])
  for (let n = 0; n < 2400; n++)
    yield maker.file(`part-${round}/packages/package-${n % 24}/src/area-${n % 216}/module-${n}.ts`)
  for (let n = 0; n < 28; n++) yield maker.rename(`.git/refs/${n}.lock`, `.git/refs/${round}-${n}`)
  yield maker.end()
}

function* install(maker: Maker, round: number): Generator<Event> {
  yield maker.start('/usr/bin/node', ['npm', 'ci', '--loglevel=error', `--prefix=part-${round}`])
  for (let n = 0; n < 118; n++) yield maker.setUpRing()
  for (let n = 0; n < 32; n++) {
    const name = `package-${(round * 32 + n) % 800}`
    const host = `host-${n % 4}.registry-${maker.repository}.example.org`
    const { execId } = maker
    if (n < 4) {
      const address = `198.51.100.${n}`
      yield query(maker.next(), { execId, name: host, addresses: [address] })
      yield connect(maker.next(), { execId, host, address })
    }
    const asked = maker.next()
    yield request(asked, { execId, host, path: `/${name}/-/${name}-1.${n}.0.tgz` })
    yield response(maker.next(), asked)
    yield maker.rename(`.cache/tmp/${round}-${n}`, `.cache/content-v2/sha512/${n}/${name}`)
    for (let file = 0; file < 54; file++)
      yield maker.file(
        `part-${round}/node_modules/${name}/${file % 9 === 0 ? '' : `dist/esm/v${file % 6}/`}module-${file}.d.ts`,
      )
  }
  yield maker.end()
}

function* runTests(maker: Maker): Generator<Event> {
  for (let n = 0; n < 105; n++) {
    yield maker.start('/usr/bin/dash', ['sh', '-c', `echo ${n} | cat`])
    yield maker.end()
    yield maker.start('/usr/bin/cat', ['cat'])
    yield maker.end()
  }
}

function* compile(maker: Maker, round: number): Generator<Event> {
  const compilers = programs.slice(0, 3)
  for (let n = 0; n < 122; n++) {
    const [source, object] = [`part-${round}/native/part${n}.c`, `part-${round}/native/part${n}.o`]
    for (const exe of compilers) yield maker.start(exe, [exe, '-O2', '-c', source, '-o', object])
    yield maker.file(object)
    for (let i = 0; i < compilers.length; i++) yield maker.end()
  }
}
