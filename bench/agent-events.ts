import { zstdCompressSync } from 'node:zlib'
import { chainHash } from '../packages/server/src/ingest/chain.ts'
import {
  connect,
  execIdOf,
  exec,
  exit,
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

/**
 * Segments of one job that installs packages, compiles and tests: processes that begin and end, each with some files, most of
 * them those that the other jobs of its repository have, too; names, connections and calls of an API. Half of the paths are
 * new to the job, one of fifty to its repository. The same for the same job.
 */
export function* segmentsOf(job: number, events: number): Generator<Segment> {
  let previous = '0'.repeat(64)
  const all = eventsOf(job)
  for (let seq = 1; (seq - 1) * eventsOfSegment < events; seq++) {
    const lines: string[] = []
    while (lines.length < Math.min(eventsOfSegment, events - (seq - 1) * eventsOfSegment))
      lines.push(`${JSON.stringify(all.next().value)}\n`)
    const body = zstdCompressSync(lines.join(''))
    const hash = chainHash(Buffer.from(previous, 'hex'), body).toString('hex')
    yield { seq, previous, hash, body }
    previous = hash
  }
}

const repositories = 20

function* eventsOf(job: number): Generator<Event, never> {
  const repository = job % repositories
  const programs = ['node', 'gcc', 'ld', 'sh', 'git', 'tar', 'make', 'python3']
  let seq = 0
  let file = 0
  yield exec(++seq, 100, { exe: '/usr/bin/bash', argv: ['bash', '-e', 'step.sh'] })
  for (let pid = 101; ; pid++) {
    const program = programs[pid % programs.length] ?? 'sh'
    const execId = execIdOf(pid)
    const argv = [program, '-c', `src/part${pid % 400}.c`, '-o', `build/part${pid % 400}.o`]
    yield exec(++seq, pid, { exe: `/usr/bin/${program}`, argv })
    for (let i = 0; i < 14; i++) {
      // Each second time a file that was written before.
      const n = i % 2 === 0 ? file++ : Math.floor(file / 2)
      const own = n % 50 === 0 ? `job-${job}/` : ''
      yield write(
        ++seq,
        `/home/runner/work/app${repository}/app${repository}/node_modules/package-${n % 800}/${own}lib/module-${n}.js`,
        { execId },
      )
    }
    if (pid % 8 === 0) {
      const n = (pid >> 3) % 60
      const host = `host-${n}.registry-${repository}.example.org`
      const address = `198.51.100.${n}`
      yield query(++seq, { execId, name: host, addresses: [address] })
      yield connect(++seq, { execId, host, address })
      const asked = ++seq
      yield request(asked, { execId, host, path: `/packages/${(pid >> 3) % 500}` })
      yield response(++seq, asked)
    }
    yield exit(++seq, pid)
  }
}
