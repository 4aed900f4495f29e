import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'

let outcome: Record<string, unknown>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('doors.ts')) as typeof outcome
}, 300_000)

test.each([
  ['port', 'takes orders on TCP port 2375'],
  ['abstract socket', 'takes orders on socket @docker, which is no file'],
])('an engine on a %s stops it, and is among the roads that are open', (name, words) => {
  expect(outcome[name]).toMatch(/^AgentError: disable-sudo is on, and dockerd \(process \d+\) /)
  expect(outcome[name]).toContain(`${words}; the machine is as it was`)
  expect(outcome[`${name} open`]).toEqual([expect.stringContaining(words)])
})

test('an engine of the account’s own has no more rights than it', () => {
  expect(outcome['own']).toContain('/etc/sudoers')
  expect(outcome['own open']).toEqual([])
})

test('a link where an engine of the account’s own listens does not shut a file of root’s', () => {
  expect(outcome['victim']).toBe('644')
})
