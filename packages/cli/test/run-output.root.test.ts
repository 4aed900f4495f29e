import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Event, Report } from '@runwarden/events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ended, Place, runwarden } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

const files = ['events.ndjson', 'report.html', 'report.json', 'summary.md']

/** A bit of everything. */
const job = `
  echo a >one; mv one two; ln two three; rm three; cat /etc/shadow >/dev/null
  sh -c 'kill -SEGV $$'
  (exec 3<>/dev/tcp/127.0.0.1/1) 2>/dev/null
  unshare -m true
  exit 3`

test('the four files, each as its schema says, whatever the job is called', async () => {
  const hostile = '\u001b[31m<script>alert(1)</script>\u202e"\n'
  await place.run(['--quiet', '--step', hostile, '--', 'bash', '-c', job, hostile])
  expect(readdirSync(place.out).toSorted()).toEqual(files)
  const report = Report.parse(place.report())
  expect(report.command.at(-1)).toBe(hostile)
  expect(report).toMatchObject({
    schema: 1,
    protection: 'armed',
    exitStatus: 3,
    step: hostile,
    egress: 'audit',
  })
  const events = place.events()
  for (const [index, event] of events.entries()) {
    expect(Event.parse(event)).toEqual(event)
    expect(event.seq).toBe(index + 1)
  }
  expect(report.counts.events).toBe(events.length)
  expect(new Set(events.map(({ kind }) => kind))).toEqual(
    new Set(
      [
        'agent.health',
        'process.exec',
        'process.program',
        'process.exit',
        'file.create',
        'file.rename',
        'file.delete',
        'file.read',
        'net.connect',
        'sandbox.change',
        'net.flow',
      ].filter((kind) => events.some((event) => event.kind === kind)),
    ),
  )
  for (const kind of [
    'process.exec',
    'process.exit',
    'file.create',
    'file.rename',
    'file.delete',
    'file.read',
    'net.connect',
    'sandbox.change',
    'agent.health',
  ]) {
    expect(events.map((event) => event.kind)).toContain(kind)
  }
  const html = readFileSync(place.at('out', 'report.html'), 'utf8')
  expect(html).not.toContain('<script>alert')
  expect(readFileSync(place.at('out', 'summary.md'), 'utf8')).not.toContain('\u001b')
})

test('without --out they go to .runwarden/<time>, one folder a run', async () => {
  for (let i = 0; i < 2; i++) await place.exec(runwarden, ['run', '--quiet', '--', 'true'])
  const [ignored, ...folders] = readdirSync(place.at('.runwarden')).toSorted()
  expect(ignored).toBe('.gitignore')
  expect(folders).toHaveLength(2)
  for (const folder of folders) {
    expect(new Date(folder.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:')).getTime()).toBeGreaterThan(0)
    expect(readdirSync(place.at('.runwarden', folder)).toSorted()).toEqual(files)
  }
})

test('links that the job plants in the place of the files are replaced, not followed', async () => {
  const target = place.at('target')
  writeFileSync(target, 'precious')
  const plant = files
    .filter((name) => name !== 'events.ndjson')
    .map((name) => `ln -s ${target} out/${name}`)
    .join('; ')
  const { status } = await place.run([
    '--quiet',
    '--',
    'sh',
    '-c',
    `${plant}; rm out/events.ndjson; ln -s ${target} out/events.ndjson; exit 2`,
  ])
  expect(status).toBe(125)
  const report = JSON.parse(readFileSync(place.at('out', 'report.json'), 'utf8')) as {
    detections: { id: string; text: string }[]
  }
  expect(report.detections).toContainEqual(
    expect.objectContaining({
      id: 'agent-tampered',
      text: expect.stringContaining('events.ndjson was removed or replaced'),
    }),
  )
  expect(readFileSync(target, 'utf8')).toBe('precious')
  for (const name of ['report.json', 'summary.md', 'report.html'])
    expect(lstatSync(place.at('out', name)).isFile()).toBe(true)
})

test('a folder that the job swaps for a link leads nowhere else', async () => {
  mkdirSync(place.at('elsewhere'))
  const { status } = await place.run([
    '--quiet',
    '--',
    'sh',
    '-c',
    'mv out moved; ln -s elsewhere out; exit 2',
  ])
  expect(status).toBe(2)
  expect(readdirSync(place.at('elsewhere'))).toEqual([])
  expect(readdirSync(place.at('moved')).toSorted()).toEqual(files)
})

describe.each([
  ['closed', 125],
  ['open', 7],
] as const)('the record cannot be kept, and fail-mode is %s', (failMode, expected) => {
  /** Denied though nothing can be written: the command is still under policy. */
  const denied = `(exec 3<>/dev/tcp/198.51.100.99/81) 2>&1 | grep -o 'not permitted' | uniq`

  const command = (out: string, script: string): string[] =>
    [runwarden, 'run', '--egress', 'block', '--fail-mode', failMode, '--out', out].concat([
      '--',
      'bash',
      '-c',
      script,
    ])
  /** Runs it with a file system of its own in the place of the folder. */
  const mounted = (options: string, around: string, script: string): Promise<Ended> => {
    mkdirSync(place.out)
    const mount = `mount -t tmpfs -o ${options} none ${place.out} && ${around}`
    return place.exec('unshare', ['-m', 'sh', '-c', mount, 'sh', ...command(place.out, script)])
  }

  test('the folder cannot be made', async () => {
    writeFileSync(place.at('file'), '')
    const [program = '', ...args] = command('file/out', `${denied}; exit 7`)
    const { status, stdout, stderr } = await place.exec(program, args)
    expect({ status, stdout }).toEqual({ status: expected, stdout: 'not permitted\n' })
    expect(stderr).toContain('RECORD INCOMPLETE: cannot write to file/out')
  })

  test('the folder is on a file system that is read-only', async () => {
    const { status, stdout, stderr } = await mounted('ro', 'exec "$@"', `${denied}; exit 7`)
    expect({ status, stdout }).toEqual({ status: expected, stdout: 'not permitted\n' })
    expect(stderr).toContain(`RECORD INCOMPLETE: cannot write to ${place.out}`)
  })

  test('the disk fills up while the command runs', async () => {
    // Whole lines up to the point where it was full, and the loss told while the command still runs.
    const fill = `i=0; while [ $i -lt 4000 ]; do : >file-with-a-long-name-$i; i=$((i+1)); done; until grep -q INCOMPLETE said; do sleep 0.02; done; ${denied}; exit 7`
    const keep = `"$@" 2>said; status=$?; cp ${place.out}/events.ndjson events; for f in ${place.out}/report.json; do [ ! -e $f ] || cp $f .; done; exit $status`
    const { status, stdout } = await mounted('size=128k', keep, fill)
    expect({ status, stdout }).toEqual({ status: expected, stdout: 'not permitted\n' })
    const said = readFileSync(place.at('said'), 'utf8')
    expect(said).toContain('RECORD INCOMPLETE: events can no longer be written: ENOSPC')
    const missing = Number(/(\d+) events are not in events.ndjson/.exec(said)?.[1])
    const lines = readFileSync(place.at('events'), 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    for (const [index, line] of lines.entries())
      expect((JSON.parse(line) as Event).seq).toBe(index + 1)
    // No half report that could be taken for one.
    for (const name of readdirSync(place.path)) expect(name).not.toMatch(/^report/)
    expect(missing).toBeGreaterThan(1000)
    expect(lines.length).toBeGreaterThan(100)
  })
})
