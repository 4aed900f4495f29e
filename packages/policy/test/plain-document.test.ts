import { expect, test } from 'vitest'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { plainDocument } from '../src/plain-document.ts'
import { random } from './random.ts'

/** What the readers of documents see of a tree. */
function seen(node: unknown): unknown {
  if (isMap(node))
    return {
      from: node.range?.[0],
      map: node.items.map(({ key, value }) => [seen(key), seen(value)]),
    }
  if (isSeq(node)) return { from: node.range?.[0], list: node.items.map(seen) }
  if (isScalar(node)) return [node.value, ...(node.range ?? []).slice(0, 2), node.anchor, node.tag]
  return node
}

function byParser(source: string) {
  const lines = new LineCounter()
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.2',
  } as const
  const { contents, errors } = parseDocument(source, options)
  return { tree: seen(contents), errors: errors.length, starts: lines.lineStarts }
}

function plainly(source: string) {
  const lines = new LineCounter()
  const root = plainDocument(source, lines)
  return root === null ? null : { tree: seen(root), errors: 0, starts: lines.lineStarts }
}

const pieces = [
  ...'allow:|version: 1|egress: block|presets:|disable-sudo: true|- |- a.example.org:443|  - 10.0.0.1:80'.split(
    '|',
  ),
  ...`  - 'x:1'|  - "*.example.org"|- b|  - c.d # why|# note|  # note|- 1.5|- 1e5|- 0x1f|- null|- True|- a: b|- a:|- 443`.split(
    '|',
  ),
  ...'|   |---|...|allow: []|- *|- - a|    more|- [::1]:443|- 12:30:45|- 1.2.3.4|- .5|- 0o17|- ~|egress:|- -1|- a#b|- a #b|? a|! x'.split(
    '|',
  ),
]

test('a document that is read plainly is the one that a parser of YAML reads (20,000 documents)', () => {
  const { many, pick, below } = random(73)
  let plain = 0
  for (let round = 0; round < 20_000; round++) {
    const body = many(1, 6, () => pick(pieces)).join('\n')
    const source = `${below(2) === 0 ? 'allow:\n- a.example:1\n' : ''}${body}${below(2) === 0 ? '\n' : ''}`
    const own = plainly(source)
    if (own === null) continue
    plain++
    expect(own, source).toEqual(byParser(source))
  }
  expect(plain).toBeGreaterThan(500)
})

test('single characters in the place of others make no other document of it', () => {
  const { below, pick } = random(79)
  const whole = `# c\nversion: 1\nallow:\n  - 'a.b:1' # x\n\n  - 1.2.3.4\n  - b.c\nlockdown:\n- d-e\n`
  for (let round = 0; round < 20_000; round++) {
    const at = below(whole.length)
    const source =
      whole.slice(0, at) +
      pick([...' \n#-:\'"1ea.*&!|>%@[{,\\\0\u0085\u2028ö']) +
      whole.slice(at + below(2))
    const own = plainly(source)
    if (own !== null) expect(own, source).toEqual(byParser(source))
  }
})

test('a list of endpoints is plain', () => {
  const source = `version: 1 # first\negress: block\n\nallow:\n  - registry.example.org\n  # mirror\n  - '*.example.org:8443'\n  - 192.0.2.1\npresets:\n- github\n`
  expect(plainly(source)).toEqual(byParser(source))
})
