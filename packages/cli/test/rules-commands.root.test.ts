import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeAll(() => {
  place = new Place()
})
afterAll(() => place[Symbol.dispose]())

const rules = `version: 1
rules:
  - rule: touches-nothing
    severity: medium
    on: [process.exec]
    when: event.name == 'printf' && event.argv.exists(a, a == 'marked')
    title: '{event.name} was marked'
    explanation: '{process.who} ran.'
    advice: Nothing.
    tests:
      - name: a marked one
        processes: { sh: { exe: /bin/sh } }
        events: [{ kind: process.exec, by: sh, exe: /usr/bin/printf, argv: [printf, marked] }]
        finds: FINDS
`

const rulesCommand = (...words: string[]) => place.exec(runwarden, ['rules', ...words])

test('a file is checked, tested and listed; a failed test is told with its place', async () => {
  writeFileSync(place.at('good.yml'), rules.replace('FINDS', '1'))
  writeFileSync(place.at('wrong.yml'), rules.replace('FINDS', '2'))
  expect(await rulesCommand('check', 'good.yml')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^good\.yml: valid; 1 rule, 0 suppressions;/) as string,
  })
  expect(await rulesCommand('test', 'good.yml')).toMatchObject({
    status: 0,
    stdout: '1 test, 0 of them failed\n',
  })
  expect(await rulesCommand('test', 'wrong.yml')).toMatchObject({
    status: 1,
    stdout:
      'wrong.yml:11: touches-nothing: "a marked one" finds 1, not 2\n1 test, 1 of them failed\n',
  })
  const { stdout } = await rulesCommand('list', '--json', 'good.yml')
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ id: 'touches-nothing', place: 'good.yml:3' }),
  )
})

test('a mistake ends the command before anything runs', async () => {
  writeFileSync(place.at('bad.yml'), rules.replace('event.name ==', 'event.nam =='))
  const said = "runwarden: bad.yml:6:17: \"nam == 'printf' && event.argv.exists(a, a == 'marked')\""
  for (const words of [
    ['rules', 'check', 'bad.yml'],
    ['run', '--rules', 'bad.yml', '--', 'touch', 'ran'],
  ]) {
    const { status, stderr } = await place.exec(runwarden, words)
    expect(status).toBe(125)
    expect(stderr).toContain(said)
  }
  expect(await place.exec('ls', ['ran'])).toMatchObject({ status: 2 })
  expect(await place.run(['--lockdown', 'reverse-shel', '--', 'true'])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining("did you mean 'reverse-shell'?") as string,
  })
})

test('a rule of a file finds, and a suppression leaves its trace', async () => {
  writeFileSync(place.at('mine.yml'), rules.replace('FINDS', '1'))
  const words = ['--rules', 'mine.yml', '--fail-on', 'detection']
  const command = ['--', 'sh', '-c', '/usr/bin/printf marked']
  expect(await place.run([...words, ...command])).toMatchObject({ status: 86, stdout: 'marked' })
  expect(place.report().detections).toMatchObject([
    { id: 'touches-nothing', severity: 'medium', title: 'printf was marked', step: 'sh' },
  ])
  writeFileSync(
    place.at('expected.yml'),
    "version: 1\nsuppress:\n  - { id: touches-*, file: '**/printf', reason: it is a test }\n",
  )
  const both = await place.run([...words, '--rules', 'expected.yml', ...command])
  expect(both.status).toBe(0)
  expect(both.stderr).toContain('suppressed: touches-nothing: printf was marked')
  const { detections, suppressed } = place.report()
  expect({ detections, suppressed }).toEqual({
    detections: [],
    suppressed: [
      {
        id: 'touches-nothing',
        title: 'printf was marked',
        by: 'expected.yml:3: it is a test',
        count: 1,
      },
    ],
  })
})
