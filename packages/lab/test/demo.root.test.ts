import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DemoServer } from '../src/demo/control-plane.ts'
import { flaws, playDemo, type DemoResult } from '../src/demo/demo.ts'
import { takePictures } from '../src/demo/pictures.ts'
import { picturesLine, story } from '../src/demo/story.ts'
import { styleFor } from '../src/demo/style.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const play = (mode: DemoResult['mode']) => playDemo({ mode, out: join(folder, mode) })
const outcomes = (result: DemoResult) =>
  result.roads.map(({ title, error, arrived }) => [title, error === null, arrived > 0])
const everyRoad = (through: boolean) =>
  ['by name', 'by bare address', 'in DNS queries', 'past the resolver', 'over IPv6'].map(
    (title) => [title, through, through],
  )

test('without Runwarden the thief gets the token out by every road', async () => {
  const result = await play('none')
  expect(flaws(result)).toEqual([])
  expect(outcomes(result)).toEqual(everyRoad(true))
})

test('in block mode the install succeeds, the thief gets nothing out, the report names its package, and the control plane has it', async () => {
  await using server = await DemoServer.start(join(folder, 'server'))
  const result = await playDemo({ mode: 'block', out: join(folder, 'block'), server })
  expect(flaws(result)).toEqual([])
  expect(outcomes(result)).toEqual(everyRoad(false))
  expect(result.packets.stray).toBe(0)
  const [thief, ...others] = result.culprits
  expect([thief?.package, others]).toEqual(['string-trimmer', []])
  expect(thief?.command).toBe('node postinstall.js')
  expect(thief?.ancestors.some((line) => line.includes('npm ci'))).toBe(true)
  const told = story(result, styleFor(process.stdout))
  expect(told).toContain('package string-trimmer')
  expect(result.kept).toMatchObject({ same: true, events: expect.any(Number) })
  expect(told).toContain("The control plane gave the job's record back: ")
  // The sign-in link leads there.
  const pictures = await takePictures(server)
  expect(pictures).toMatchObject({ count: 8, failure: null })
  expect(picturesLine(pictures, styleFor(process.stdout))).toContain('8 pictures of the web app')
})

test('in audit mode the same thief gets through, and each act is reported as would-block', async () => {
  const result = await play('audit')
  expect(flaws(result)).toEqual([])
  expect(outcomes(result)).toEqual(everyRoad(true))
})
