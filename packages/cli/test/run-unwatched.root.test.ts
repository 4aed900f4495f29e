import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ended, Place } from './runwarden.ts'

/** A source that another program changes and puts back, an unknown object that is linked, and a credential that is read. */
const job = `
sh -c 'echo good >a.c'; python3 -c 'open("a.c","w").write("evil")'; python3 -c 'open("a.c","w").write("good")'
mkdir -p .github/workflows; python3 -c 'open(".github/workflows/a.yml","w").write("on: push")'
mv a.c b.c; ln b.c c.c; rm b.c
echo token >.npmrc; cat .npmrc
sleep 3 & cat /proc/$!/mem; true
`

let place: Place
let ended: Ended
beforeAll(async () => {
  place = new Place()
  mkdirSync(place.at('work'))
  writeFileSync(place.at('policy.yml'), 'version: 1\ndisable-file-monitoring: true\n')
  ended = await place.run(['--policy', '../policy.yml', '--', 'sh', '-c', job], {
    cwd: place.at('work'),
  })
})
afterAll(() => place[Symbol.dispose]())

const sentence =
  'file monitoring is off (disable-file-monitoring in ../policy.yml:2): of files, only sensitive places are watched'

test('the workspace is not watched, and sensitive places are', () => {
  expect(ended.status, ended.stderr).toBe(0)
  const files = place.events().filter(({ kind }) => kind.startsWith('file.'))
  const told = files.map((event) => ('sensitive' in event ? event.sensitive : event.kind))
  expect(told).toEqual(['registry-credential', 'registry-credential', 'process-memory'])
  expect(place.report().changes ?? []).toEqual([])
  const found = place.report().detections.filter(({ evidence }) => evidence.length > 0)
  expect(found.map(({ id }) => id)).toEqual(['process-memory-read'])
})

test('what is missing is said at the start, in the terminal summary, and in every report, with the line', () => {
  // The summary breaks its lines.
  expect(ended.stderr.replaceAll(/\s+/g, ' ').split(sentence).length).toBe(3)
  const { health, filesUnwatched } = place.report()
  expect(health.gaps).toEqual([sentence])
  expect(filesUnwatched).toBe('../policy.yml:2')
  expect(place.eventsOf('agent.health').map(({ state, detail }) => `${state} ${detail}`)).toContain(
    `gap ${sentence}`,
  )
  expect(readFileSync(place.at('out', 'summary.md'), 'utf8')).toContain('file monitoring is off')
  expect(readFileSync(place.at('out', 'report.html'), 'utf8')).toContain(sentence)
})

test('--quiet hides the summary, not that', async () => {
  const { stderr } = await place.run(['--quiet', '--policy', 'policy.yml', '--', 'true'])
  expect(stderr).toBe(
    'runwarden: file monitoring is off (disable-file-monitoring in policy.yml:2): of files, only sensitive places are watched\n',
  )
})
