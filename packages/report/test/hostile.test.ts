import { expect, test } from 'vitest'
import { renderHtml, renderSummary, renderTerminal } from '../src/index.ts'
import { jsonInScript } from '../src/html/render.ts'
import { code, sentence } from '../src/summary/escape.ts'
import { columns } from '../src/terminal/columns.ts'
import { hostile, hostileReport } from './hostile.ts'

const report = hostileReport()
/** One text at a time, so that each has its place above the folds. */
const alone = hostile.map((text) => ({
  name: JSON.stringify(text.slice(0, 40)),
  report: hostileReport([text]),
}))

const acting = /[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u

test.each(alone)('in the terminal, $name neither acts nor hides', ({ report: one }) => {
  const text = renderTerminal(one, { color: false, width: 80, out: '.runwarden/x' })
  expect(text).not.toMatch(acting)
  expect(text).not.toMatch(/^\s*::|##\[/m)
  // An endpoint to be copied is whole.
  for (const line of text.split('\n').filter((one) => !/^ {2}- [\w.:-]+( {3}#|$)/.test(one)))
    expect(columns(line), line).toBeLessThanOrEqual(80)
})

test.each(alone)('in colour, $name adds no escape of its own', ({ report: one }) => {
  const text = renderTerminal(one, { color: true, width: 120 })
  // oxlint-disable-next-line no-control-regex
  expect(text.replaceAll(/\x1b\[[\d;]+m/g, '')).not.toMatch(acting)
  expect(text).not.toContain('\x1b[2J')
})

test.each(alone)('in the job summary, $name stays text', ({ report: one }) => {
  // Our own signs, of which the second half is invisible.
  const text = renderSummary(one).replaceAll(/[🛡⚠👁]\ufe0f/gu, '')
  expect(text).not.toMatch(acting)
  const fences = text.match(/^```/gm) ?? []
  expect(fences.length % 2).toBe(0)
  const outside = text
    .split(/^```(?:yaml)?$/m)
    .filter((_, index) => index % 2 === 0)
    .join('\n')
  for (const table of outside.matchAll(/(?:^\|.*\|\n)+/gm)) {
    const cells = table[0]
      .trimEnd()
      .split('\n')
      .map((row) => row.split('|').length)
    expect(new Set(cells).size).toBe(1)
  }
  // What is left without code spans has no markup but ours.
  const bare = outside.replaceAll(/`[^`\n]*`/g, '')
  expect(bare).not.toContain('`')
  expect(bare.replaceAll(/<\/?(?:code|details|summary)>/g, '')).not.toContain('<')
  expect(bare).not.toMatch(/\]\(|@\w|https?:|www\./)
  const headings = bare.match(/^#.*$/gm) ?? []
  for (const heading of headings)
    expect(heading).toMatch(
      /^##+ (?: Runwarden: Enforced with gaps in the record|[A-Z][A-Za-z ]+)$/,
    )
})

test('the job summary of everything hostile stays below the limit of GitHub and says what it cut', () => {
  const text = renderSummary(report)
  expect(Buffer.byteLength(text)).toBeLessThan(1_048_576)
})

test('in the page, the report is data: no text ends its element or begins another', () => {
  const html = renderHtml(report, {
    template:
      '<head></head><pre id="summary"></pre><script type="application/json" id="report"></script><footer>',
  })
  expect(html.match(/<script/g)).toHaveLength(1)
  expect(html.match(/<\/script/g)).toHaveLength(1)
  expect(html).not.toMatch(/<(?:img|svg|meta|b|!--)/)
  expect(html.endsWith('</script><footer>')).toBe(true)
  const data = /id="report">(.*)<\/script>/s.exec(html)?.[1] ?? ''
  expect(data).not.toMatch(/[<>&\u2028\u2029]/)
  expect(JSON.parse(data)).toEqual(JSON.parse(JSON.stringify(report)))
})

test('JSON in a script element reads back as it was', () => {
  const value = { text: hostile }
  expect(JSON.parse(jsonInScript(value))).toEqual(JSON.parse(JSON.stringify(value)))
})

test('a sentence keeps its words, and puts into code what GitHub would make a link or formula of', () => {
  expect(
    sentence('1. node asked @octocat for https://x.example/ (see #12) and user@b.example; $a$'),
  ).toBe(
    '1&#46; node asked `@octocat` for `https://x.example/` (see `#12)` and `user@b.example;` <code>&#36;a&#36;</code>',
  )
  expect(sentence('  io_uring was used: 1,236 events of file.write, 50 % <b>')).toBe(
    'io_uring was used: 1,236 events of file.write, 50 &#37; &#60;b&#62;',
  )
  expect(code('<b>user@b.example')).toBe('<code>&#60;b&#62;user&#64;</code><code>b.example</code>')
})
