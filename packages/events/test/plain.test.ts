import { expect, test } from 'vitest'
import { plain, plainCommand } from '../src/plain.ts'

test.each([
  ['ordinary text is left alone', 'GET /a?b=c "d" <e> & \'f\'', 'GET /a?b=c "d" <e> & \'f\''],
  ['letters of any script are left alone', 'naïve 漢字 Ελλάδα עברית', 'naïve 漢字 Ελλάδα עברית'],
  ['a terminal escape', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['an eight-bit control', '\x9b2J', '\\x9b2J'],
  ['NUL and DEL', 'a\0b\x7f', 'a\\x00b\\x7f'],
  ['line breaks and tabs', 'a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['Unicode line breaks', 'a\u2028b\u2029c\x85d', 'a\\u{2028}b\\u{2029}c\\x85d'],
  ['a change of reading direction', 'gpj.\u202ecod', 'gpj.\\u{202e}cod'],
  ['isolates', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
  ['zero-width characters', 'a\u200bb\u200dc\ufeffd', 'a\\u{200b}b\\u{200d}c\\u{feff}d'],
  ['invisible letters', 'a\u3164b\u2800c\u00add', 'a\\u{3164}b\\u{2800}c\\xadd'],
  ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['blanks that are no space', 'a\u00a0b\u3000c', 'a\\xa0b\\u{3000}c'],
  ['half of a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
  ['piled accents', `a${'\u0301'.repeat(5)}`, `a${'\u0301'.repeat(3)}\\u{301}\\u{301}`],
  ['a backslash that only looks like an escape', String.raw`a\x1b \n`, String.raw`a\\x1b \\n`],
  ['a backslash before a real line break', '\\\n', String.raw`\\\n`],
  ['a command to a CI runner', 'x ##[error]y # z ## [', String.raw`x \x23#[error]y # z ## [`],
  ['a harmless backslash', String.raw`C:\Dir \d+`, String.raw`C:\Dir \d+`],
])('%s', (_, text, shown) => {
  expect(plain(text)).toBe(shown)
})

test('long text is cut and the cut is counted', () => {
  expect(plain('a'.repeat(30), 10)).toBe('aaaaaaaaaa… (+20)')
})

test('arguments read as a command line', () => {
  expect(plainCommand(['sh', '-c', "echo 'a' | b", '', 'x\ny'])).toBe(
    String.raw`sh -c 'echo '\''a'\'' | b' '' 'x\ny'`,
  )
})
