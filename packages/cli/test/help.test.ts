import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '@runwarden/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentOptions } from '../src/agent-options.ts'
import { runOptions } from '../src/run-options.ts'
import { version } from '../src/version.ts'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeAll(() => {
  place = new Place()
})
afterAll(() => place[Symbol.dispose]())

const document = readFileSync(join(import.meta.dirname, '../../../docs/cli.md'), 'utf8')

const commands: { words: string[]; options: string[] }[] = [
  { words: [], options: ['--help', '--version'] },
  { words: ['run'], options: Object.keys(runOptions).map((name) => `--${name}`) },
  { words: ['agent'], options: Object.keys(agentOptions).map((name) => `--${name}`) },
  { words: ['rules'], options: ['--json', '--help'] },
  { words: ['doctor'], options: ['--json', '--help'] },
  { words: ['server'], options: [...Object.keys(settings).map((name) => `--${name}`), '--config'] },
  { words: ['policy'], options: ['--policy FILE', '--block-list FILE', '--json', '--help'] },
]

describe.for(commands)('runwarden $words --help', ({ words, options }) => {
  test('lists every option, fits a terminal, and is what docs/cli.md shows', async () => {
    const { status, stdout, stderr } = await place.exec(runwarden, [...words, '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const option of options) expect(stdout).toContain(option)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    expect(document).toContain(
      `\`\`\`text\n$ ${['runwarden', ...words, '--help'].join(' ')}\n${stdout}\`\`\`\n`,
    )
    expect(await place.exec(runwarden, [...words, '-h'])).toMatchObject({ status: 0, stdout })
  })
})

test.for([['check'], ['explain'], ['simulate']])(
  'policy %s --help shows how',
  async ([verb = '']) => {
    expect(await place.exec(runwarden, ['policy', verb, '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`runwarden policy ${verb}`),
    })
  },
)

test('docs/cli.md shows nothing else', () => {
  expect(document.match(/^\$ runwarden.*--help$/gm)).toHaveLength(commands.length)
})

test('--version', async () => {
  expect(await place.exec(runwarden, ['--version'])).toMatchObject({
    status: 0,
    stdout: `${version}\n`,
  })
})

test('no command at all: the help, and 2', async () => {
  expect(await place.exec(runwarden, [])).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('Usage: runwarden COMMAND'),
  })
})

test('an unknown command is named, with the nearest', async () => {
  expect(await place.exec(runwarden, ['docter'])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining("no command 'docter'; did you mean 'doctor'?"),
  })
})
