import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

const policy = 'version: 1\negress: block\n'
let place: Place
beforeAll(() => {
  place = new Place()
})
afterAll(() => place[Symbol.dispose]())

/** What is found of a job under a policy, block list and rules outside of its workspace, by title. */
async function found(job: string): Promise<string[]> {
  for (const folder of ['work', 'kept']) {
    rmSync(place.at(folder), { recursive: true, force: true })
    mkdirSync(place.at(folder))
  }
  writeFileSync(place.at('kept', 'policy.yml'), policy)
  writeFileSync(
    place.at('kept', 'list.json'),
    '{"domains":[{"value":"bad.example","reason":"bad"}]}',
  )
  writeFileSync(place.at('kept', 'rules.yml'), 'version: 1\nrules: []\n')
  const options = ['--policy', '../kept/policy.yml', '--block-list', '../kept/list.json']
  const ended = await place.run(
    [...options, '--rules', '../kept/rules.yml', '--', 'sh', '-c', job],
    {
      cwd: place.at('work'),
    },
  )
  expect(ended.status, ended.stderr).toBe(0)
  return place
    .report()
    .detections.filter(({ id }) => id === 'policy-changed')
    .map(({ severity, title }) => `${severity}: ${title}`)
}

const moved = (from: [string, string], to: [string, string]): string =>
  `high: the job moved or linked ${place.at(...from)} to ${place.at(...to)}: its policy was read from one of them`
const changed = (...names: [string, string]): string =>
  `high: the job changed ${place.at(...names)}, which its policy was read from`

describe('a job that changes what its policy was read from', () => {
  test.each<[string, string, () => string]>([
    [
      'writes to it',
      'echo "egress: audit" >>../kept/policy.yml',
      () => changed('kept', 'policy.yml'),
    ],
    [
      'does so under another name',
      'ln ../kept/policy.yml x; echo >>x',
      () => moved(['kept', 'policy.yml'], ['work', 'x']),
    ],
    ['removes it', 'rm ../kept/rules.yml', () => changed('kept', 'rules.yml')],
    [
      'puts another one in its place',
      'echo >y; mv y ../kept/list.json',
      () => moved(['work', 'y'], ['kept', 'list.json']),
    ],
  ])('%s: is found', async (_, job, title) => {
    expect(await found(job)).toContain(title())
  })

  test('the policy in force stays', async () => {
    const titles = await found(
      'echo "version: 1" >../kept/policy.yml; ! timeout 5 bash -c "echo >/dev/tcp/203.0.113.9/9" 2>/dev/null',
    )
    expect(titles).toEqual([changed('kept', 'policy.yml')])
    expect(place.report().egress).toBe('block')
  })

  test('a link to it leads to the file that it is', async () => {
    symlinkSync('kept/policy.yml', place.at('link.yml'))
    writeFileSync(place.at('kept', 'policy.yml'), policy)
    await place.run(['--policy', 'link.yml', '--', 'sh', '-c', 'echo >>kept/policy.yml'])
    expect(JSON.stringify(place.report().detections)).toContain('policy-changed')
  })
})

test('reading it, and a policy that comes by a pipe, are nothing', async () => {
  expect(await found('cat ../kept/policy.yml ../kept/list.json >/dev/null')).toEqual([])
  const script = `${JSON.stringify(place.at('kept'))}; "$0" run --quiet --out "$1" --policy <(echo 'version: 1') -- true`
  const ended = await place.exec('bash', ['-c', `cd ${script}`, runwarden, place.out])
  expect(ended.status, ended.stderr).toBe(0)
  expect(readFileSync(place.at('kept', 'policy.yml'), 'utf8')).toBe(policy)
})
