import { readdirSync, readFileSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import { PolicyError } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { readRules } from '../src/files.ts'
import { Engine } from '../src/index.ts'

const folder = new URL('../builtin/', import.meta.url)
const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))

/** The same numbers for the same seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pieces = [
  '{',
  '}',
  "'",
  '"',
  '[',
  '(',
  ')',
  '&&',
  '||',
  '!',
  '\n',
  ': ',
  '- ',
  '*a',
  '&a',
  '\0',
  '\u202e',
  '99999999999999999999',
  'event.',
  'memory.',
  '.map(x, ',
  ' in ',
  '\t',
  '%',
  '?',
]

/** A rule file, cut and changed in a few places. */
function mutated(next: (below: number) => number): string {
  let text = texts[next(texts.length)] ?? ''
  const from = next(text.length)
  text = text.slice(0, from) + text.slice(from + next(3) * next(200))
  for (let count = next(6); count > 0; count--) {
    const at = next(text.length)
    text = text.slice(0, at) + pieces[next(pieces.length)] + text.slice(at + next(4))
  }
  return text
}

const rounds = Number(process.env['RUNWARDEN_FUZZ_ROUNDS'] ?? 300)
const seed = Number(process.env['RUNWARDEN_FUZZ_SEED'] ?? 1)

test('a rule file that is damaged is refused with its mistakes, or can be run', () => {
  const next = random(seed)
  const event = {
    kind: 'process.exec',
    seq: 1,
    time: 0,
    scope: 's',
    execId: 'p',
    step: null,
    argv: ['a'],
    exe: '/a',
  }
  const world = { process: () => undefined, target: () => undefined }
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    const text = mutated(next)
    try {
      const set = readRules([{ file: 'fuzz.yml', text }])
      new Engine(set, { world }).see(event as unknown as Event, {
        writer: '',
        unseen: false,
        notable: '',
      })
    } catch (error) {
      if (!(error instanceof PolicyError))
        throw new Error(`round ${round}:\n${text}`, { cause: error })
      for (const { line, column } of error.problems) expect(line * column).toBeGreaterThan(0)
      refused++
    }
  }
  expect(refused).toBeGreaterThan(rounds / 4)
})
