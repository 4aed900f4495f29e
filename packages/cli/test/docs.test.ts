import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const pages = globSync(['*.md', 'docs/*.md', 'packages/**/README.md'], {
  cwd: root,
  exclude: ['**/node_modules', 'packages/lab/src/replays/attacks'],
}).toSorted()
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

/** What a text names of this repository, in prose, code and pictures. */
function pathsIn(text: string): string[] {
  const named = text.matchAll(/(?<![\w./@-])(?:packages|docs|bpf|scripts|bench)\/[\w./-]*\w/g)
  return [...new Set(Array.from(named, ([path]) => path))]
}

/** Targets of Markdown links and pictures that are no web addresses. */
function linksIn(text: string): string[] {
  const links = Array.from(text.matchAll(/\]\(([^()\s]+)\)/g), ([, target = '']) => target)
  return links.filter((target) => !/^[a-z]+:/.test(target))
}

/** Anchors that a page's headings make, as GitHub writes them. */
function anchorsIn(text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Links of a page that lead nowhere. */
function broken(page: string, text: string): string[] {
  return linksIn(text).filter((target) => {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, file))) return true
    return anchor !== undefined && !anchorsIn(textOf(file)).includes(anchor)
  })
}

/** `command --option` of the commands that a text has people type, up to the command that they run. */
function optionsIn(text: string): string[] {
  const typed = text
    .replaceAll(/\\\n\s*/g, '')
    .matchAll(/\brunwarden (run|agent|doctor|rules|policy|server)\b([^\n`]*)/g)
  return Array.from(typed).flatMap(([, command = '', words = '']) =>
    Array.from(
      words.split(' -- ')[0]?.matchAll(/ (--[a-z-]+)/g) ?? [],
      ([, option]) => `${command} ${option}`,
    ),
  )
}

const help = new Map(
  textOf('docs/cli.md')
    .split('\n## `runwarden ')
    .map((part) => [part.split('`')[0] ?? '', part]),
)

describe.each(pages)('%s', (page) => {
  test('has only options that there are', () => {
    const unknown = optionsIn(textOf(page)).filter((one) => {
      const [command = '', option = ''] = one.split(' ')
      return !help.get(command)?.includes(option)
    })
    expect(unknown).toEqual([])
  })

  test('names only paths that exist', () => {
    expect(pathsIn(textOf(page)).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('has only links that resolve', () => {
    expect(broken(page, textOf(page))).toEqual([])
  })
})

test('what does not exist is found', () => {
  const text =
    'See `packages/none/src/x.ts`, bpf/gone.c. Not /opt/docs/x. [a](none.md) [b](policy.md#none) [c](#words)'
  expect(pathsIn(text)).toEqual(['packages/none/src/x.ts', 'bpf/gone.c'])
  expect(broken('docs/policy.md', text)).toEqual(['none.md', 'policy.md#none', '#words'])
})

test('options are found in commands, and not in what those run', () => {
  const text =
    'sudo /opt/bin/runwarden run \\\n  --egress block -- npm ci --ignore-scripts\n`runwarden policy check --odd`'
  expect(optionsIn(text)).toEqual(['run --egress', 'policy --odd'])
})

test('each way that the security model says is stopped names a test of its own', () => {
  const table = textOf('docs/security-model.md').split('## What holds')[1]?.split('\n\nTried')[0]
  const rows = (table ?? '').split('\n').filter((line) => line.startsWith('| '))
  const tests = rows.slice(2).map((row) => /`(packages\/[^`]+\.test\.ts)` \|$/.exec(row)?.[1])
  expect(rows.length).toBeGreaterThan(20)
  expect(tests.filter((path) => path === undefined || !existsSync(join(root, path)))).toEqual([])
})
