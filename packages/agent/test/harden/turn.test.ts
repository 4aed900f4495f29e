import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { takeTurn } from '../../src/turn.ts'

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-turn-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function taker(folder: string, count: number, ...killed: string[]): Promise<unknown> {
  const program = join(import.meta.dirname, 'turns.ts')
  const words = ['--no-warnings', program, folder, String(count), ...killed]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? status
}

test('a turn is one process’s, and leaves nothing', () => {
  const file = join(place(), 'lock')
  {
    using turn = takeTurn(file)
    expect(turn).toBeDefined()
    expect(takeTurn(file)).toBeUndefined()
  }
  expect(existsSync(file)).toBe(false)
  using again = takeTurn(file)
  expect(again).toBeDefined()
})

test('of processes that take over from one that was killed, at the same moment, one has the turn', async () => {
  const folder = place()
  const count = 400
  // The killed ones end in the middle of the others' turns, each with the file that it had.
  const takers = [
    ...Array.from({ length: 4 }, () => taker(folder, count)),
    ...Array.from({ length: 8 }, (_, index) => taker(folder, 1 + index * 20, 'killed')),
  ]
  const ends = await Promise.all(takers)
  expect(ends).toEqual([0, 0, 0, 0, ...Array.from({ length: 8 }, () => 'SIGKILL')])
  const turns = readFileSync(join(folder, 'turns'), 'utf8').split('\n').filter(Boolean)
  expect(turns.filter((one) => one !== 'alone')).toEqual([])
  expect(turns.length).toBe(4 * count + 8 + 20 * 28)
})
