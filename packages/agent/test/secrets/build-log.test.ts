import { madeUpToken } from '@runwarden/lab/tokens'
import type { LogChunk } from '@runwarden/sensor'
import { expect, it, test } from 'vitest'
import { BuildLog } from '../../src/secrets/build-log.ts'
import { LogText } from '../../src/secrets/log-text.ts'
import { Scanner } from '../../src/secrets/scanner.ts'

const token = madeUpToken('ghp_', 'Log')
const filler = '{"a":1},'.repeat(8192 * 2)
const escape = '\u001B'

/** What is found in a log that is written in parts, each with its line. */
function found(parts: readonly string[]): string[] {
  const log = new LogText()
  const texts = [...parts.map((part) => log.add(Buffer.from(part), false)), log.end()]
  return texts.flatMap((part) => {
    if (part === null) return []
    const { text, line } = part
    return new Scanner()
      .scan(text, 0)
      .map(({ kind, offset }) => `${kind} ${line + text.slice(0, offset).split('\n').length - 1}`)
  })
}

const cut = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )

it.each([4096, 65_536, 131_072])(
  'a secret in a long line that is written in parts of %i bytes is found, wherever it is',
  (size) => {
    for (const border of [65_536, 131_072]) {
      const line = `${filler.slice(0, border - 11)} ${token} ${filler}\nlast\n`
      expect(new Set(found(cut(line, size)))).toEqual(new Set(['github-token 1']))
    }
  },
)

it('so is one in base64 of more lines than are kept', () => {
  for (let before = 48_400; before < 49_400; before += 30) {
    const text = `${'x '.repeat(before / 2)}${token}${' x'.repeat(1000)}`
    const lines = Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\n')
    expect(found(cut(lines, 1000)).length, String(before)).toBeGreaterThan(0)
  }
})

it.each(['[m', '[K', '[38:5:1m', '[?25l', `]8;;${escape}\\`, ']8;;\u0007'])(
  'what a terminal does not show hides nothing: %j',
  (code) => {
    const text = `${token.slice(0, 9)}${escape}${code}${token.slice(9)}\n`
    expect(found([text])).toEqual(['github-token 1'])
    expect(found([`${escape}]8;;https://${token}@a/${escape}\\link`])).toEqual(['github-token 1'])
  },
)

test('what is beyond a bound is told as a gap', () => {
  const told: string[] = []
  const log = new BuildLog({
    known: [],
    key: Buffer.alloc(32),
    stepOf: () => null,
    emit: ({ kind }) => told.push(kind),
    learned: () => {},
  })
  let time = 0
  const write = (lines: string[]): void => {
    const data = Buffer.from(`${lines.join('\n')}\n`)
    log.take([{ log: 'a', data, cut: false, execId: '1', time: time++ } as unknown as LogChunk])
  }
  const tokens = Array.from({ length: 201 }, (_, i) => madeUpToken('ghp_', `L${i}`))
  write(tokens.slice(0, 200))
  write(tokens.slice(0, 200))
  expect(log.gaps()).toEqual([])
  write(tokens)
  expect(told).toHaveLength(200)
  expect(log.gaps()).toEqual([
    'the build log has more than 200 secrets: those behind them are not told',
  ])
  write([...tokens, Buffer.from(`a ${token}`).toString('base64')])
  write(Array.from({ length: 2001 }, (_, i) => `::add-mask::value ${i}`))
  expect(log.gaps().slice(1)).toEqual([
    'a part of the build log has so many secrets that it was not looked at in all codes',
    'more than 2000 values were named as secrets: the rest is not looked for',
  ])
})
