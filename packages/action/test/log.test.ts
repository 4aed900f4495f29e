import { expect, test } from 'vitest'
import { Commands } from '../../lab/src/runner/commands.ts'
import { Masks } from '../../lab/src/runner/masks.ts'
import { hostile } from '../../report/test/hostile.ts'
import { Log } from '../src/log.ts'

/** Texts that were made for the runner and for readers of its logs. */
const worst = [
  ...hostile,
  '::error::owned',
  '  ::error file=a,line=1::owned',
  '\t::set-env name=PATH::/tmp',
  '\u00a0::error::owned',
  '\u2003::add-path::/tmp',
  '\ufeff::error::owned',
  '\u0085::error::owned',
  'a\n::error::owned',
  'a\r::error::owned',
  'a\r\n::set-output name=x::y\r\nb',
  'a\v::error::owned\f::error::owned',
  'a\u2028::error::owned\u2029::error::owned',
  '%0A::error::owned',
  '%25%0D%0A::error::owned',
  'x##[error]owned',
  '##[group]owned\n##[endgroup]',
  '###[error]owned',
  '##vso[task.setvariable variable=x]y',
  ':::error::owned',
  '::stop-commands::x',
  '::add-mask::e',
  '::endgroup::',
  'title=x::owned,file=/etc/passwd',
  ',file=a::b',
  '::error title=%0A::x::y',
]

/** What the runner makes of what was written. */
function heard(write: (log: Log) => void): {
  raw: string
  commands: Commands
  masked: string[]
  lines: string[]
} {
  let raw = ''
  write(new Log((text) => void (raw += text)))
  const lines: string[] = []
  const masked: string[] = []
  const masks = new Masks({})
  masks.add = (secret) => void masked.push(secret)
  const commands = new Commands({ line: (text) => void lines.push(text), end: () => {} }, masks)
  expect(raw).toMatch(/^$|\n$/)
  for (const line of raw.split(/\r\n|\r|\n/).slice(0, -1)) commands.line(line)
  return { raw, commands, masked, lines }
}

/** Nothing acts on a terminal or hides from the eye. */
const acting = /[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u

test.each(worst.map((text) => ({ text })))('$text stays text', ({ text }) => {
  const { raw, commands, masked, lines } = heard((log) => {
    log.line(text)
    log.group(text, [text, 'in the group'])
    log.document(text, text)
    log.notice(text, text)
    log.warning(text)
    log.error(text, text)
  })
  expect(commands.annotations.map(({ level }) => level)).toEqual(['notice', 'warning', 'error'])
  for (const { properties } of commands.annotations)
    expect(Object.keys(properties).filter((name) => name !== 'title')).toEqual([])
  expect(commands.outputs).toEqual({})
  expect(commands.state).toEqual({})
  expect(commands.failed).toBe(false)
  expect(masked).toEqual([])
  expect(raw).not.toMatch(acting)
  // The older form of commands counts wherever it stands in a line: none but what the runner itself made of ours.
  expect(raw).not.toContain('##[')
  expect(lines.filter((line) => line.startsWith('##[group]'))).toHaveLength(2)
  expect(lines.filter((line) => line === '##[endgroup]')).toHaveLength(2)
  for (const { message } of commands.annotations) {
    expect(message).not.toMatch(acting)
    expect(message).not.toMatch(/##\[|^\s*::/m)
  }
})

test('ordinary text comes as it is, in annotations as well', () => {
  const { commands, lines } = heard((log) => {
    log.line('100 % of egress: a::b, c')
    log.document('Policy', 'version: 1\negress: block\n')
    log.error('first: 50 %, then\nsecond line', 'Runwarden: not armed, 1')
  })
  expect(lines).toEqual([
    '100 % of egress: a::b, c',
    '##[group]Policy',
    '1  version: 1',
    '2  egress: block',
    '##[endgroup]',
    '##[error]first: 50 %, then\nsecond line',
  ])
  expect(commands.annotations).toEqual([
    {
      level: 'error',
      message: 'first: 50 %, then\nsecond line',
      properties: { title: 'Runwarden: not armed, 1' },
    },
  ])
})

test('what is long is cut, and says so', () => {
  const { commands, lines } = heard((log) => {
    log.line('y'.repeat(1_000_000))
    log.document('long', 'z\n'.repeat(1_002))
    log.error('x\n'.repeat(10_000))
    log.error('x'.repeat(1_999).concat('\n').repeat(50))
  })
  expect(lines[0]).toMatch(/^y{2000}… \(\+998000\)$/)
  expect(lines.slice(1_001, 1_004)).toEqual(['1000  z', '… and 2 more lines', '##[endgroup]'])
  expect(commands.annotations[0]?.message).toMatch(/x\n… and 9941 more lines$/)
  expect(commands.annotations[1]?.message).toMatch(/^[x\n]{4000}…$/)
})

test('a secret of several lines is masked line by line', () => {
  const { masked, lines } = heard((log) => log.mask('one%\r\n two::\n\n'))
  expect(masked).toEqual(['one%', ' two::'])
  expect(lines).toEqual([])
})
