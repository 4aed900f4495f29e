import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hashOf, root } from './sources.ts'

const run = promisify(execFile)

/** What the recorded data depends on: what an agent tells, how it is kept, and what the jobs do. */
const sources = [
  'packages/agent/src',
  'packages/events/src',
  'packages/server/src/db/migrations',
  'packages/server/src/ingest',
  'packages/web/test/rig/jobs.ts',
  'packages/web/test/rig/record.ts',
]

/**
 * A copy of the data folder that real agents filled, for a server of the caller's own. It is recorded once for the sources of
 * now, in build/web-jobs; whoever comes second waits.
 */
export async function recordedData(): Promise<string> {
  // One that was recorded before, by whatever state of the sources.
  const given = process.env['RUNWARDEN_WEB_JOBS']
  const folder = given ?? join(root, 'build/web-jobs', hashOf(sources))
  mkdirSync(join(root, 'build/web-jobs'), { recursive: true })
  if (!existsSync(folder)) {
    const record = join(import.meta.dirname, 'record.ts')
    await run('flock', [
      join(root, 'build/web-jobs/lock'),
      'sh',
      '-c',
      '[ -e "$1" ] || exec "$2" --disable-warning=ExperimentalWarning "$3" "$1"',
      'record',
      folder,
      process.execPath,
      record,
    ])
  }
  const copy = mkdtempSync(join(tmpdir(), 'runwarden-web-'))
  cpSync(folder, copy, { recursive: true })
  return copy
}
