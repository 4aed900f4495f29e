import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

test.for<[string, string[], string]>([
  [
    'a workspace that is not there',
    ['--workspace', 'nowhere'],
    'the workspace nowhere cannot be watched: ',
  ],
  [
    'a workspace that is no folder',
    ['--workspace', 'file'],
    'the workspace file cannot be watched: it is no folder',
  ],
  [
    'a repository without its owner',
    ['--repository', 'shop'],
    "--repository 'shop': write it as OWNER/NAME",
  ],
  ['no folder for the record', ['--out', ''], '--out needs a value: --out DIR'],
  ['no step', ['--step='], '--step needs a value: --step NAME'],
  [
    'a worker that is none',
    ['--worker', '/bin/true'],
    "/bin/true, which is to be the runner's worker",
  ],
  ['no masks', ['--masks', 'file'], '--masks file: there is no value'],
])('%s: said, nothing is run and nothing left, in fail-mode open too', async ([, args, says]) => {
  writeFileSync(place.at('file'), '\n')
  const words = ['run', '--fail-mode', 'open', ...args, 'touch', 'made']
  const { status, stderr } = await place.exec(runwarden, words)
  expect(status).toBe(125)
  expect(stderr.split('\n')[0]).toContain(`runwarden: ${says}`)
  expect(readdirSync(place.path)).toEqual(['file'])
})

test('who may not protect is told that, and nothing of a record that there will not be', async () => {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const { status, stderr } = await place.exec('setpriv', [...user, runwarden, 'run', 'true'])
  expect(status).toBe(125)
  expect(stderr).toMatch(/^runwarden: missing CAP_SYS_ADMIN.*\nrunwarden: run as root.*\n$/)
})

test.for([
  ['the default folder', [], []],
  ['a folder of its name, and those above it', ['--out', 'deep/er/out'], []],
  ['a folder that was there', ['--out', 'kept'], ['kept']],
  ['a folder that holds something', ['--out', 'held'], ['held', 'held/file']],
] as const)('who may not protect leaves no empty folder: %s', async ([, args, left]) => {
  using own = new Place()
  for (const name of left)
    if (name.includes('/')) writeFileSync(own.at(name), '')
    else mkdirSync(own.at(name))
  const without = ['--bounding-set=-sys_admin', runwarden, 'run', ...args, 'touch', 'made']
  const { status, stderr } = await own.exec('setpriv', without)
  expect(status).toBe(125)
  expect(stderr).toMatch(/^runwarden: missing CAP_SYS_ADMIN/)
  expect(readdirSync(own.path, { recursive: true }).map(String).toSorted()).toEqual(left)
})

test('too low a limit of descriptors ends a run before its command, and does not hold it', async () => {
  const run = `ulimit -n 256; exec ${runwarden} run --quiet --out out touch made`
  const { status, stderr } = await place.exec('/bin/bash', ['-c', run])
  expect(status).toBe(125)
  expect(stderr).toMatch(/a process can have 256 files open.*\n.*raise the limit/)
})

test.for([
  [['--out', '/proc/nowhere/out'], "mkdir '/proc/nowhere'"],
  [['--out', 'file/out'], "mkdir 'file/out'"],
])(
  'a record that cannot be made does not stop the command, and is said: %j',
  async ([out, why]) => {
    writeFileSync(place.at('file'), '')
    const { status, stdout, stderr } = await place.exec(runwarden, [
      'run',
      ...(out ?? []),
      'echo',
      'ran',
    ])
    expect({ status, stdout }).toEqual({ status: 125, stdout: 'ran\n' })
    expect(stderr).toMatch(/^runwarden: RECORD INCOMPLETE: cannot write to /)
    expect(stderr).toContain(why)
  },
)
