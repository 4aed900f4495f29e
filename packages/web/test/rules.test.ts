import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(src, name), 'utf8') }))

const offending = (rule: RegExp, where: (name: string) => boolean = () => true): string[] =>
  files.filter(({ name, text }) => where(name) && rule.test(text)).map(({ name }) => name)

const importsOf = (text: string): string[] =>
  [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, what = '']) => what)

const area = (path: string): string | undefined => /(?:^|\/)pages\/([\w-]+)\//.exec(path)?.[1]

test('nothing makes markup of text', () => {
  expect(
    offending(/dangerouslySetInnerHTML|\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write\b/),
  ).toEqual([])
})

test('nothing asks the server but through the API’s client', () => {
  expect(offending(/\bfetch\(|XMLHttpRequest|sendBeacon|new WebSocket|createClient\(/)).toEqual([
    'app/api.ts',
  ])
  expect(offending(/new EventSource/, (name) => name !== 'app/live.ts')).toEqual([])
})

test('styles are in style sheets, or are numbers that the page computes', () => {
  expect(offending(/<style\b|cssText|setAttribute\('style'/)).toEqual([])
})

test('parts know nothing of pages, jobs know nothing of the app', () => {
  const reaching = files.flatMap(({ name, text }) =>
    importsOf(text)
      .filter(
        (what) =>
          (name.startsWith('ui/') && /\.\.\/(app|job|report)\//.test(what)) ||
          (name.startsWith('job/') && /\/app\/|react-router/.test(what)),
      )
      .map((what) => `${name} imports ${what}`),
  )
  expect(reaching).toEqual([])
})

test('areas of pages know nothing of each other', () => {
  const reaching = files.flatMap(({ name, text }) => {
    const own = area(name)
    if (own === undefined) return []
    return importsOf(text)
      .filter((what) => {
        const beside = /^\.\.\/([\w-]+)\//.exec(what)?.[1]
        const isArea = files.some((file) => area(file.name) === beside)
        return name.split('/').length === 4 && beside !== undefined && isArea
      })
      .map((what) => `${name} imports ${what}`)
  })
  expect(reaching).toEqual([])
})

test('every address is made by paths.ts', () => {
  expect(
    offending(/['"`]\/github\//, (name) => name.startsWith('app/') && name !== 'app/paths.ts'),
  ).toEqual([])
  expect(
    offending(
      /from 'react-router'[^]*<(?:Nav)?Link\b/,
      (name) =>
        name !== 'app/Link.tsx' &&
        /import \{[^}]*\bLink\b[^}]*\} from 'react-router'/.test(
          files.find((file) => file.name === name)?.text ?? '',
        ),
    ),
  ).toEqual([])
})
