import { replays } from './attacks/index.ts'
import type { Expected, Replay } from './replay.ts'

const marks = [
  '<!-- replays: made by `npm run replay -- --table` -->\n',
  '<!-- end of replays -->',
] as const

/** A page with the table of replays between its marks. */
export function insertReplays(page: string): string {
  const [before, rest] = page.split(marks[0])
  const after = rest?.split(marks[1])[1]
  if (before === undefined || after === undefined)
    throw new Error(`the page lacks the marks ${marks.join('and ')}`)
  const head =
    '| attack | replay | found in audit mode | found in block mode | what block mode stopped |'
  const rows = replays.map(rowOf)
  return [
    before,
    marks[0],
    head,
    '\n| --- | --- | --- | --- | --- |\n',
    ...rows,
    marks[1],
    after,
  ].join('')
}

function rowOf({ name, title, audit, block, kept }: Replay): string {
  const workflow = `[${name}](../packages/lab/src/replays/attacks/${name}/workflow.yml)`
  return `| ${title} | ${workflow} | ${ids(audit)} | ${ids(block)} | ${kept} |\n`
}

function ids(expected: readonly Expected[]): string {
  const different = new Set(expected.map(({ id }) => `\`${id}\``))
  return different.size === 0 ? 'nothing' : [...different].join(' ')
}
