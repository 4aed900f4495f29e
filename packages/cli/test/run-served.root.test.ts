import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileAct } from '../../sensor/test/observed.ts'
import { Place } from './runwarden.ts'

/**
 * The file system has a program that it gives the job's process, and nobody else: whoever opens it waits for ever. The program runs on
 * when the job's command has ended.
 */
const script = (act: string, kind: string): string => `
  mkfifo go; exec 3<>go
  mkdir served && '${act}' "$PWD/served" ${kind} <&3 >said 2>&1 &
  until [ -s said ]; do sleep 0.05; done
`

test.each([
  ['as it is', 'plain', 'under'],
  ['from a mount that was let go of', 'detached', 'under'],
  ['below an overlay', 'overlay', 'over'],
])(
  'a program of a file system that never answers holds nobody up, %s: it is not read, and told',
  async (_, kind, folder) => {
    using place = new Place()
    const { status, stderr } = await place.run(['--', 'sh', '-c', script(compileAct('fuse'), kind)])
    expect(status, stderr).toBe(0)
    expect(readFileSync(place.at('said'), 'utf8')).toMatch(/^runs \d+\n/)
    const path = place.at('served', folder, 'program')
    expect(place.eventsOf('process.program')).toContainEqual(
      expect.objectContaining({ path, sha256: null, unread: 'served' }),
    )
    expect(place.report().health.gaps).toContainEqual(
      expect.stringContaining(
        `what ${path} sends by TLS is not read: a process or another machine serves its file system`,
      ),
    )
  },
)
