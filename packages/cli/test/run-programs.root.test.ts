import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import type { EventOf } from '@runwarden/events'
import { expect, test } from 'vitest'
import { Place } from './runwarden.ts'

const hashOf = (content: Buffer | string): string =>
  createHash('sha256').update(content).digest('hex')
const fileHash = (path: string): string => hashOf(readFileSync(path))

/** Starts a program from a memory file: `memory.py PROGRAM ARGS…`. */
const memory = `
import os, sys
file = os.memfd_create('payload', os.MFD_CLOEXEC)
os.write(file, open(sys.argv[1], 'rb').read())
os.execve(file, sys.argv[1:], {})
`

/** Seconds that a program would live, which ends when it was told. */
const long = 100

/** Words of the job's script: a program lives until so many of its name were told, and so does the command that runs it. */
const until = `
until_told() {
  until [ "$(grep -c '"process.program".*'"$1"'"' out/events.ndjson)" -ge "$2" ]; do sleep 0.1; done
}`

/** What a job's programs held, by the ends of their paths. */
async function programsOf(place: Place, script: string): Promise<Map<string, Program[]>> {
  writeFileSync(place.at('memory.py'), memory)
  const { status, stderr } = await place.run(['--', 'sh', '-c', `${until}\n${script}`])
  expect(status, stderr).toBe(0)
  return Map.groupBy(place.eventsOf('process.program'), ({ path }) =>
    path.slice(path.lastIndexOf('/') + 1),
  )
}

type Program = EventOf<'process.program'>

const told = (programs: Program[] | undefined): string[] =>
  (programs ?? []).map(({ sha256, unread }) => sha256 ?? unread)

test('each program that is started is told once with its hash, and found from each start by the same file', async () => {
  using place = new Place()
  const programs = await programsOf(place, 'ls / >ls; ls / >ls; cat ls >/dev/null; sleep 2')
  for (const name of ['ls', 'cat'])
    expect(told(programs.get(name))).toEqual([fileHash(`/usr/bin/${name}`)])
  const [ls] = programs.get('ls') ?? []
  const starts = place.eventsOf('process.exec').filter(({ exe }) => exe === '/usr/bin/ls')
  const { device, inode, changed } = ls as Program
  expect(starts.map((start) => [start.device, start.inode, start.changed])).toEqual([
    [device, inode, changed],
    [device, inode, changed],
  ])
  expect(ls).toMatchObject({
    execId: starts[0]?.execId,
    time: starts[0]?.time,
    step: 'sh',
    size: statSync('/usr/bin/ls').size,
  })
  const report = place.report()
  expect(report.health.gaps).toEqual([])
  const sha256 = fileHash('/usr/bin/ls')
  expect(report.programs).toContainEqual(
    expect.objectContaining({ path: '/usr/bin/ls', sha256, count: 2 }),
  )
  const images = report.processes.flatMap((process) => process.images)
  expect(images.filter(({ exe }) => exe === '/usr/bin/ls')).toMatchObject([{ sha256 }, { sha256 }])
})

test('programs of memory files, and those that are deleted as they run, are hashed', async () => {
  using place = new Place()
  const script = `
    python3 memory.py /usr/bin/sleep ${long} & first=$!
    cp /usr/bin/sleep before; exec 3<before; rm before; sh -c 'exec /proc/self/fd/3 ${long}' & second=$!
    cp /usr/bin/sleep meanwhile; ./meanwhile ${long} & third=$!
    sleep 0.02; rm meanwhile
    for name in memfd:payload before meanwhile; do until_told $name 1; done
    kill $first $second $third`
  const programs = await programsOf(place, script)
  const sleep = fileHash('/usr/bin/sleep')
  expect(told(programs.get('memfd:payload'))).toEqual([sleep])
  expect(told(programs.get('before'))).toEqual([sleep])
  expect(told(programs.get('meanwhile'))).toEqual([sleep])
})

test('a program that is replaced or written to after it ran is not hashed as what came in its place', async () => {
  using place = new Place()
  const script = `
    for n in 1 2 3 4 5 6 7 8; do
      for way in quickly late; do
        cp /usr/bin/true replaced-$way-$n; cp /usr/bin/true written-$way-$n
        cp /usr/bin/false other; [ $way = quickly ] || sleep 0.05
        ./replaced-$way-$n; mv other replaced-$way-$n
        ./written-$way-$n; printf more >>written-$way-$n
        ./written-$way-$n
      done
    done
    sleep 0.5`
  const programs = await programsOf(place, script)
  const truth = readFileSync('/usr/bin/true')
  const more = Buffer.concat([truth, Buffer.from('more')])
  const wrong: string[] = []
  for (const [name, told] of programs) {
    if (!/^(?:replaced|written)-/.test(name)) continue
    const first = place.eventsOf('process.exec').find(({ exe }) => exe.endsWith(`/${name}`))
    for (const { sha256, execId, unread } of told) {
      // Whether it is opened in the millisecond that there is is chance; what it is said to have held is not.
      const held = execId === first?.execId ? truth : more
      if (sha256 === null ? !['changed', 'gone', 'late'].includes(unread) : sha256 !== hashOf(held))
        wrong.push(`${name} ${sha256 ?? unread}`)
    }
  }
  expect(wrong).toEqual([])
})

test('what a file holds later is another program', async () => {
  using place = new Place()
  const script = `
    cp /usr/bin/sleep program; ./program ${long} & until_told program 1; kill $!; wait $!
    printf more >>program; ./program ${long} & until_told program 2; kill $!`
  const programs = await programsOf(place, script)
  const sleep = readFileSync('/usr/bin/sleep')
  expect(told(programs.get('program'))).toEqual([
    hashOf(sleep),
    hashOf(Buffer.concat([sleep, Buffer.from('more')])),
  ])
})

test('a program of 300 MiB is not read, and told as too large', async () => {
  using place = new Place()
  const script = `cp /usr/bin/sleep huge; truncate -s 300M huge; ./huge ${long} & until_told huge 1; kill $!`
  const programs = await programsOf(place, script)
  expect(programs.get('huge')).toMatchObject([{ sha256: null, unread: 'large' }])
})

test('programs in another root and mount namespace are hashed', async () => {
  using place = new Place()
  const script = `
    mkdir root; unshare -m sh -c '
      mount -t tmpfs none root; cp /usr/bin/busybox root/busybox; exec chroot root /busybox sleep ${long}' &
    until_told busybox 1; kill $!`
  const programs = await programsOf(place, script)
  expect(told(programs.get('busybox'))).toContain(fileHash('/usr/bin/busybox'))
})
