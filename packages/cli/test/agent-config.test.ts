import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAgentConfig } from '../src/agent-config.ts'
import { agentOptions } from '../src/agent-options.ts'
import { parseOptions } from '../src/options.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-agent-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function read(text: string): Promise<string[]> {
  const file = join(folder, 'agent.yml')
  writeFileSync(file, text)
  const { options } = parseOptions(agentOptions, ['--config', file])
  return (await readAgentConfig(options)).scopes.map(({ name }) => name)
}

test('a scope is called what it is named, or after its cgroup', async () => {
  expect(
    await read(
      'scopes:\n  - cgroup: host\n  - { cgroup: /ci/a }\n  - { cgroup: /ci/b, name: b }\n',
    ),
  ).toEqual(['host', 'ci-a', 'b'])
})

test('two scopes of one name, given or made of their cgroups, or of one cgroup, are refused where they stand', async () => {
  await expect(
    read('scopes:\n  - { cgroup: /ci/a, name: same }\n  - { cgroup: /ci/b, name: same }\n'),
  ).rejects.toThrow(
    /agent\.yml:3:5: .*its name 'same' is another scope's, too: give each a "name:"/,
  )
  await expect(read('scopes:\n  - cgroup: /ci-a\n  - cgroup: /ci/a\n')).rejects.toThrow(
    /agent\.yml:3:5: .*its name 'ci-a' is another scope's, too/,
  )
  await expect(
    read('scopes:\n  - cgroup: /ci/a\n  - { cgroup: /ci/a/, name: other }\n'),
  ).rejects.toThrow(/agent\.yml:3:5: .*its cgroup \/\S*\/ci\/a is another scope's, too/)
})
