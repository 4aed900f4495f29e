import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../docs/benchmarks.md', import.meta.url)

/** Puts lines into docs/benchmarks.md, between two marks of their own. @param command what makes them */
export function writeSection(command: string, end: string, lines: readonly string[]): void {
  const [begin, last] = [`<!-- made by ${command} -->`, `<!-- ${end} -->`]
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(last)]
  if (from < 0 || to < from)
    throw new Error(`${file.pathname} lacks the marks ${begin} and ${last}`)
  const text = [begin, '', ...lines, '', last].join('\n')
  writeFileSync(file, page.slice(0, from) + text + page.slice(to + last.length))
}
