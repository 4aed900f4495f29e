import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'

interface Outcome {
  status: number
  stdout: string
  stderr: string
  ran: boolean
  proved: boolean
}
let outcome: Record<string, Outcome>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('whole.ts')) as typeof outcome
}, 600_000)

test('runwarden run takes sudo and containers from the command, and keeps its status', () => {
  expect(outcome['user']).toMatchObject({
    status: 7,
    ran: true,
    proved: false,
  })
  expect(outcome['user']?.stdout).toBe('ci harmless\n')
})

test.each([
  ['root', 'disable-sudo-and-containers is on and the command would run as root'],
  ['root by another name', 'disable-sudo-and-containers is on and the command would run as root'],
  ['own group', 'is as good as root'],
  ['port', 'takes orders on TCP port 2375'],
  ['abstract socket', 'takes orders on socket @docker, which is no file'],
])('%s: the command is not run, and it is said why', (name, words) => {
  expect(outcome[name]).toMatchObject({ status: 125, ran: false, proved: false })
  expect(outcome[name]?.stderr).toContain(words)
})

test('a place of root’s that is open to all is shut for the command', () => {
  expect(outcome['place']).toMatchObject({ status: 7, ran: true, proved: false })
})
